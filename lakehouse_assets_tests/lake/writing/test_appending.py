import dagster as dg
import pandas as pd
import pytest

from lakehouse_assets.lake.errors import MergeKeyError
from lakehouse_assets.lake.maintenance.restore import restore_all
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets_tests.lake.makers import asset_of, daily, daily_frame, day, rows_of


class PowerCutError(RuntimeError):
    """Stands for a process that dies after its commit."""


def test_each_run_appends(lake, materialise):
    table = asset_of(lambda _: pd.DataFrame({"n": [1]}), write_mode="append")
    materialise(table)
    materialise(table)
    assert lake.row_count(["table"]) == 2


@pytest.mark.parametrize("first_write", [True, False], ids=["making the table", "adding to it"])
def test_a_step_that_died_after_its_commit_does_not_append_again(first_write, lake, instance, materialise, monkeypatch):
    import lakehouse_assets.lake.writing.store as store

    attempts = []

    @dg.asset(name="table", metadata={"write_mode": "append"}, retry_policy=dg.RetryPolicy(max_retries=2))
    def table() -> pd.DataFrame:
        return pd.DataFrame({"n": [1, 2]})

    if not first_write:
        materialise(table)
    report = store.report_write

    def dies_once(*args):
        attempts.append(1)
        if len(attempts) == 1:
            raise PowerCutError
        return report(*args)

    monkeypatch.setattr(store, "report_write", dies_once)
    result = materialise(table)
    assert result.success
    assert len(attempts) == 2
    assert lake.row_count(["table"]) == (2 if first_write else 4)
    metadata = result.get_asset_materialization_events()[0].materialization.metadata
    assert "append_skipped" in metadata


def test_a_re_execution_of_the_failed_run_does_not_append_again(lake, instance, monkeypatch):
    import lakehouse_assets.lake.writing.store as store
    from lakehouse_assets.lake.io_manager import DeltaIOManager

    table = asset_of(lambda _: pd.DataFrame({"n": [1]}), write_mode="append")
    job = dg.Definitions(
        assets=[table], jobs=[dg.define_asset_job("job")], resources={"io_manager": DeltaIOManager(lake_uri=lake.uri)}
    ).resolve_job_def("job")
    report = store.report_write

    def dies(*_):
        raise PowerCutError

    monkeypatch.setattr(store, "report_write", dies)
    first = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not first.success
    monkeypatch.setattr(store, "report_write", report)
    again = job.execute_in_process(
        instance=instance, tags={"dagster/parent_run_id": first.run_id, "dagster/root_run_id": first.run_id}
    )
    assert again.success
    assert lake.row_count(["table"]) == 1


@pytest.mark.parametrize("how", ["restored", "overwritten"])
def test_rows_that_were_taken_out_since_are_appended_again_by_a_re_execution(how, lake, materialise):
    table = asset_of(lambda context: pd.DataFrame({"run": [context.run.run_id]}), write_mode="append")
    first = materialise(table)
    second = materialise(table)
    if how == "restored":
        restore_all(lake.table_uri(["table"]), None, 0, Provenance("table"))
    else:
        materialise(table, tags={"lakehouse/write_mode": "overwrite"})
    again = materialise(table, tags={"dagster/root_run_id": second.run_id})
    runs = {row[0] for row in rows_of(lake.read(["table"]))}
    assert again.run_id in runs
    assert second.run_id not in runs
    assert (first.run_id in runs) == (how == "restored")
    materialise(table, tags={"dagster/root_run_id": second.run_id})
    assert lake.row_count(["table"]) == 2


def test_rows_that_came_back_with_a_restore_are_not_appended_again(lake, materialise):
    table = asset_of(lambda _: pd.DataFrame({"n": [1]}), write_mode="append")
    first = materialise(table)
    for version in (0, 1):
        materialise(table, tags={"lakehouse/write_mode": "overwrite"})
        restore_all(lake.table_uri(["table"]), None, version, Provenance("table"))
    restore_all(lake.table_uri(["table"]), None, 2, Provenance("table"))
    materialise(table, tags={"dagster/root_run_id": first.run_id})
    assert lake.row_count(["table"]) == 1


def test_a_partition_that_others_overwrote_around_an_append_does_not_bring_it_twice(lake, materialise):
    table = daily(lambda context: daily_frame(context.partition_keys, 1), write_mode="append")
    first = materialise(table, span=("2024-01-01", "2024-01-02"))
    materialise(table, "2024-01-02", tags={"lakehouse/write_mode": "overwrite"})
    materialise(table, span=("2024-01-01", "2024-01-02"), tags={"dagster/root_run_id": first.run_id})
    assert lake.row_count(["table"]) == 2


def test_append_with_keys_adds_only_rows_whose_key_is_new(lake, materialise):
    now = {"ids": [1, 2]}

    def make(context):
        return pd.DataFrame(
            {"day": day(context.partition_key), "id": now["ids"], "run": [context.run.run_id] * len(now["ids"])}
        )

    table = daily(make, write_mode="append", merge_keys=["id"])
    first = materialise(table, "2024-01-01").run_id
    now["ids"] = [2, 3]
    second = materialise(table, "2024-01-01").run_id
    materialise(table, "2024-01-02")
    here = lake.read(["table"], where={"day": day("2024-01-01")})
    assert rows_of(here, "id", "run") == [(1, first), (2, first), (3, second)]
    assert lake.row_count(["table"], where={"day": day("2024-01-02")}) == 2


def test_append_with_keys_rewrites_no_file(lake, materialise):
    now = {"ids": [1, 2]}
    table = daily(
        lambda context: pd.DataFrame({"day": day(context.partition_key), "id": now["ids"]}),
        write_mode="append",
        merge_keys=["id"],
    )
    materialise(table, "2024-01-01")
    before = set(lake.open(["table"]).file_uris())
    now["ids"] = [2, 3]
    materialise(table, "2024-01-01")
    assert before < set(lake.open(["table"]).file_uris())


def test_append_with_repeated_keys_is_refused(materialise):
    table = asset_of(lambda _: pd.DataFrame({"id": [1, 1]}), write_mode="append", merge_keys=["id"])
    with pytest.raises(MergeKeyError):
        materialise(table)
