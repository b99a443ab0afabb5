"""Where lakes and tables lie: folders of any name are read and written as what they are, or refused in words."""

import dagster as dg
import duckdb
import pandas as pd
import pytest

from lakehouse_assets.lake.errors import MissingSettingError
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.sql.views import write_sql_views
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.lake.makers import DAYS, day

KEY = ["harmonized", "plant", "table"]
PART = "2024-01-01"


@dg.asset(key=KEY, partitions_def=DAYS, metadata={"partition_expr": "day"})
def table(context: dg.AssetExecutionContext) -> pd.DataFrame:
    return pd.DataFrame({"day": [day(context.partition_key)], "env": ["the row's own"]})


def write(lake: Lake) -> None:
    manager = DeltaIOManager(lake_uri=lake.uri)
    dg.materialize([table], partition_key=PART, resources={"io_manager": manager})


@pytest.mark.parametrize("folder", ["my lake", "Größe", "it's", "a#b", "100%", "env=prod", 'say "hi"', "what?", "st*r"])
def test_a_lake_in_a_folder_of_any_name_is_read_in_every_way(folder, tmp_path):
    lake = Lake(str(tmp_path / folder / "lake"))
    for _ in range(2):
        write(lake)
    assert (tmp_path / folder / "lake" / "harmonized" / "plant" / "table" / "_delta_log").is_dir()
    assert lake.read(KEY).to_pylist() == [{"day": day(PART), "env": "the row's own"}]
    for where in (None, {"day": day(PART)}):
        assert lake.read_duckdb(KEY, columns=["env"], where=where).fetchall() == [("the row's own",)]


@pytest.mark.parametrize("folder", ["my lake", "Größe", "it's", "a#b", "100%", "env=prod"])
def test_the_sql_views_of_a_lake_in_a_folder_of_any_name_show_its_rows(folder, tmp_path):
    lake, file = Lake(str(tmp_path / folder / "lake")), tmp_path / "lake.duckdb"
    write(lake)
    write_sql_views(lake.uri, file)
    with duckdb.connect(str(file), read_only=True) as connection:
        for _ in range(2):
            rows = connection.execute("SELECT env FROM harmonized.plant_table").fetchall()
            assert rows == [("the row's own",)]
            write(lake)


@pytest.mark.parametrize("part", ["a/b", "..", ".", "a%2Fb", "50%20", "a[1]", "a\\b", ""])
def test_a_key_that_the_engine_would_read_as_another_address_is_refused(part, lake):
    with pytest.raises(MissingSettingError, match="Choose another name"):
        lake.table_uri(["raw", part, "table"])


def test_a_lake_whose_folder_the_engine_would_read_as_another_is_refused(tmp_path):
    with pytest.raises(MissingSettingError, match="There can be no table for lake"):
        write(Lake(str(tmp_path / "a%20b")))
    assert not list(tmp_path.iterdir())
