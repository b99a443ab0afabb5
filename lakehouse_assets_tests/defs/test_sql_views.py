"""The asset that makes the file of SQL views, as the jobs run it."""

import dagster as dg
import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.definitions import defs
from lakehouse_assets.defs.platform.sql_views import AFTER, contract_notes, make_views, sql_views
from lakehouse_assets.lake.resource import LakeResource


def _made(lake_uri):
    result = dg.materialize([sql_views], resources={"lake": LakeResource(lake_uri=lake_uri)})
    assert result.success
    return result.asset_materializations_for_node(sql_views.op.name)[0].metadata


def test_the_file_lies_beside_the_lake_and_shows_columns_as_the_contract_describes_them(tmp_path, monkeypatch):
    monkeypatch.setenv("LAKE_URI", str(tmp_path / "lake"))
    monkeypatch.delenv("LAKE_SQL", raising=False)
    folder = tmp_path / "lake" / "harmonized" / "turbofan" / "failures"
    folder.parent.mkdir(parents=True)
    write_deltalake(str(folder), pa.table({"engine_id": ["FS001-1"], "cycle": [7]}))
    metadata = _made(str(tmp_path / "lake"))
    assert metadata["views"].value == 1
    assert metadata["names"].value == "harmonized.turbofan_failures"
    with duckdb.connect(tmp_path / "lake.duckdb", read_only=True) as client:
        assert client.execute("FROM harmonized.turbofan_failures").fetchall() == [("FS001-1", 7)]
        said = dict(
            client.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = 'harmonized'"
            ).fetchall()
        )
    assert said["cycle"] == contract_notes()["harmonized", "turbofan", "failures"].columns["cycle"]


def test_a_lake_in_an_object_store_says_that_it_has_no_views_and_the_run_goes_on():
    assert _made("s3://bucket/lake")["available"].value is False


def test_the_night_of_all_domains_makes_the_views_after_every_table_that_they_show():
    views = dg.AssetKey(["delivery", "platform", "sql_views"])
    assert views in defs.resolve_job_def("shared_nightly").asset_layer.executable_asset_keys
    made = defs.resolve_asset_graph().get_all_asset_keys()
    shown = {key for key in made if key.path[0] in ("harmonized", "distilled", "delivery")}
    assert shown - {views} <= {dg.AssetKey(list(key)) for key in AFTER}


def test_after_files_were_removed_the_views_have_to_be_made_anew_and_then_show_what_is_there(tmp_path, monkeypatch):
    monkeypatch.delenv("LAKE_SQL", raising=False)
    folder = tmp_path / "lake" / "harmonized" / "turbofan" / "failures"
    folder.parent.mkdir(parents=True)
    write_deltalake(str(folder), pa.table({"engine_id": ["FS001-1"]}))
    make_views(str(tmp_path / "lake"))
    write_deltalake(str(folder), pa.table({"engine_id": ["erased"]}), mode="overwrite")
    DeltaTable(str(folder)).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    with duckdb.connect(tmp_path / "lake.duckdb", read_only=True) as client, pytest.raises(duckdb.IOException):
        client.execute("FROM harmonized.turbofan_failures").fetchall()
    make_views(str(tmp_path / "lake"))
    with duckdb.connect(tmp_path / "lake.duckdb", read_only=True) as client:
        assert client.execute("FROM harmonized.turbofan_failures").fetchall() == [("erased",)]
