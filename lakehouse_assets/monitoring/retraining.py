"""Whether the drift reports ask for a retraining: a pure decision over the drift table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse_assets.lake.table import Lake

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Wanted:
    """What the reports ask for: a retraining under `run_key`, or none (None), and why."""

    run_key: str | None
    reason: str


def retraining_wanted(lake: Lake, use_case: str) -> Wanted:
    """Read the drift table and decide."""
    key = ["monitoring", use_case, "drift"]
    if not lake.exists(key):
        return Wanted(None, f"no drift report of {use_case} yet")
    return decide(lake.read_pandas(key, columns=["day", "model_version", "column_name", "verdict"]), use_case)


def decide(reports: "pd.DataFrame", use_case: str) -> Wanted:
    """Decide by the reports of the newest reference.

    One retraining is asked for per champion and *episode* (drifting reports with no stable one between them): its run
    key names the champion and the last stable day before, so the same episode asks again in vain, in whatever order
    its days are reported, and a later episode or another champion asks anew.

    Args:
        reports: day, model_version, column_name and verdict of all reports.
        use_case: Name for the run key.
    """
    from lakehouse_assets.monitoring.drift import DRIFT, STABLE, overall

    if reports.empty:
        return Wanted(None, f"no drift report of {use_case} yet")
    version = int(reports["model_version"].max())
    own = reports[reports["model_version"].eq(version)]
    verdicts = own.groupby("day")["verdict"].agg(lambda column: overall(list(column))).sort_index()
    last = verdicts.index[-1]
    if verdicts.iloc[-1] != DRIFT:
        return Wanted(None, f"the report of {last:%Y-%m-%d} says {verdicts.iloc[-1]}")
    calm = verdicts.index[verdicts.eq(STABLE)]
    after = f"{calm[-1]:%Y-%m-%d}" if len(calm) else "the-start"
    drifting = verdicts.index[verdicts.eq(DRIFT) & (verdicts.index > calm[-1] if len(calm) else True)]
    columns = sorted(own.loc[own["day"].eq(last) & own["verdict"].eq(DRIFT), "column_name"])
    return Wanted(
        f"{use_case}-champion-{version}-drift-after-{after}",
        f"drift since {drifting[0]:%Y-%m-%d} against champion {version}, on {last:%Y-%m-%d} in {', '.join(columns)}",
    )
