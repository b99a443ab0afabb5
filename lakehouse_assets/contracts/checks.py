"""A contract's table rules, executed by Great Expectations as Dagster asset checks."""

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.contracts.contract import Contract, QualityRule

if TYPE_CHECKING:
    import pandas as pd


def check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """One asset check per table rule, blocking what is downstream where the contract's severity is `error`."""
    key = dg.AssetKey(list(contract.key))
    return [
        dg.AssetCheckSpec(name=rule.name, asset=key, description=rule.description, blocking=rule.blocking)
        for rule in contract.rules
    ]


def run_rules(frame: "pd.DataFrame", contract: Contract) -> Iterator[dg.AssetCheckResult]:
    """Execute every table rule on a frame; each result says the rule in words, counts, and shows example values."""
    if not contract.rules:
        return
    for rule, outcome in zip(contract.rules, _outcomes(frame, contract.rules), strict=True):
        detail = outcome.result if not _is_personal(rule, contract) else _without_values(outcome.result)
        yield dg.AssetCheckResult(
            asset_key=dg.AssetKey(list(contract.key)),
            check_name=rule.name,
            passed=bool(outcome.success),
            severity=dg.AssetCheckSeverity.ERROR if rule.blocking else dg.AssetCheckSeverity.WARN,
            description=rule.description,
            metadata={
                "rule": rule.description,
                "rows": len(frame),
                "rows_breaking_it": int(detail.get("unexpected_count") or 0),
                "share_percent": float(detail.get("unexpected_percent") or 0.0),
                "examples": str(detail.get("partial_unexpected_list") or []),
                "observed": str(detail.get("observed_value", "")),
            },
        )


def _is_personal(rule: QualityRule, contract: Contract) -> bool:
    """Whether a rule is about a personal column, so that its examples are a person's values."""
    named = [name for given in rule.arguments.values() for name in (given if isinstance(given, list) else [given])]
    return any(name in contract.personal_columns for name in named if isinstance(name, str))


def _without_values(detail: dict[str, Any]) -> dict[str, Any]:
    """Counts only: what a check shows stays in the event log, where no erasure reaches it."""
    counts = {name: detail.get(name) for name in ("unexpected_count", "unexpected_percent")}
    return {**counts, "partial_unexpected_list": ["(personal)"] if counts["unexpected_count"] else []}


def _outcomes(frame: "pd.DataFrame", rules: Sequence[QualityRule]) -> list[Any]:
    with warnings.catch_warnings():
        # Great Expectations' own imports warn; they say nothing about the data.
        warnings.simplefilter("ignore")
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        batch = (
            context.data_sources.add_pandas("rows")
            .add_dataframe_asset("rows")
            .add_batch_definition_whole_dataframe("all")
        )
        expectations = [getattr(gx.expectations, rule.expectation)(**rule.arguments) for rule in rules]
        loaded = batch.get_batch({"dataframe": frame})
        return [loaded.validate(expectation) for expectation in expectations]
