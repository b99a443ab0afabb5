"""The canary of the one place that knows Dagster's SQLite event log from within."""

from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterInstance

from lakehouse_assets.operations.embedded import prepare_dagster_home
from lakehouse_assets.operations.event_log import OpenSqliteEventLogStorage

DAYS = dg.DailyPartitionsDefinition(start_date="2024-01-01")


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def readings() -> None: ...


def run(instance: DagsterInstance, first: str, last: str) -> None:
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    assert dg.materialize([readings], instance=instance, tags=tags).success


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    prepare_dagster_home(tmp_path / "home")
    return tmp_path / "home"


def test_the_projects_dagster_yaml_uses_it_below_dagster_home(home: Path) -> None:
    with DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, OpenSqliteEventLogStorage)
        run(instance, "2024-01-01", "2024-01-03")
        assert instance.get_materialized_partitions(readings.key) == {"2024-01-01", "2024-01-02", "2024-01-03"}
    assert (home / "history" / "runs" / "index.db").exists()


def test_the_stock_storage_reads_what_it_wrote_and_it_reads_what_the_stock_storage_wrote(home: Path) -> None:
    with DagsterInstance.get() as instance:
        run(instance, "2024-01-01", "2024-01-02")
    link = home / "dagster.yaml"
    link.unlink()
    with DagsterInstance.get() as stock:
        assert type(stock.event_log_storage).__name__ == "SqliteEventLogStorage"
        assert stock.get_materialized_partitions(readings.key) == {"2024-01-01", "2024-01-02"}
        run(stock, "2024-01-05", "2024-01-05")
    prepare_dagster_home(home)
    with DagsterInstance.get() as instance:
        assert len(instance.get_materialized_partitions(readings.key)) == 3


def test_telemetry_is_off_and_retries_monitoring_and_a_run_queue_are_on(home: Path) -> None:
    with DagsterInstance.get() as instance:
        assert instance.telemetry_enabled is False
        assert instance.run_retries_enabled
        assert instance.run_monitoring_enabled
        assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"
