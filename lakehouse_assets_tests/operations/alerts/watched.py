"""A small code location with the sensor, on an instance and a lake of its own, and what can go wrong in it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import pyarrow as pa
from deltalake import write_deltalake

from lakehouse_assets.defs.platform import repairs
from lakehouse_assets.defs.platform.alerts import alerts
from lakehouse_assets.defs.platform.repairs_asked_for import repairs_asked_for
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.asset_graph import graph_of
from lakehouse_assets.sources.daily import CADENCE
from lakehouse_assets.sources.daily import TRAINING as TRAINED
from lakehouse_assets.sources.resource import LandingZone
from lakehouse_assets_tests.operations.alerts.receiver import Receiver

DAYS = dg.DailyPartitionsDefinition("2024-03-01")
RAW, CLEAN, DRIFT = (
    dg.AssetKey(path) for path in (["raw", "a", "rows"], ["harmonized", "a", "rows"], ["monitoring", "u", "drift"])
)
CHAMPION = ["models", "u", "champion"]
BROKEN: set[str] = set()
"""What goes wrong in the present test."""


@dg.asset(
    key=RAW,
    partitions_def=DAYS,
    owners=["team:plant"],
    group_name="a",
    io_manager_key="nothing",
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=30)),
    check_specs=[dg.AssetCheckSpec("readable", asset=RAW, description="No line is torn.")],
)
def raw() -> Iterator[Any]:
    if "raw" in BROKEN:
        raise OSError("cannot open postgresql://bot:hunter22@db/x")
    yield dg.Output(None)
    metadata = {"rows_breaking_it": 3}
    yield dg.AssetCheckResult(passed="readable" not in BROKEN, check_name="readable", metadata=metadata)


@dg.asset(key=CLEAN, partitions_def=DAYS, deps=[RAW], group_name="a", io_manager_key="nothing")
def clean() -> None:
    if "clean" in BROKEN:
        raise ValueError("torn")


@dg.asset(
    key=DRIFT,
    partitions_def=DAYS,
    deps=[CLEAN],
    group_name="u",
    io_manager_key="nothing",
    check_specs=[dg.AssetCheckSpec("no_drift", asset=DRIFT)],
)
def drift() -> Iterator[Any]:
    yield dg.Output(None)
    yield dg.AssetCheckResult(passed="drift" not in BROKEN, check_name="no_drift", severity=dg.AssetCheckSeverity.WARN)


@dg.asset_check(asset=RAW, name="must_hold", blocking=True)
def must_hold() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed="must_hold" not in BROKEN)


@dg.asset(key=CHAMPION, group_name="u", io_manager_key="nothing", tags={"use_case": "u", CADENCE: TRAINED})
def champion() -> None:
    if "champion" in BROKEN:
        raise ValueError("no rows")


class Nothing(dg.IOManager):
    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        pass

    def load_input(self, context: dg.InputContext) -> None:
        pass


LANDED = dg.AssetSpec(["landing", "b", "files"], partitions_def=DAYS, group_name="b", owners=["team:plant"])
NIGHTLY = dg.define_asset_job("a_nightly", selection=[RAW, CLEAN, DRIFT])
TRAINING = dg.define_asset_job("u_training", selection=[dg.AssetKey(CHAMPION)])


class Platform:
    """A small code location with the sensor, on an instance and a lake of its own."""

    def __init__(self, instance: dg.DagsterInstance, folder: Path, told: Receiver) -> None:
        self.instance, self.told, self.cursor = instance, told, None
        self.lake = Lake(str(folder / "lake"))
        self.reports = folder / "reports"
        self.landing = LandingZone(root=str(folder / "landing"), simulated=False)
        self.defs = dg.Definitions(
            assets=[raw, clean, drift, champion, LANDED],
            asset_checks=[must_hold],
            jobs=[NIGHTLY, TRAINING, repairs.retrain_now],
            sensors=[alerts, repairs_asked_for],
            resources={
                "nothing": Nothing(),
                "lake": LakeResource(lake_uri=self.lake.uri),
                "landing": self.landing,
            },
            executor=dg.in_process_executor,
        )

    def night(self, day: str = "2024-03-05", only: Sequence[dg.AssetKey] | None = None, **tags: str) -> bool:
        job = self.defs.resolve_job_def("a_nightly")
        return job.execute_in_process(
            instance=self.instance, partition_key=day, asset_selection=only, raise_on_error=False, tags=tags
        ).success

    def nights(self, first: str, last: str) -> bool:
        """Several days in one run."""
        tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        job = self.defs.resolve_job_def("a_nightly")
        return job.execute_in_process(instance=self.instance, raise_on_error=False, tags=tags).success

    def train(self, **tags: str) -> bool:
        job = self.defs.resolve_job_def("u_training")
        return job.execute_in_process(instance=self.instance, raise_on_error=False, tags=tags).success

    def decide(self, action: str, candidate: int, before: int | None, after: int | None) -> None:
        """Add the gate's decision to the champion table."""
        version = pa.int64()
        row = pa.table(
            {
                "decided_at": pa.array([datetime.now(UTC)], pa.timestamp("us", tz="UTC")),
                "who": ["gate"],
                "action": [action],
                "candidate_version": pa.array([candidate], version),
                "from_version": pa.array([before], version),
                "to_version": pa.array([after], version),
                "reason": ["rmse 12 above its bound 11"],
                "run_id": ["r"],
            }
        )
        write_deltalake(self.lake.table_uri(CHAMPION), row, mode="append")

    def repair(self, job: str, config: dict[str, Any]) -> bool:
        """Start a repair job, and the run that it asks for as its sensor does."""
        with mock.patch.object(repairs, "graph", return_value=graph_of(self.defs.resolve_asset_graph())):
            assert self.defs.resolve_job_def(job).execute_in_process(instance=self.instance, run_config=config).success
        context = dg.build_sensor_context(
            instance=self.instance, definitions=self.defs, resources={"lake": LakeResource(lake_uri=self.lake.uri)}
        )
        [asked] = self.defs.resolve_sensor_def("repairs_asked_for").evaluate_tick(context).run_requests or []
        whole = self.defs.resolve_implicit_global_asset_job_def()
        return whole.execute_in_process(
            instance=self.instance, asset_selection=asked.asset_selection, tags=asked.tags, raise_on_error=False
        ).success

    def tick(self) -> list[str]:
        """The titles of what was told by this tick."""
        before = len(self.told.messages)
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            definitions=self.defs,
            resources={"lake": LakeResource(lake_uri=self.lake.uri), "landing": self.landing},
        )
        alerts(context)
        self.cursor = context.cursor
        return self.told.titles[before:]
