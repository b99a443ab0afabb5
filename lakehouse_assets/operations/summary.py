"""What the demo says at its end: zones, champion, engines at risk, drift, where everything lies, what to type next."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg
import pandas as pd

from lakehouse_assets import settings
from lakehouse_assets.lake.table import Lake

ZONES = ("raw", "harmonized", "distilled", "delivery", "models", "monitoring")
USE_CASE = "turbofan_rul"


def summary(instance: dg.DagsterInstance, last: date) -> str:
    """The whole text.

    Args:
        instance: Whose asset records tell what was materialised.
        last: The last day that was run.
    """
    lake = Lake(settings.lake_uri(), settings.storage_options())
    keys = sorted(list(key.path) for key in instance.all_asset_keys())
    parts = [*_zones(instance, lake, keys), *_champion(lake), *_at_risk(lake), *_drift(lake, last), *_next_steps()]
    return "\n".join(["", "=" * 100, *parts, "=" * 100])


def _zones(instance: dg.DagsterInstance, lake: Lake, keys: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"{'Zone':<12}{'assets':>8}{'rows':>12}{'partitions':>12}"
    for zone in ("landing", *ZONES):
        own = [key for key in keys if key[0] == zone]
        rows = sum(lake.row_count(key) for key in own if lake.exists(key))
        partitions = max((len(instance.get_materialized_partitions(dg.AssetKey(key))) for key in own), default=0)
        yield f"{zone:<12}{len(own):>8}{rows:>12,}{partitions:>12,}"


def _champion(lake: Lake) -> Iterator[str]:
    decisions = lake.read_pandas(["models", USE_CASE, "champion"]).sort_values("decided_at")
    promoted = decisions[decisions["promoted"]]
    if promoted.empty:
        yield f"\nNo champion: {decisions['reason'].iloc[-1]}"
        return
    version = int(promoted["candidate_version"].iloc[-1])
    yield f"\nChampion: {USE_CASE} version {version}: {promoted['reason'].iloc[-1]}"
    scores = lake.read_pandas(["models", USE_CASE, "evaluation"])
    own = scores[scores["model_version"].eq(version)].drop_duplicates(["data", "slice", "metric"])
    names = {"held_out": "held-out engines, cut at random", "official_test": "official test engines"}
    for (data, part), rows in own.groupby(["data", "slice"], sort=False):
        value = rows.set_index("metric")["value"]
        yield (
            f"  {names[data]:<32} {part:<6} {rows['engines'].iloc[0]:>4} engines: RMSE {value['rmse']:.2f} "
            f"(true RUL not capped), {value['rmse_capped_125']:.2f} (capped at 125), MAE {value['mae']:.2f}, "
            f"NASA score {value['nasa_score']:,.0f}"
        )


def _at_risk(lake: Lake) -> Iterator[str]:
    predictions = lake.read_pandas(["delivery", USE_CASE, "predictions"])
    failed = lake.read_pandas(["harmonized", "turbofan", "failures"], columns=["engine_id"])["engine_id"]
    serving = predictions[~predictions["engine_id"].isin(failed)]
    newest = serving.sort_values("day").drop_duplicates("engine_id", keep="last").nsmallest(8, "remaining_cycles")
    yield f"\nEngines in service: {serving['engine_id'].nunique()}. Most at risk, by their last reading:"
    for row in newest.itertuples():
        yield (
            f"  {row.engine_id:<28} {row.remaining_cycles:6.1f} cycles left ({row.lower:.0f} to {row.upper:.0f}), "
            f"read on {pd.Timestamp(row.day):%Y-%m-%d} in its cycle {row.cycle}"
        )


def _drift(lake: Lake, last: date) -> Iterator[str]:
    from lakehouse_assets.monitoring.drift import overall

    reports = lake.read_pandas(["monitoring", USE_CASE, "drift"])
    day = pd.to_datetime(reports["day"])
    own = reports[day.eq(pd.Timestamp(last))]
    worst = own.assign(share=own["value"] / own["threshold"]).nlargest(3, "share")
    worst = worst[worst["share"].notna()]
    told = ", ".join(f"{row.column_name} at {row.share:.2f} of its threshold" for row in worst.itertuples())
    rows = int(own["current_rows"].max()) if len(own) else 0
    yield f"\nDrift on {last}: {overall(list(own['verdict']))} ({rows:,} rows in the window)"
    if told:
        yield f"  farthest from the reference: {told}"


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
