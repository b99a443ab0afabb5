"""A contract's rules as Dagster asset checks, executed by Great Expectations on what the run wrote."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.contracts.contract import Contract, QualityRule
from lakehouse_assets.contracts.odcs.entries import named_columns
from lakehouse_assets.lake.resource import LakeResource

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lake.table import Lake

#: Rows that break a rule shown in its check.
EXAMPLES = 5
#: Expectations that look at rows one by one, or at which of them are alike.
_ABOUT_ROWS = ("ExpectColumnValues", "ExpectColumnPairValues", "ExpectCompoundColumns", "ExpectMulticolumn")


def check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """One asset check per rule, blocking what is downstream where the contract's severity is `error`."""
    key = dg.AssetKey(list(contract.key))
    return [
        dg.AssetCheckSpec(
            name=rule.name,
            asset=key,
            description=rule.description,
            blocking=rule.blocking,
            metadata={"contract_rule": rule.expectation, "scope": _scope_words(rule)},
        )
        for rule in contract.all_rules
    ]


def contract_checks(spec: dg.AssetSpec, contract: Contract) -> dg.AssetChecksDefinition | None:
    """The step that checks an asset's table after it was written; None for a contract without rules.

    It reads the columns that the rules need, of the partitions of its run, or of the whole table where the run has none
    or a rule says so.
    """
    if not contract.all_rules:
        return None

    @dg.multi_asset_check(
        name="check_" + "__".join(contract.key),
        specs=check_specs(contract),
        description=f"The rules of the contract of {'/'.join(contract.key)}.",
        can_subset=True,
    )
    def checks(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterable[dg.AssetCheckResult]:
        wanted = {key.name for key in context.selected_asset_check_keys}
        rules = [rule for rule in contract.all_rules if rule.name in wanted]
        written = [rule for rule in rules if not rule.whole_table]
        whole = [rule for rule in rules if rule.whole_table]
        yield from run_rules(_rows(lake.lake(), contract, written, _predicate(context, spec, lake)), contract, written)
        yield from run_rules(_rows(lake.lake(), contract, whole, None), contract, whole)

    return checks


def run_rules(frame: "pd.DataFrame", contract: Contract, rules: Sequence[QualityRule]) -> Iterator[dg.AssetCheckResult]:
    """Execute rules on a frame; each result says the rule in words, counts, and shows rows that break it."""
    if not rules:
        return
    # No row breaks a rule about rows where there is none: the quarantines' daily case, at 40 ms a rule.
    asked = [rule for rule in rules if len(frame) or not rule.expectation.startswith(_ABOUT_ROWS)]
    outcomes = dict(zip([rule.name for rule in asked], _outcomes(frame, asked) if asked else (), strict=True))
    for rule in rules:
        outcome = outcomes.get(rule.name)
        if outcome is not None:
            _refuse_errors(outcome, rule, contract)
        detail = outcome.result if outcome is not None else {}
        breaking = int(detail.get("unexpected_count") or 0)
        yield dg.AssetCheckResult(
            asset_key=dg.AssetKey(list(contract.key)),
            check_name=rule.name,
            passed=outcome is None or bool(outcome.success),
            severity=dg.AssetCheckSeverity.ERROR if rule.blocking else dg.AssetCheckSeverity.WARN,
            description=rule.description,
            metadata={
                "rule": rule.description,
                "scope": _scope_words(rule),
                "rows": len(frame),
                "rows_breaking_it": breaking,
                "share_percent": round(100 * breaking / len(frame), 4) if len(frame) else 0.0,
                "examples": dg.MetadataValue.md(_examples(frame, contract, rule, detail)),
                **({"observed": str(detail["observed_value"])} if detail.get("observed_value") is not None else {}),
                "contract": dg.MetadataValue.path(str(contract.path)),
            },
        )


def _predicate(context: dg.AssetCheckExecutionContext, spec: dg.AssetSpec, lake: LakeResource) -> str | None:
    """The condition of the run's partitions; None for all rows."""
    from lakehouse_assets.lake.partitioning.partitions import partition_columns, resolve

    definition = spec.partitions_def
    if definition is None or not (context.has_partition_key or context.has_partition_key_range):
        return None
    if context.has_partition_key_range:
        keys = definition.get_partition_keys_in_range(context.partition_key_range)
    else:
        keys = [context.partition_key]
    asset = spec.key.to_user_string()
    expression = spec.metadata.get("partition_expr")
    columns = partition_columns(getattr(expression, "value", expression), definition, asset)
    return resolve(keys, definition, columns, lake.lake().schema(spec.key.path), asset).predicate()


def _rows(lake: "Lake", contract: Contract, rules: Sequence[QualityRule], predicate: str | None) -> "pd.DataFrame":
    """The rows to check, with the columns that the rules name and those that tell a row apart."""
    from lakehouse_assets.lake.reading.read import checked_columns, read_stream, to_pandas

    needed = {
        *contract.primary_key,
        *(c for rule in rules for c in (*named_columns(rule.arguments), *_conditions(rule))),
    }
    columns = [name for name in contract.column_names if name in needed or name in ("source_file", "source_line")]
    table = lake.open(contract.key)
    frame: pd.DataFrame = to_pandas(
        read_stream(
            table, checked_columns(table, columns or contract.column_names[:1], "A check"), predicate
        ).read_all()
    )
    return frame


def _conditions(rule: QualityRule) -> list[str]:
    import re

    return re.findall(r"[A-Za-z_]\w*", str(rule.arguments.get("row_condition", "")))


@cache
def _batches() -> Any:
    """Great Expectations, set up once a process: its import alone costs five CPU-seconds."""
    with warnings.catch_warnings():
        # Great Expectations' own imports warn; they say nothing about the data.
        warnings.simplefilter("ignore")
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        frames = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
        return frames.add_batch_definition_whole_dataframe("all")


def expectation(rule: QualityRule) -> Any:
    """The rule as Great Expectations takes it.

    Raises:
        ValueError: there is no such expectation, or it refuses its arguments.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx

        kind = getattr(gx.expectations, rule.expectation, None)
        if kind is None:
            raise ValueError(f"Great Expectations has no expectation {rule.expectation!r}")
        return kind(**rule.arguments)


def _outcomes(frame: "pd.DataFrame", rules: Sequence[QualityRule]) -> list[Any]:
    batches = _batches()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx

        # As one suite, which shares what its rules measure: a fifth less than one by one.
        suite = gx.ExpectationSuite(name="rules")
        for rule in rules:
            asked = expectation(rule)
            asked.meta = {"rule": rule.name}
            suite.expectations.append(asked)
        wanted = {"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES}
        results = batches.get_batch({"dataframe": frame}).validate(suite, result_format=wanted).results
    told = {one.expectation_config.meta["rule"]: one for one in results}
    return [told[rule.name] for rule in rules]


def _refuse_errors(outcome: Any, rule: QualityRule, contract: Contract) -> None:
    """A rule that could not be executed has not been broken: that is a fault of the contract, and said so."""
    raised = outcome.exception_info or {}
    told = [raised] if "raised_exception" in raised else list(raised.values())
    errors = [one["exception_message"] for one in told if one.get("raised_exception")]
    if errors:
        raise RuntimeError(f"rule {rule.name} of {contract.path} could not be executed: {'; '.join(errors)}")


def _examples(frame: "pd.DataFrame", contract: Contract, rule: QualityRule, detail: dict[str, Any]) -> str:
    """Rows that break the rule as a Markdown table: key, source and the rule's columns; personal values masked."""
    places = [place for place in detail.get("partial_unexpected_index_list") or () if place in frame.index][:EXAMPLES]
    masked = {column.name for column in contract.columns if column.is_personal}
    if not places:
        values = detail.get("partial_unexpected_list") or []
        return "•••" if masked & set(named_columns(rule.arguments)) else ", ".join(map(str, values)) or "none"
    ours = {*contract.primary_key, "source_file", "source_line", *named_columns(rule.arguments)}
    names = [name for name in frame.columns if name in ours]
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for place in places:
        row = frame.loc[place]
        lines.append("| " + " | ".join("•••" if name in masked else _cell(row[name]) for name in names) + " |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _scope_words(rule: QualityRule) -> str:
    return "the whole table" if rule.whole_table else "the rows that the run wrote"
