"""The card of the champion: everything known of it, gathered, and kept as a table row and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets import settings
from lakehouse_assets.lifecycle.judging.evaluation import ALL
from lakehouse_assets.lifecycle.judging.model_card import ModelCard, Source, html, markdown
from lakehouse_assets.monitoring.verdicts import overall
from lakehouse_assets.monitoring.worse_slices import in_words, worse_slices
from lakehouse_assets.use_case.judging.evaluated import figures_of
from lakehouse_assets.use_case.judging.judged import HELD_OUT_DATA, Judged, data_to_measure_on, metrics_of
from lakehouse_assets.use_case.serving.shadow import NoChampionError
from lakehouse_assets.use_case.training.labelled import TRAINING, learned_rows

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.plan import Plan

OUTPUTS = ("predictions", "outcomes")


@dataclass(frozen=True)
class Written:
    """The table's row, and what the asset page shows."""

    rows: pd.DataFrame
    metadata: Mapping[str, Any]


def write(
    plan: Plan, registry: ModelRegistry, lake: Lake, scores: pd.DataFrame, decisions: pd.DataFrame, rows: pd.DataFrame
) -> Written:
    """Write the champion's card.

    Args:
        plan: The use case.
        registry: The registry.
        lake: The lake.
        scores: The newest evaluation.
        decisions: The record.
        rows: The training set that the champion learned from.

    Raises:
        NoChampionError: nothing serves, so there is nothing to write a card of.
    """
    import dagster as dg

    version = registry.champion(plan.name)
    if version is None:
        raise NoChampionError(f"No version of {plan.name} is champion yet, so there is no card to write.")
    card = gather(plan, registry, lake, version, scores, decisions, rows)
    page = settings.reports_root() / plan.name / "model_card" / f"{version.version}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(html(card), encoding="utf-8")
    text = markdown(card)
    address = f"{settings.reports_url()}/{page.relative_to(settings.reports_root()).as_posix()}"
    row = {"model_version": [version.version], "written_at": [pd.Timestamp(card.written_at)], "markdown": [text]}
    told = {"card": dg.MetadataValue.md(text), "page": dg.MetadataValue.url(address)}
    return Written(pd.DataFrame(row), {**told, "model_version": version.version})


def training_rows(plan: Plan, registry: ModelRegistry, lake: Lake) -> pd.DataFrame:
    """The training set at the version that the champion learned from; the newest where nothing serves."""
    key, version = plan.declaration.key("delivery", "training_set"), registry.champion(plan.name)
    pinned = None if version is None else version.delta_versions.get("/".join(key))
    return lake.read_pandas(key, version=pinned)


def gather(
    plan: Plan,
    registry: ModelRegistry,
    lake: Lake,
    version: ModelVersion,
    scores: pd.DataFrame,
    decisions: pd.DataFrame,
    rows: pd.DataFrame,
) -> ModelCard:
    """All that the card says."""
    declared, gate = plan.declaration, plan.declaration.gate
    model = registry.load(version)
    learned = rows[rows["split"].eq(TRAINING)]
    held_out = data_to_measure_on(plan, plan.source(lake, version.delta_versions), rows).get(HELD_OUT_DATA)
    measured = held_out if held_out is not None else rows.iloc[:0]
    days = pd.to_datetime(learned["day"])
    drift = _newest(lake, declared.key("monitoring", "drift"), version.version)
    performance, metric = _performance(lake, plan, version.version), declared.evaluation.metric
    deciding = performance[performance["slice"].eq(ALL) & performance["metric"].eq(metric)].sort_values("day")
    # The newest day on which anything could be measured; where none could, the newest of all.
    newest = (deciding.dropna(subset=["value"]) if deciding["value"].notna().any() else deciding).tail(1)
    slices = in_words(worse_slices(performance.to_dict("records"), [metric]))
    return ModelCard(
        use_case=plan.name,
        model_version=version.version,
        written_at=datetime.now(UTC),
        purpose=declared.purpose,
        owner=declared.owner,
        task=declared.task,
        prediction=f"{declared.prediction.name}: {declared.prediction.description}",
        unit=declared.prediction.unit,
        entity=declared.keys,
        features=plan.features,
        feature_version=version.feature_version,
        sources=[Source(table, at, _owner(plan, table)) for table, at in sorted(version.delta_versions.items())],
        training_days=(days.min().date(), days.max().date()) if len(days) else None,
        training_rows=int(learned_rows(rows, declared.model.train_where)["feature_version"].notna().sum()),
        held_out_rows=len(measured),
        settings=model.settings.to_json(),
        evaluation=scores,
        metric=declared.evaluation.metric,
        bound=f"at most {gate.at_most:g}" if gate.at_most is not None else f"at least {gate.at_least:g}",
        lower_is_better=metrics_of(plan, model.settings)[declared.evaluation.metric].lower_is_better,
        baseline=declared.evaluation.baseline,
        limits=declared.limits,
        drift=_verdict(drift),
        drift_day=pd.Timestamp(drift["day"].max()).date() if len(drift) else None,
        drifting=sorted(drift.loc[drift["verdict"].eq("drift"), "column_name"]) if len(drift) else [],
        performance="; ".join([*_of_its_day(newest), *([slices] if slices else [])]) or None,
        outputs=["/".join(declared.key("delivery", name)) for name in OUTPUTS],
        history=decisions,
        mlflow_run_id=version.run_id,
        tracking_uri=registry.tracking_uri,
        lake_uri=lake.uri,
        pictures=figures_of(plan, Judged(version.version, model), HELD_OUT_DATA, measured) if len(measured) else {},
    )


def _newest(lake: Lake, key: list[str], version: int) -> pd.DataFrame:
    """The newest report against the version's own reference; empty before the first, whatever drifted from another."""
    columns = ["day", "verdict", "column_name"]
    if not lake.exists(key):
        return pd.DataFrame(columns=columns)
    found: pd.DataFrame = lake.read_pandas(key, columns=columns, where={"model_version": version})
    return found[found["day"].eq(found["day"].max())]


def _of_its_day(newest: pd.DataFrame) -> list[str]:
    """The verdict with its day: where outcomes stopped coming, it is an old one."""
    return [f"{one['verdict']} ({pd.Timestamp(one['day']).date()})" for one in newest.to_dict("records")]


def _performance(lake: Lake, plan: Plan, version: int) -> pd.DataFrame:
    """What came of the version's predictions, all days: since when a slice is worse is read from those before."""
    key = plan.declaration.key("monitoring", "performance")
    if not lake.exists(key):
        return pd.DataFrame(columns=["day", "verdict", "slice", "metric", "value"])
    found: pd.DataFrame = lake.read_pandas(key, where={"model_version": version})
    return found


def _verdict(drift: pd.DataFrame) -> str | None:
    return overall(list(drift["verdict"])) if len(drift) else None


def _owner(plan: Plan, table: str) -> str:
    contract = plan.contracts.get(tuple(table.split("/")))
    return contract.owner if contract else "unknown"
