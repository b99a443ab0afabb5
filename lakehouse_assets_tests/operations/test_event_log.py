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


def test_an_instance_elsewhere_is_refused_instead_of_seeming_to_have_no_events(home: Path, tmp_path: Path) -> None:
    prepare_dagster_home(tmp_path / "other")
    with pytest.raises(ValueError, match=f"set DAGSTER_HOME to {tmp_path / 'other'}"):
        DagsterInstance.from_config(str(tmp_path / "other"))


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


@pytest.mark.parametrize("size", ["0", "2", "1000"])
def test_batches_of_any_size_tell_the_same_story_as_single_events(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], size: str
) -> None:
    """What the UI asks: partitions, the newest materialisation, tags, the run's own log."""
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", size)
    with DagsterInstance.get() as instance:
        run(instance, "2024-01-01", "2024-01-05")
        run(instance, "2024-01-04", "2024-01-06")
        days = [f"2024-01-0{day}" for day in range(1, 7)]
        assert instance.get_materialized_partitions(readings.key) == set(days)
        newest = instance.get_latest_materialization_event(readings.key)
        assert newest is not None
        assert newest.get_dagster_event().partition == "2024-01-06"
        counts = instance.event_log_storage.get_materialized_partitions(readings.key)
        assert counts == set(days)
        ids = [run_.run_id for run_ in reversed(list(instance.get_runs()))]
        for run_id, planned in zip(ids, (days[:5], days[3:6]), strict=True):
            log = [entry.get_dagster_event() for entry in instance.all_logs(run_id) if entry.is_dagster_event]
            for kind in ("ASSET_MATERIALIZATION_PLANNED", "ASSET_MATERIALIZATION"):
                assert [event.partition for event in log if event.event_type_value == kind] == planned
        records = instance.fetch_materializations(readings.key, limit=100).records
        assert [record.partition_key for record in reversed(records)] == [*days[:5], *days[3:6]]
        assert all("dagster/data_version" in (record.asset_materialization.tags or {}) for record in records)
    # Dagster falls back to single events, with a word on stderr only.
    assert "storing event batch" not in capfd.readouterr().err


def test_telemetry_is_off_and_retries_monitoring_and_a_run_queue_are_on(home: Path) -> None:
    with DagsterInstance.get() as instance:
        assert instance.telemetry_enabled is False
        assert instance.run_retries_enabled
        assert instance.run_monitoring_enabled
        assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"
