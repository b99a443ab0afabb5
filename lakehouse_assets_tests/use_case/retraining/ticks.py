"""A use case's retraining sensor on an instance that lasts, looked at and obeyed as Dagster's daemon does it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pandas as pd
import pyarrow as pa
from dagster._core.events import DagsterEvent, DagsterEventType
from deltalake import write_deltalake

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lifecycle.judging.promotion import Occasion, audit_frame, row_of
from lakehouse_assets.lifecycle.registration import LoggedModel
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.retraining.sensor import retraining_sensor
from lakehouse_assets_tests.new_homes import with_databases
from lakehouse_assets_tests.use_case.shop import Shop

FIRST = date(2024, 5, 1)
FAILED = DagsterEventType.RUN_FAILURE
KEY = "wear-champion-1-drift-since-2024-05-02"
LEARNED_UNTIL = datetime(2024, 4, 30, tzinfo=UTC)


def machines(rows: int) -> list[str]:
    """So many that no row was of before."""
    return [uuid4().hex for _ in range(rows)]


@dg.job(name="wear_training")
def training() -> None:
    """What the sensor asks for; its runs end here as a test says."""


@dataclass
class Ticks:
    """The shop's platform: reports come in, the sensor is looked at, runs end.

    Attributes:
        shop: The use case, with its lake.
        registry: Its registry.
        home: Where the instance keeps its runs.
        cursor: Of the sensor, as the daemon keeps it.
        day: Of the newest report.
    """

    shop: Shop
    registry: ModelRegistry
    home: Path
    cursor: str | None = None
    day: date = FIRST
    said: list[str] = field(default_factory=list)

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """The instance as this process has it."""
        self.home.mkdir(exist_ok=True)
        return dg.DagsterInstance.local_temp(str(with_databases(self.home)))

    def restart(self) -> None:
        """Go on as a process that was started just now."""
        self.instance.dispose()
        del self.instance

    @property
    def plan(self) -> Plan:
        """The use case as its YAML says now."""
        catalogue.cache_clear()
        return Plan(self.shop.plan.declaration, self.shop.folder, catalogue(self.shop.home / "defs"))

    @property
    def lake(self) -> Lake:
        return self.shop.lake

    def serve(self, version: int, learned: int = 100) -> None:
        """Let a version be made and promoted."""
        tags = {"learned_until": LEARNED_UNTIL.isoformat(), "delta_versions": '{"delivery/wear/training_set": 0}'}
        made = self.registry.add_version("wear", LoggedModel(f"{version:032x}", "file:///none", f"m-{version}", tags))
        self.registry.promote(made)
        if not self.lake.exists(["delivery", "wear", "training_set"]):
            known = pa.array([LEARNED_UNTIL] * learned, pa.timestamp("us", "UTC"))
            uri = self.lake.table_uri(["delivery", "wear", "training_set"])
            days = pa.array([LEARNED_UNTIL.date()] * learned, pa.date32())
            write_deltalake(uri, pa.table({"machine": machines(learned), "day": days, "label_known_at": known}))
        self.decided("promote", version, "a-first-run", promoted=True)

    def decided(self, action: str, version: int, run_id: str, *, promoted: bool) -> None:
        """What the gate writes into its record."""
        occasion = Occasion(datetime.now(UTC), "gate", run_id)
        row = row_of(occasion, action, version, None, version, promoted=promoted, reason="a test says so")
        self._add(["models", "wear", "champion"], audit_frame([row]))

    def report(self, realised: str = "as expected", champion: int = 1, **verdicts: str) -> None:
        """A night's reports: a verdict for each column, and one of what came true."""
        self.day += timedelta(days=1)
        self.report_again(realised, champion, **verdicts)

    def report_again(self, realised: str = "as expected", champion: int = 1, **verdicts: str) -> None:
        """The reports of the newest day anew."""
        day = pd.Timestamp(self.day)
        names = {"load": "stable", "mean_load": "stable", **verdicts}
        columns = [{"column_name": name, "verdict": verdict} for name, verdict in names.items()]
        self._replace(["monitoring", "wear", "drift"], pd.DataFrame(columns).assign(day=day, model_version=champion))
        self._measured(realised, champion)

    def measure(self, realised: str = "as expected", champion: int = 1) -> None:
        """A night that measures what came true, and makes no drift report."""
        self.day += timedelta(days=1)
        self._measured(realised, champion)

    def _measured(self, realised: str, champion: int) -> None:
        day = pd.Timestamp(self.day)
        figures = [("all", "mae", realised), ("all", "rmse", "worse than expected"), ("hall=1", "mae", "as expected")]
        rows = pd.DataFrame(figures, columns=["slice", "metric", "verdict"]).assign(day=day, model_version=champion)
        self._replace(["monitoring", "wear", "performance"], rows)

    def outcomes(self, rows: int, predicted: date | None = None) -> None:
        """Labels that became known after the champion learned, at 01:00 two days after the day of the prediction."""
        predicted = predicted or LEARNED_UNTIL.date()
        known = datetime(predicted.year, predicted.month, predicted.day, 1, tzinfo=UTC) + timedelta(days=2)
        columns = {
            "machine": machines(rows),
            "predicted_day": pa.array([predicted] * rows, pa.date32()),
            "label_known_at": pa.array([known] * rows, pa.timestamp("us", "UTC")),
        }
        uri = self.lake.table_uri(["delivery", "wear", "outcomes"])
        write_deltalake(uri, pa.table(columns), mode="append")

    def corrected(self, table: str, day: str) -> None:
        """All labels of a table told anew, as what came of predictions."""
        rows = self.lake.read(["delivery", "wear", table])
        known = rows["label_known_at"].to_pylist()
        columns = {
            "machine": rows["machine"],
            "predicted_day": rows[day],
            "label_known_at": pa.array([at + timedelta(days=9) for at in known], pa.timestamp("us", "UTC")),
        }
        write_deltalake(self.lake.table_uri(["delivery", "wear", "outcomes"]), pa.table(columns), mode="append")

    def look(self) -> dg.SensorResult | dg.SkipReason:
        """Evaluate the sensor and submit nothing, as a daemon that dies then."""
        resources = {"lake": LakeResource(lake_uri=self.lake.uri), "registry": self.registry}
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor, resources=resources) as context:
            found = retraining_sensor(self.plan, training)(context)
        assert isinstance(found, dg.SensorResult | dg.SkipReason)
        return found

    def tick(self) -> list[str]:
        """Evaluate the sensor, start a run for each key that has none, and keep the cursor; the new runs' ids."""
        found = self.look()
        if isinstance(found, dg.SkipReason):
            self.said.append(found.skip_message or "")
            return []
        self.said.append(found.skip_reason.skip_message if isinstance(found.skip_reason, dg.SkipReason) else "")
        started = [run for request in found.run_requests or [] for run in self.start(request)]
        self.cursor = found.cursor
        return started

    def start(self, request: dg.RunRequest) -> list[str]:
        """What the daemon does with a request: nothing if a run has its key."""
        key = {"dagster/run_key": str(request.run_key)}
        if self.instance.get_runs(dg.RunsFilter(tags=key)):
            return []
        tags = {**request.tags, **key}
        return [self.instance.create_run_for_job(training, tags=tags, status=dg.DagsterRunStatus.STARTED).run_id]

    def end(self, run_id: str, kind: DagsterEventType = DagsterEventType.RUN_SUCCESS) -> None:
        """Let a run end."""
        self.instance.report_dagster_event(DagsterEvent(kind.value, "wear_training"), run_id)

    def cancel(self, run_id: str, why: str | None = None) -> None:
        """Let a run be cancelled, as a person does or for the reason that is given."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        self.instance.report_run_canceling(run, why)
        self.instance.report_run_canceled(run)

    def runs(self) -> list[dg.DagsterRun]:
        """All training runs, the oldest first."""
        return sorted(self.instance.get_runs(), key=lambda run: run.tags.get("dagster/run_key", ""))

    def keys(self) -> list[str]:
        """The keys of all runs that were asked for."""
        return sorted(run.tags["dagster/run_key"] for run in self.runs() if "dagster/run_key" in run.tags)

    def rows(self) -> pd.DataFrame:
        """The table of decisions, the oldest first."""
        return self.lake.read_pandas(["monitoring", "wear", "decisions"]).sort_values("decided_at")

    def drift(self, nights: int, columns: Sequence[str] = ("load",), champion: int = 1) -> list[str]:
        """So many nights whose reports say drift, each with a look after it; the runs that were started."""
        started: list[str] = []
        for _ in range(nights):
            self.report(champion=champion, **dict.fromkeys(columns, "drift"))
            started += self.tick()
        return started

    def _add(self, key: list[str], rows: pd.DataFrame) -> None:
        write_deltalake(self.lake.table_uri(key), pa.Table.from_pandas(rows, preserve_index=False), mode="append")

    def _replace(self, key: list[str], rows: pd.DataFrame) -> None:
        """As the graph writes a day: in the place of what is there of it."""
        table = pa.Table.from_pandas(rows, preserve_index=False)
        table = table.set_column(table.column_names.index("day"), "day", table["day"].cast(pa.date32()))
        uri = self.lake.table_uri(key)
        if self.lake.exists(key):
            write_deltalake(uri, table, mode="overwrite", predicate=f"day = DATE '{self.day}'")
        else:
            write_deltalake(uri, table, partition_by=["day"])
