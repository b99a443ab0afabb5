"""What the demo says at its end: zones, every use case with its champion, where everything lies, what to type next."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.lake.table import Lake

if TYPE_CHECKING:
    from lakehouse_assets.use_case.declaring.declaration import Declaration

ZONES = ("raw", "harmonized", "distilled", "delivery", "models", "monitoring")
#: Predictions shown of each use case.
SHOWN = 5


def summary(instance: dg.DagsterInstance, lake: Lake, use_cases: Sequence["Declaration"]) -> str:
    """The whole text.

    Args:
        instance: Whose asset records tell what was materialised.
        lake: The lake.
        use_cases: Those to tell of.
    """
    keys = sorted(list(key.path) for key in instance.all_asset_keys())
    parts = [*_zones(instance, lake, keys)]
    for use_case in use_cases:
        parts += [*_champion(lake, use_case), *_predictions(lake, use_case), *_drift(lake, use_case)]
    return "\n".join(["", "=" * 100, *parts, *_next_steps(), "=" * 100])


def _zones(instance: dg.DagsterInstance, lake: Lake, keys: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"{'Zone':<12}{'assets':>8}{'rows':>12}{'partitions':>12}"
    for zone in ("landing", *ZONES):
        own = [key for key in keys if key[0] == zone]
        rows = sum(lake.row_count(key) for key in own if lake.exists(key))
        partitions = max((len(instance.get_materialized_partitions(dg.AssetKey(key))) for key in own), default=0)
        yield f"{zone:<12}{len(own):>8}{rows:>12,}{partitions:>12,}"


def _champion(lake: Lake, use_case: "Declaration") -> Iterator[str]:
    from lakehouse_assets.lifecycle.judging.champions import serves_by_record
    from lakehouse_assets.lifecycle.judging.evaluation import ALL, BASELINE, CANDIDATE, figure
    from lakehouse_assets.use_case.judging.judged import HELD_OUT_DATA

    decisions = lake.read_pandas(use_case.key("models", "champion")).sort_values("decided_at")
    version, last = serves_by_record(decisions), decisions.iloc[-1]
    yield f"\n{use_case.name}: {use_case.purpose}"
    serves = f"version {version}" if version else "none"
    yield f"  Champion: {serves}. Last decision: {last['action']}: {last['reason']}"
    scores = lake.read_pandas(use_case.key("models", "evaluation"))
    shown = scores[scores["role"].isin([CANDIDATE, BASELINE])]
    # Of data beside the held-out rows, such as a published test, every slice is told whole: it is what others report.
    whole = shown["slice"].eq(ALL) | (shown["role"].eq(CANDIDATE) & shown["data"].ne(HELD_OUT_DATA))
    for (data, role, part), rows in shown[whole].groupby(["data", "role", "slice"], sort=False):
        told = ", ".join(f"{one.metric} {figure(one.value, one.low, one.high)}" for one in rows.itertuples())
        yield f"    {data.replace('_', ' '):<14}{role:<10}{part} {rows['rows'].iloc[0]:>6,} rows: {told}"
    of_slices = shown["role"].eq(CANDIDATE) & shown["slice"].ne(ALL) & shown["data"].eq(HELD_OUT_DATA)
    deciding = shown[of_slices & shown["metric"].eq(use_case.evaluation.metric)]
    for data, rows in deciding.groupby("data", sort=False):
        told = ", ".join(f"{one.slice} {figure(one.value, one.low, one.high)}" for one in rows.itertuples())
        yield f"    {data.replace('_', ' '):<14}{use_case.evaluation.metric} by slice: {told}"


def _predictions(lake: Lake, use_case: "Declaration") -> Iterator[str]:
    key, what = use_case.key("delivery", "predictions"), use_case.prediction
    days = [one["day"] for one in lake.partition_values(key)] if lake.exists(key) else []
    if not days:
        return
    newest = lake.read_pandas(key, where={"day": max(days)})
    ending = ", the most urgent:" if what.urgent else "."
    yield f"  {len(newest):,} predictions from the rows of {max(days)}{ending}"
    if what.urgent:
        most = newest.sort_values(what.name, ascending=what.urgent == "low").head(SHOWN)
        for row in most.to_dict("records"):
            band = f" ({row['lower']:.0f} to {row['upper']:.0f})" if "lower" in row else ""
            alarm = ", alarm" if row.get("alarm") is True else ""
            who = " ".join(str(row[name]) for name in use_case.keys)
            yield f"    {who:<36} {what.name} {row[what.name]:.3g} {what.unit}{band}{alarm}"


def _drift(lake: Lake, use_case: "Declaration") -> Iterator[str]:
    from lakehouse_assets.monitoring.report_in_words import report_in_words

    key = use_case.key("monitoring", "drift")
    if not lake.exists(key):
        return
    reports = lake.read_pandas(key)
    last = reports[reports["day"].eq(reports["day"].max())]
    worst = last.assign(share=last["value"] / last["threshold"]).nlargest(3, "share")
    told = ", ".join(f"{one.column_name} at {one.share:.2f}" for one in worst.itertuples() if one.share == one.share)
    rows = int(last["current_rows"].max()) if len(last) else 0
    farthest = f"; shares of their thresholds: {told}" if told else ""
    told_of = report_in_words(dict(zip(last["column_name"], last["verdict"], strict=True)))
    yield f"  Drift on {reports['day'].max()}: {told_of} ({rows:,} rows in the window){farthest}"


def _next_steps() -> Iterator[str]:
    yield "\nWhere everything lies:"
    yield f"  lake     {settings.lake_uri()}"
    yield f"  models   {settings.mlflow_tracking_uri()}"
    yield f"  reports  {settings.reports_root()}"
    yield f"  runs     {settings.dagster_home()}"
    yield "\nWhat to type next:"
    yield "  make ui                                    the asset graph on http://127.0.0.1:3000"
    yield "  LANDING=../shared/data make demo           the same on the publisher's files, if you have them there"
    yield f"  .venv/bin/mlflow ui --backend-store-uri {settings.mlflow_tracking_uri()}"
