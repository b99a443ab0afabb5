"""What commits, materialisations and errors tell people; and the lake outside of assets."""

import json
import subprocess
import sys
import traceback
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from lakehouse_assets.lake.errors import MissingTableError, StorageError, UnreadableTableError
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets_tests.lake.makers import DAYS, asset_of, daily, daily_frame, day, rows_of


def _metadata(result):
    return result.get_asset_materialization_events()[0].materialization.metadata


def test_a_materialisation_shows_schema_rows_bytes_version_place_and_a_preview(lake, materialise):
    table = daily(lambda context: daily_frame([context.partition_key]).assign(note="a|b"))
    materialise(table, "2024-01-01")
    shown = _metadata(materialise(table, "2024-01-02"))
    assert [column.name for column in shown["dagster/column_schema"].value.columns] == ["day", "id", "value", "note"]
    assert shown["dagster/row_count"].value == 2
    assert shown["delta_version"].value == 1
    assert lake.table_uri(["table"]) in shown["table_uri"].value
    uri = next(uri for uri in lake.open(["table"]).file_uris() if "2024-01-02" in uri)
    assert shown["bytes"].value == Path(uri).stat().st_size
    assert "| 2024-01-02 | 0 | 0 | a\\|b |" in shown["preview"].value
    assert shown["content_version"].value == lake.content_version(["table"], where={"day": day("2024-01-02")})


def test_a_commit_carries_run_code_version_partitions_and_the_versions_of_its_inputs(lake, materialise):
    upstream = daily(lambda context: daily_frame(context.partition_keys), name="upstream")
    materialise(upstream, span=("2024-01-01", "2024-01-02"))
    materialise(upstream, "2024-01-03")

    @dg.asset(partitions_def=DAYS, metadata={"partition_expr": "day"}, code_version="v7")
    def down(upstream: pd.DataFrame) -> pd.DataFrame:
        return upstream

    result = materialise(down, "2024-01-02", others=[upstream])
    commit = lake.open(["down"]).history(1)[0]
    assert commit["lakehouse.run_id"] == result.run_id
    assert commit["lakehouse.code_version"] == "v7"
    assert json.loads(commit["lakehouse.partitions"]) == ["2024-01-02"]
    assert json.loads(commit["lakehouse.inputs"]) == {"upstream": "1"}
    assert commit["lakehouse.rows_version"] == lake.content_version(["down"])
    assert _metadata(result)["input_versions"].value == {"upstream": "1"}


def test_the_lake_reads_without_dagster(lake, materialise):
    materialise(daily(lambda context: daily_frame(context.partition_keys)), span=("2024-01-01", "2024-01-04"))
    key = ["table"]
    assert lake.exists(key)
    assert not lake.exists(["other"])
    assert lake.version(key) == 0
    assert lake.row_count(key) == 8
    assert lake.row_count(key, where={"id": 1}) == 4
    assert lake.partition_values(key)[0] == {"day": day("2024-01-01")}
    between = lake.read(key, columns=["day"], where={"day": (day("2024-01-02"), day("2024-01-04")), "id": [0]})
    assert rows_of(between) == [(day("2024-01-02"),), (day("2024-01-03"),)]
    assert list(lake.read_pandas(key, columns=["value", "day"]).columns) == ["value", "day"]
    assert LakeResource(lake_uri=lake.uri).lake() == lake
    with pytest.raises(MissingTableError, match="There is no Delta table"):
        lake.read(["other"])


def test_a_folder_that_cannot_be_made_is_told_with_the_asset(tmp_path, lake, materialise):
    (tmp_path / "lake").write_text("a file where the lake should be")
    with pytest.raises(StorageError, match="table"):
        materialise(asset_of(lambda _: pd.DataFrame({"n": [1]})))


def test_a_full_disk_is_told_with_asset_partition_table_and_what_to_do(lake, materialise, monkeypatch):
    import lakehouse_assets.lake.writing.write as write

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "write_deltalake", full)
    with pytest.raises(StorageError) as caught:
        materialise(daily(lambda context: daily_frame([context.partition_key])), "2024-01-01")
    for part in ("table", "2024-01-01", lake.table_uri(["table"]), "disk is full", "run this again"):
        assert part in str(caught.value)


def test_a_table_with_a_feature_that_is_not_known_is_refused(lake, materialise):
    materialise(asset_of(lambda _: pd.DataFrame({"n": [1]})))
    log = Path(lake.uri, "table", "_delta_log", "00000000000000000000.json")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        if "protocol" in line:
            line["protocol"] = {
                "minReaderVersion": 3, "minWriterVersion": 7,
                "readerFeatures": ["fancyFeature"], "writerFeatures": ["fancyFeature"],
            }  # fmt: skip
    log.write_text("\n".join(json.dumps(line) for line in lines))
    with pytest.raises((UnreadableTableError, StorageError), match=r"(?i)fancyFeature"):
        lake.read(["table"])


def test_an_error_shows_no_row_that_breaks_a_constraint_of_the_table_itself(lake, materialise):
    """The engine's own text does, and errors stay in the event log, where no erasure reaches them."""
    rows = [{"who": "ann", "n": 1}]
    people = asset_of(lambda context: pd.DataFrame(rows), write_mode="append")
    materialise(people)
    lake.open(["table"]).alter.add_constraint({"small": "n < 5"})
    rows[0] = {"who": "Erna Mustermann", "n": 9}
    with pytest.raises(StorageError, match="Rows break a constraint") as told:
        materialise(people)
    assert "Mustermann" not in "".join(traceback.format_exception(told.value))
    assert lake.row_count(["table"]) == 1


def test_a_program_that_reads_the_lake_without_dagster_does_not_import_it(lake, materialise):
    materialise(asset_of(lambda context: pd.DataFrame({"n": [1, 2]})))
    code = (
        "import sys; from lakehouse_assets.lake.table import Lake;"
        f"rows = Lake({lake.uri!r}).read(['table']).num_rows; print(rows, 'dagster' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"]
