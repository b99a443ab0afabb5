"""A few plain files are read straight away, and nobody can tell by the rows. The engine's own scan is the oracle."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse_assets.lake.errors import UnreadableTableError
from lakehouse_assets.lake.partitioning.predicate import Condition, where_condition
from lakehouse_assets.lake.reading.direct import MOST_FILES, direct_batches
from lakehouse_assets.lake.reading.read import read_stream, table_schema
from lakehouse_assets.lake.reading.relation import to_duckdb
from lakehouse_assets.lake.reading.selection import selected_files
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.reliability.delta_by_hand import HandMade, field

KEY = ["table"]
DAYS = [dt.date(2024, 1, 1), dt.date(2024, 1, 2), None]
SITES = ["A", "b c", "Zürich/Süd 100%", "it's", "a=b", "[1]", "x*?", None]
NUMBERS = [-3, 0, 12, None]


def _sorted(rows):
    return sorted(rows, key=repr)


def _rows(table):
    return _sorted([tuple(row.values()) for row in table.to_pylist()])


@pytest.fixture(scope="module")
def by_three(tmp_path_factory):
    """A table by day, site and number, with a null among each, one file a partition."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    cells = [(day, site, number) for day in DAYS for site in SITES for number in NUMBERS]
    days, sites, numbers = zip(*cells, strict=True)
    rows = pa.table(
        {
            "id": pa.array(range(len(cells)), pa.int64()),
            "day": pa.array(days, pa.date32()),
            "site": pa.array(sites, pa.string()),
            "number": pa.array(numbers, pa.int32()),
            "text": [f"row {place}" if place % 5 else None for place in range(len(cells))],
        }
    )
    write_deltalake(lake.table_uri(KEY), rows, partition_by=["day", "site", "number"])
    return lake.open(KEY)


def _stretch(values, edges):
    points = st.one_of(st.sampled_from(values), st.lists(st.sampled_from(values), max_size=3))
    return st.one_of(points, st.tuples(st.sampled_from(edges), st.sampled_from(edges)))


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "day": _stretch(DAYS, [None, dt.date(2023, 12, 31), *DAYS[:2], dt.date(2024, 1, 3)]),
        "site": _stretch(SITES, [None, "A", "Z", "a", "b c", "zz"]),
        "number": _stretch(NUMBERS, [None, -3, 0, 1, 12]),
        "id": _stretch([0, 5, 40], [None, 3, 50]),
    },
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(where=CONDITIONS)
def test_the_files_that_the_log_tells_hold_the_rows_that_the_engine_finds(by_three, where):
    condition = where_condition(where)
    expected = _rows(read_stream(by_three, None, condition.sql() if condition else None).read_all())
    assert _rows(read_stream(by_three, None, condition).read_all()) == expected
    assert _sorted(to_duckdb(by_three, None, condition).fetchall()) == expected
    files = selected_files(by_three, condition)
    if files is not None:  # each row is a file
        assert files.num_rows == len(expected)
    assert (files is None) == ("id" in where)


def test_a_grid_with_holes_and_no_partition_at_all_are_told_from_the_log_or_by_the_engine(by_three):
    corners = where_condition({"day": DAYS[0], "number": 0}), where_condition({"day": DAYS[1], "number": 12})
    holed = Condition(tuple(box for corner in corners for box in corner.boxes))
    assert read_stream(by_three, ["id"], holed).read_all().num_rows == 2 * len(SITES)
    assert read_stream(by_three, ["id"], Condition(())).read_all().num_rows == 0
    assert to_duckdb(by_three, ["id"], Condition(())).fetchall() == []


@pytest.mark.parametrize("where", [{"day": "2024-01-01"}, {"number": 12.0}, {"number": True}, {"site": 5}])
def test_values_of_another_type_are_left_to_the_engine(by_three, where):
    assert selected_files(by_three, where_condition(where)) is None


def _written(lake, rows, **options):
    write_deltalake(lake.table_uri(KEY), rows, mode="append", **options)
    return lake.open(KEY)


def _is_direct(table):
    return direct_batches(table, table_schema(table), None) is not None


def test_files_that_need_the_engine_are_left_to_it(lake):
    rows = pa.table({"id": [1, 2], "name": ["a", None]})
    assert _is_direct(_written(lake, rows))
    later = rows.append_column("later", pa.array(["x", "y"]))
    table = _written(lake, later, schema_mode="merge")
    assert not _is_direct(table)
    assert read_stream(table, ["id", "name"], None).read_all().num_rows == 4
    assert _sorted(lake.read(KEY)["later"].to_pylist()) == _sorted(["x", "y", None, None])
    assert _sorted(lake.read_duckdb(KEY, columns=["later"]).fetchall()) == _sorted([("x",), ("y",), (None,), (None,)])


def test_a_file_whose_column_has_another_type_is_left_to_the_engine(lake):
    table = _written(lake, pa.table({"at": pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("us"))}))
    (file,) = table.file_uris()
    pq.write_table(pa.table({"at": pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("ns"))}), file, version="2.6")
    assert not _is_direct(lake.open(KEY))


def test_many_files_are_left_to_the_engine(lake):
    rows = pa.table({"id": list(range(MOST_FILES + 1)), "part": list(range(MOST_FILES + 1))})
    table = _written(lake, rows, partition_by=["part"])
    assert not _is_direct(table)
    assert lake.read(KEY, columns=["part"], where={"part": (0, MOST_FILES)}).num_rows == MOST_FILES


def test_a_file_whose_name_duckdb_takes_for_a_pattern_is_read_by_every_way(lake):
    made = HandMade(Path(lake.table_uri(KEY)), [field("id", "long")])
    made.add(pa.table({"id": [1, 2]}), path="part-*.parquet")
    made.commit()
    pq.write_table(pa.table({"id": [3]}), made.folder / "part-that-no-commit-names.parquet")
    assert lake.read(KEY)["id"].to_pylist() == [1, 2]
    assert lake.read_duckdb(KEY).fetchall() == [(1,), (2,)]


def test_a_lake_in_a_folder_with_spaces_and_umlauts_is_read_by_every_way(tmp_path):
    lake = Lake(str(tmp_path / "mein Süd See"))
    _written(lake, pa.table({"id": [1, 2], "day": DAYS[:2]}), partition_by=["day"])
    assert lake.read(KEY, where={"day": DAYS[0]})["id"].to_pylist() == [1]
    assert lake.read_duckdb(KEY, where={"day": DAYS[1]}).fetchall() == [(2, DAYS[1])]
    assert lake.read_duckdb(KEY, where={"id": 2}).fetchall() == [(2, DAYS[1])]


def test_a_page_that_is_damaged_behind_a_whole_footer_is_told(lake):
    table = _written(lake, pa.table({"id": list(range(100_000))}))
    file = Path(table.file_uris()[0])
    kept = bytearray(file.read_bytes())
    kept[8 : len(kept) // 2] = b"\xff" * (len(kept) // 2 - 8)
    file.write_bytes(kept)
    with pytest.raises(UnreadableTableError, match=f"{lake.uri}.*is damaged"):
        lake.read(KEY)
