"""The code location in a folder of its own, with small tables at the keys of real assets."""

from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets.defs.turbofan.days import DAYS
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN
from lakehouse_assets_tests.lake.makers import daily_frame

KEY = ["delivery", "turbofan_rul", "features"]
TABLE = "/".join(KEY)
REGIMES = ["distilled", "turbofan", "operating_regimes"]


class Platform:
    """The code location in a folder of its own, with small tables at the keys of real assets."""

    def __init__(self, folder: Path, defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.folder, self.defs, self.instance = folder, defs, instance
        self.lake = Lake(str(folder / "lake"))

    def run(self, job: str, op: str, fails: bool = False, **config: Any) -> dg.ExecuteInProcessResult:
        result = self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, run_config={"ops": {op: {"config": config}}}, raise_on_error=False
        )
        assert result.success is not fails
        return result

    def write(self, value: int, first: str = "2024-01-01", last: str = "2024-01-03", **metadata: Any) -> None:
        span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        self.materialise([features(value, **metadata)], span)

    def materialise(self, assets: list[Any], tags: dict[str, str], **named: Any) -> None:
        io_manager = DeltaIOManager(lake_uri=self.lake.uri)
        dg.materialize(assets, instance=self.instance, tags=tags, resources={"io_manager": io_manager}, **named)

    def values(self) -> dict[str, int]:
        frame = self.lake.read_pandas(KEY)
        return {str(day): value for day, value in frame.groupby("day")["value"].first().items()}


def features(value: int, **metadata: Any) -> dg.AssetsDefinition:
    @dg.asset(key=KEY, partitions_def=DAYS, metadata={**BY_DAY, **metadata}, backfill_policy=ONE_RUN)
    def made(context: dg.AssetExecutionContext) -> Any:
        return daily_frame(context.partition_keys, value=value)

    return made


def error_of(result: dg.ExecuteInProcessResult) -> str:
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error, messages = failure.step_failure_data.error, []
    while error is not None:
        messages.append(error.message)
        error = error.cause
    return "\n".join(messages)
