"""A small code location with the repair jobs and the sensor that starts what they ask for."""

from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg

from lakehouse_assets.defs.platform import repairs
from lakehouse_assets.defs.platform.repairs_asked_for import repairs_asked_for
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.asset_graph import days_of, graph_of
from lakehouse_assets.sources.daily import CADENCE, TRAINING

RAW, CLEAN, MODEL = (
    dg.AssetKey(path) for path in (["raw", "a", "rows"], ["delivery", "u", "rows"], ["models", "u", "candidate"])
)
WINDOW = dg.AssetKey(["delivery", "u", "window"])
# A use case may begin later than its domain.
EARLY, LATE = dg.DailyPartitionsDefinition("2024-03-01"), dg.DailyPartitionsDefinition("2024-03-03")
FROM_EARLY = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
SAID = {"who": "ann", "reason": "torn file"}


@dg.asset(key=RAW, partitions_def=EARLY, backfill_policy=dg.BackfillPolicy.single_run(), io_manager_key="nothing")
def raw() -> None: ...


@dg.asset(
    key=CLEAN,
    partitions_def=LATE,
    deps=[dg.AssetDep(RAW, partition_mapping=FROM_EARLY)],
    tags={"use_case": "u"},
    backfill_policy=dg.BackfillPolicy.single_run(),
    io_manager_key="nothing",
)
def clean() -> None: ...


@dg.asset(
    key=WINDOW,
    partitions_def=EARLY,
    deps=[dg.AssetDep(RAW, partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-2))],
    backfill_policy=dg.BackfillPolicy.single_run(),
    io_manager_key="nothing",
)
def window() -> None: ...


@dg.asset(key=MODEL, deps=[CLEAN], tags={"use_case": "u", CADENCE: TRAINING}, io_manager_key="nothing")
def model() -> None: ...


class Nothing(dg.IOManager):
    def handle_output(self, context: dg.OutputContext, obj: object) -> None: ...

    def load_input(self, context: dg.InputContext) -> None: ...


class Platform:
    def __init__(self, instance: dg.DagsterInstance, folder: Path) -> None:
        self.instance, self.lake, self.cursor = instance, Lake(str(folder / "lake")), None
        jobs = [repairs.rerun_from, repairs.retrain_now, repairs.pause_use_case, repairs.resume_use_case]
        self.defs = dg.Definitions(
            assets=[raw, clean, window, model],
            jobs=jobs,
            sensors=[repairs_asked_for],
            resources={"nothing": Nothing(), "lake": LakeResource(lake_uri=self.lake.uri)},
            executor=dg.in_process_executor,
        )

    def start(self, job: str, op: str, **config: Any) -> dg.ExecuteInProcessResult:
        assets = self.defs.resolve_asset_graph()
        with (
            mock.patch.object(repairs, "graph", return_value=graph_of(assets)),
            mock.patch.object(repairs, "days_of", side_effect=partial(days_of, assets)),
        ):
            return self.defs.resolve_job_def(job).execute_in_process(
                instance=self.instance, run_config={"ops": {op: {"config": {**SAID, **config}}}}, raise_on_error=False
            )

    def tick(self) -> list[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=self.defs,
            resources={"lake": LakeResource(lake_uri=self.lake.uri)},
        )  # fmt: skip
        asked = self.defs.resolve_sensor_def("repairs_asked_for").evaluate_tick(context)
        self.cursor = asked.cursor or self.cursor
        return list(asked.run_requests or [])

    def carry_out(self, asked: dg.RunRequest) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance, asset_selection=asked.asset_selection, tags=asked.tags
        )
