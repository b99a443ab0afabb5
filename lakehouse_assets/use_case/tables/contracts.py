"""The contracts of the tables that a use case makes, as its declaration implies them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lakehouse_assets.contracts.contract import Column, Contract, QualityRule
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.declaring.declared_table import View
from lakehouse_assets.use_case.policy_replay import columns as replayed_columns
from lakehouse_assets.use_case.tables import judged_columns, monitored_columns
from lakehouse_assets.use_case.tables.columns import DAY, column, noted

Written = Mapping[tuple[str, ...], Contract]


#: Delivery tables with keys that the component itself gives.
OWN_KEYS = ("training_manifest", "shadow_predictions")


class UnknownColumnsError(ValueError):
    """A use case names a table that has no contract."""


def contracts_of(declaration: Declaration, file: Path, written: Written) -> list[Contract]:
    """One contract for each table that the use case makes.

    Args:
        declaration: The use case.
        file: Its YAML.
        written: The contracts that have files; they tell the columns of feature views that are tables already.
    """
    return [_contract(one, declaration, file) for one in _tables(declaration, written)]


def feature_columns(view: View, declaration: Declaration, written: Written) -> tuple[Column, ...]:
    """The features of a view: as its YAML says, or all columns of its table's contract but keys, times and versions.

    Raises:
        UnknownColumnsError: the YAML names no columns, and the table has no contract.
    """
    if view.columns is not None:
        return tuple(noted(name, note) for name, note in view.columns.items())
    table = declaration.table_of(view)
    contract = written.get(tuple(table.split("/")))
    if contract is None:
        raise UnknownColumnsError(
            f"feature view {view.name}: expected `columns`, or a contract for {table} that names them; found neither"
        )
    others = {*declaration.entity, *declaration.context, "day", view.event_time, view.known_at, "feature_version"}
    numbers = ("double", "float", "long", "integer", "boolean")
    return tuple(one for one in contract.columns if one.name not in others and one.type in numbers)


@dataclass(frozen=True)
class _Table:
    zone: str
    name: str
    purpose: str
    columns: Sequence[Column]
    rules: Sequence[QualityRule] = ()
    daily: bool = False
    filtered_by: Sequence[str] = ()
    retention_days: int | None = None


def _contract(table: _Table, declaration: Declaration, file: Path) -> Contract:
    return Contract(
        path=file,
        key=(table.zone, declaration.name, table.name),
        purpose=table.purpose,
        owner=declaration.owner,
        columns=tuple(table.columns),
        rules=tuple(table.rules),
        freshness_hours=declaration.freshness_hours if table.daily else None,
        retention_days=table.retention_days,
        classification="internal",
        filtered_by=tuple(table.filtered_by),
        part=table.name,
        # Rows of the others come from the use case's own SQL and functions.
        key_is_checked=table.zone == "delivery" and table.name not in OWN_KEYS,
    )


def _tables(declaration: Declaration, written: Written) -> Iterator[_Table]:
    features = [one for view in declaration.features for one in feature_columns(view, declaration, written)]
    for view in declaration.features:
        if view.function is not None:
            yield _features(declaration, view, feature_columns(view, declaration, written))
    yield _training_set(declaration, features)
    yield _manifest(declaration)
    for name, words in (("predictions", "champion"), ("shadow_predictions", "challenger")):
        yield _predictions(declaration, name, words)
    yield _outcomes(declaration)
    others: dict[tuple[str, str], Callable[[Declaration], tuple[str, list[Column]]]] = {
        ("models", "candidate"): judged_columns.candidate,
        ("models", "trials"): judged_columns.trials,
        ("models", "evaluation"): judged_columns.evaluation,
        ("models", "champion"): judged_columns.champion,
        ("models", "model_card"): judged_columns.model_card,
        ("monitoring", "thresholds"): monitored_columns.thresholds,
        ("monitoring", "decisions"): monitored_columns.decisions,
        ("monitoring", "policy_replays"): replayed_columns.policy_replays,
    }
    for (zone, name), made in others.items():
        purpose, columns = made(declaration)
        yield _Table(zone, name, purpose, columns)
    watched = declaration.monitoring.columns or [one.name for one in features]
    yield _Table("monitoring", "reference", *monitored_columns.reference(declaration, watched))
    for name, described in (
        ("feature_statistics", monitored_columns.feature_statistics),
        ("drift", monitored_columns.drift),
        ("performance", monitored_columns.performance),
    ):
        purpose, columns = described(declaration)
        drift = name == "drift"
        rules = [monitored_columns.KNOWN_VERDICTS] if drift else []
        kept = declaration.monitoring.keep_reports_days if drift else None
        yield _Table("monitoring", name, purpose, columns, rules, daily=True, retention_days=kept)


def _entity(declaration: Declaration, key: bool = True) -> list[Column]:
    return [noted(name, note, primary_key=key, required=not key) for name, note in declaration.entity.items()]


def _context(declaration: Declaration) -> list[Column]:
    return [noted(name, note) for name, note in declaration.context.items()]


def _predicted_at(declaration: Declaration) -> Column:
    rule = declaration.predicted_at
    return column(
        "predicted_at",
        "timestamp",
        f"When the prediction is made, in UTC: {rule.days_after} day(s) after the day at {rule.at:%H:%M} "
        f"{declaration.timezone}, or later if the row came later. Nothing that was known later is seen.",
        required=True,
    )


def _features(declaration: Declaration, view: View, features: Sequence[Column]) -> _Table:
    names = view.keys or declaration.keys
    keys = [noted(name, declaration.entity[name], primary_key=True) for name in names]
    times = [
        column(view.event_time, "timestamp", "When what the row says was true, in UTC.", required=True),
        column(view.known_at, "timestamp", "Since when all that the row says is known, in UTC.", required=True),
    ]
    version = column("feature_version", "string", "Version of what the features are made by.", required=True)
    purpose = f"Features of {declaration.name}, one row per {', '.join(names)} and day."
    return _Table(
        "delivery", view.name, purpose, [*keys, DAY, *times, *features, version], (), True, view.filtered_by
    )  # fmt: skip


def _training_set(declaration: Declaration, features: Sequence[Column]) -> _Table:
    day = column("day", "date", "Day whose rows the prediction would have been made from.", primary_key=True)
    columns = [
        *_entity(declaration),
        day,
        _predicted_at(declaration),
        *_context(declaration),
        column("label", "double", f"What came: {declaration.prediction.description}", declaration.prediction.unit),
        column("label_known_at", "timestamp", "Since when the label is known, in UTC.", required=True),
        column(
            "split", "string", "training, held_out, or embargo (labelled too late to be learned from).", required=True
        ),
        *features,
        column("feature_version", "string", "Version of what the features are made by.", required=True),
    ]
    purpose = (
        f"What {declaration.name} learns from: labelled observations with the features that were known at the time of "
        "their prediction."
    )
    return _Table("delivery", "training_set", purpose, columns)


def _manifest(declaration: Declaration) -> _Table:
    columns = [
        column("table", "string", "A table that the training set was made from.", primary_key=True),
        column("version", "long", "Its Delta version.", required=True, minimum=0),
        column("as_of", "timestamp", "Labels known later were not used; null: all were.", required=False),
    ]
    return _Table(
        "delivery", "training_manifest", f"The versions that {declaration.name}'s training set is of.", columns
    )


def predicted_columns(declaration: Declaration) -> list[Column]:
    """The columns that a model of the use case gives."""
    what = declaration.prediction
    columns = [column(what.name, "double", what.description, what.unit, minimum=what.minimum, maximum=what.maximum)]
    if declaration.task in ("regression", "forecast"):
        share = f"{declaration.model.coverage:.0%} of outcomes" if declaration.task == "regression" else "the quantiles"
        columns += [
            column("lower", "double", f"Lower end of the band that should hold {share}.", what.unit),
            column("upper", "double", f"Upper end of the band that should hold {share}.", what.unit),
        ]
    else:
        columns.append(column("alarm", "boolean", "Whether acting costs less than waiting, by the stated costs."))
    return columns


def _versions(*, model_required: bool = True) -> list[Column]:
    return [
        column("model_version", "long", "Version of the registered model.", "1", required=model_required, minimum=1),
        column("feature_version", "string", "Version of the features that it read."),
    ]


def _predictions(declaration: Declaration, name: str, role: str) -> _Table:
    columns = [
        *_entity(declaration),
        DAY,
        _predicted_at(declaration),
        *_context(declaration),
        *predicted_columns(declaration),
        *_versions(),
    ]
    purpose = (
        declaration.purpose
        if role == "champion"
        else f"The same by the {role}, beside the champion; nobody acts on it."
    )
    return _Table("delivery", name, purpose, columns, (), True)


def _outcomes(declaration: Declaration) -> _Table:
    day = column("day", "date", "Day whose rows told the outcome.", primary_key=True, partitioned=True)
    columns = [
        *_entity(declaration),
        day,
        column("predicted_day", "date", "Day whose rows the prediction was made from.", primary_key=True),
        _predicted_at(declaration),
        *_context(declaration),
        *predicted_columns(declaration),
        column("label", "double", "What came.", declaration.prediction.unit, required=True),
        column("label_known_at", "timestamp", "Since when that is known, in UTC.", required=True),
        *_versions(),
    ]
    purpose = (
        f"What came of the predictions of {declaration.name}, as it became known. Where a later day's row corrects an "
        "outcome, both stand here: the newest label_known_at counts."
    )
    return _Table("delivery", "outcomes", purpose, columns, (), True)
