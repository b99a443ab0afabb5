"""An observation sees what had happened and was known at its time: on random tables, as a plain loop finds it."""

import os
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lakehouse_assets.features import point_in_time
from lakehouse_assets.features.feature_view import FeatureView
from lakehouse_assets.features.point_in_time import point_in_time_join
from lakehouse_assets.lake.table import Lake

START = datetime(2024, 3, 30)
HOUR = timedelta(hours=1)
EXAMPLES = int(os.environ.get("POINT_IN_TIME_EXAMPLES", "30"))

Row = tuple[Any, ...]


def oracle(observations: list[Row], rows: list[Row], limit: timedelta | None) -> list[Any]:
    """The feature of each observation (key..., t), out of rows (key..., event, known, feature), row by row."""
    found = []
    for *key, t in observations:
        seen = [
            (event, known, (feature is None, feature or 0), feature)
            for *own, event, known, feature in rows
            if own == key and None not in (*key, t, event, known) and event <= t and known <= t
        ]
        newest = max((row[:2] for row in seen), default=None)
        best = min((row for row in seen if row[:2] == newest), key=lambda row: row[2], default=None)
        fresh = best is not None and (limit is None or t - best[0] <= limit)
        found.append(best[3] if best is not None and fresh else None)
    return found


def as_table(rows: list[Row], names: list[str], types: list[pa.DataType]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table([pa.array(list(c), t) for c, t in zip(columns, types, strict=True)], names=names)


hours = st.none() | st.integers(0, 30).map(lambda n: START + n * HOUR)
keys = st.sampled_from(["a", "b", None])
feature = st.none() | st.integers(-3, 3)
limits = st.none() | st.integers(0, 12).map(lambda n: n * HOUR)
NAIVE, ZONED, NANO = pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("ns")


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    observations=st.lists(st.tuples(keys, st.sampled_from([1, 2]), hours), max_size=25),
    rows=st.lists(st.tuples(keys, st.sampled_from([1, 2, 3]), hours, hours, feature), max_size=40),
    limit=limits,
    kind=st.sampled_from([NAIVE, ZONED, NANO, pa.timestamp("us", "Asia/Kathmandu")]),
    cells=st.sampled_from([0.3, 1, 8]),
)
@example(
    observations=[("a", 1, START + 5 * HOUR)],
    rows=[("a", 1, START + 4 * HOUR, START + 6 * HOUR, 1), ("a", 1, START, START, 2)],
    limit=None,
    kind=NAIVE,
    cells=8,
).via("the newest event is not yet known: the one before it is seen")
def test_the_join_finds_what_a_plain_loop_finds(
    observations: list[Row], rows: list[Row], limit: timedelta | None, kind: pa.DataType, cells: float
) -> None:
    table = as_table(observations, ["k", "line", "t"], [pa.string(), pa.int64(), kind])
    held = as_table(rows, ["k", "line", "e", "a", "x"], [pa.string(), pa.int32(), kind, kind, pa.int64()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(point_in_time, "CELLS_PER_OBSERVATION", cells)
        joined = point_in_time_join(table, "t", [FeatureView("v", held, ("k", "line"), "e", "a", ("x",), limit)])
    assert joined.column("x").to_pylist() == oracle(observations, rows, limit)
    assert joined.select(table.column_names) == table


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(
    observations=st.lists(st.tuples(st.none() | st.integers(0, 9)), max_size=8),
    rows=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 239), feature), max_size=15),
    limit=st.none() | st.integers(0, 5).map(lambda n: timedelta(days=n)),
)
def test_dates_are_their_midnight_beside_times_of_ingestion(
    observations: list[Row], rows: list[Row], limit: timedelta | None
) -> None:
    day = [("k", None if n is None else START + timedelta(days=n)) for (n,) in observations]
    held = [("k", START + timedelta(days=e), START + a * HOUR, x) for e, a, x in rows]
    joined = point_in_time_join(
        as_table([(k, t and t.date()) for k, t in day], ["k", "t"], [pa.string(), pa.date32()]),
        "t",
        [
            FeatureView(
                "v",
                as_table([(k, e.date(), a, x) for k, e, a, x in held], ["k", "e", "a", "x"], [
                    pa.string(), pa.date32(), ZONED, pa.int64(),
                ]),
                ("k",), "e", "a", ("x",), limit,
            )
        ],
    )  # fmt: skip
    assert joined.column("x").to_pylist() == oracle(day, held, limit)


def view(rows: pa.Table | duckdb.DuckDBPyRelation, **changed: Any) -> FeatureView:
    given: dict[str, Any] = {"name": "v", "keys": ("k",), "event_time": "e", "known_at": "a", "features": ("x",)}
    return FeatureView(rows=rows, **{**given, **changed})


def day(number: float) -> datetime:
    return START + timedelta(days=number)


#: An event of day 1 ingested on day 3 and corrected on day 5; one of day 2 ingested at once.
LATE = as_table(
    [("a", day(0), day(0), 10), ("a", day(1), day(3), 11), ("a", day(1), day(5), 12), ("a", day(2), day(2), 20)],
    ["k", "e", "a", "x"],
    [pa.string(), NAIVE, NAIVE, pa.int64()],
)


def moments(*numbers: float) -> pa.Table:
    return as_table([("a", day(n)) for n in numbers], ["k", "t"], [pa.string(), NAIVE])


def test_a_late_event_and_its_correction_are_seen_from_their_ingestion_on() -> None:
    only_day_one = LATE.slice(0, 3)
    joined = point_in_time_join(moments(0.5, 1.5, 2.9, 3, 4.9, 5), "t", [view(only_day_one)])
    assert joined.column("x").to_pylist() == [10, 10, 10, 11, 11, 12]


def test_a_join_that_ignores_when_rows_were_ingested_gives_something_else() -> None:
    observations = moments(1.5, 2.5, 4)
    leaking = duckdb.connect()
    leaking.register("o", observations)
    leaking.register("f", LATE)
    leaked = leaking.sql("SELECT x FROM o ASOF LEFT JOIN f ON o.k = f.k AND o.t >= f.e ORDER BY t").fetchall()
    right = point_in_time_join(observations, "t", [view(LATE)]).column("x").to_pylist()
    assert right == [10, 20, 20]
    assert [x for (x,) in leaked] != right


def test_rows_poisoned_with_the_future_change_nothing() -> None:
    observations = moments(1.5, 2.5)
    future = as_table(
        [("a", day(9), day(0), 999), ("a", day(1), day(9), 999), ("a", day(2.2), day(2.6), 999)],
        LATE.column_names,
        list(LATE.schema.types),
    )
    poisoned = pa.concat_tables([future, LATE])
    assert point_in_time_join(observations, "t", [view(poisoned)]) == point_in_time_join(
        observations, "t", [view(LATE)]
    )


def test_features_exactly_as_old_as_the_limit_are_taken_and_older_ones_are_null_not_replaced() -> None:
    joined = point_in_time_join(moments(5, 5.001), "t", [view(LATE, limit=timedelta(days=3), event_time_as="as_of")])
    assert joined.column("x").to_pylist() == [20, None]
    assert joined.column("as_of").to_pylist() == [day(2), None]


def test_any_names_any_case_and_several_views_stand_side_by_side() -> None:
    quote, dash = 'an "odd" name; --', "sélect"
    observations = pa.table({quote: ["a", "a"], "from": [1, 2], "T": [day(2), day(1)], "t": [0, 0]})
    left = pa.table({quote: ["a"], "E": [day(0)], "e": [day(1)], "X": [1.5], "x": ["lower"], dash: [[1, 2]]})
    right = pa.table({"from": [2, 1], "group": [day(0)] * 2, "{order}": ["two", "one"]})
    joined = point_in_time_join(
        observations,
        "T",
        [
            view(left, keys=(quote,), event_time="E", known_at="e", features=("x", "X", dash)),
            view(right, keys=("from",), event_time="group", known_at="group", features=("{order}",)),
        ],
    )
    assert joined.to_pydict() == {
        **observations.to_pydict(), "x": ["lower"] * 2, "X": [1.5] * 2, dash: [[1, 2]] * 2, "{order}": ["one", "two"],
    }  # fmt: skip


def test_observations_are_neither_dropped_nor_multiplied_nor_moved() -> None:
    several = pa.table({"k": ["b", "a", None, "a"] * 50, "t": [day(4), day(4), day(4), None] * 50, "n": range(200)})
    doubled = pa.concat_tables([LATE, LATE])
    joined = point_in_time_join(several, "t", [view(doubled)])
    assert joined.select(["k", "t", "n"]) == several
    assert joined.column("x").to_pylist() == [None, 20, None, None] * 50


def test_of_rows_equal_in_both_times_the_same_one_is_taken_in_whatever_order_they_come() -> None:
    twins = as_table([("a", day(0), day(0), x) for x in (3, None, 1)], LATE.column_names, list(LATE.schema.types))
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        joined = point_in_time_join(moments(1), "t", [view(twins.take(order))])
        assert joined.column("x").to_pylist() == [1]


def test_a_nanosecond_too_late_is_too_late() -> None:
    moment = pa.array([1_700_000_000_000_000_000], pa.int64())
    observations = pa.table({"k": ["a"], "t": moment.cast(NANO)})
    for late, seen in ((0, 1), (1, None)):
        at = pa.array([moment[0].as_py() + late]).cast(NANO)
        rows = pa.table({"k": ["a"], "e": moment.cast(NANO), "a": at, "x": [1]})
        assert point_in_time_join(observations, "t", [view(rows)]).column("x").to_pylist() == [seen]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Seoul"])
def test_the_sessions_time_zone_moves_nothing(zone: str) -> None:
    zoned = LATE.set_column(2, "a", LATE.column("a").cast(ZONED)).set_column(1, "e", LATE.column("e").cast(pa.date32()))
    observations = moments(1.99, 2).set_column(1, "t", moments(1.99, 2).column("t").cast(ZONED))
    connection = duckdb.default_connection()
    connection.execute(f"SET TimeZone = '{zone}'").fetchall()
    joined = point_in_time_join(observations, "t", [view(duckdb.from_arrow(zoned))])
    assert joined.column("x").to_pylist() == [10, 20]


def test_a_delta_table_read_by_duckdb_gives_what_the_arrow_table_gives(tmp_path: Any) -> None:
    write_deltalake(str(tmp_path / "features" / "v"), LATE)
    relation = Lake(str(tmp_path)).read_duckdb(["features", "v"])
    observations = moments(0.5, 1.5, 3, 9)
    assert (
        point_in_time_join(observations, "t", [view(relation)]).column("x").to_pylist()
        == point_in_time_join(observations, "t", [view(LATE)]).column("x").to_pylist()
    )
    left_behind = duckdb.sql("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'pit%'").fetchall()
    assert left_behind == []


def test_categories_match_the_text_they_stand_for() -> None:
    observations = moments(2)
    categories = observations.set_column(0, "k", observations.column("k").dictionary_encode())
    assert point_in_time_join(categories, "t", [view(LATE)]).column("x").to_pylist() == [20]


def test_no_observations_and_no_rows_give_all_columns() -> None:
    joined = point_in_time_join(moments(), "t", [view(LATE)])
    assert (joined.num_rows, joined.column_names) == (0, ["k", "t", "x"])
    assert point_in_time_join(moments(1), "t", [view(LATE.slice(0, 0))]).column("x").to_pylist() == [None]


def test_what_cannot_be_joined_is_refused_with_the_columns_named() -> None:
    observations = moments(1)
    with pytest.raises(ValueError, match=r"feature view v: the columns .'speed'."):
        point_in_time_join(observations, "t", [view(LATE, features=("speed",))])
    with pytest.raises(ValueError, match=r"the observations: the columns .'when'."):
        point_in_time_join(observations, "when", [view(LATE)])
    with pytest.raises(ValueError, match=r"'x'. would stand twice"):
        point_in_time_join(observations, "t", [view(LATE), view(LATE)])
    with pytest.raises(ValueError, match=r"with a zone: feature view v's a; without: .*t, feature view v's e"):
        point_in_time_join(observations, "t", [view(LATE.set_column(2, "a", LATE.column("a").cast(ZONED)))])
    with pytest.raises(ValueError, match="x is BIGINT; a date or a timestamp"):
        point_in_time_join(observations, "t", [view(LATE, known_at="x")])
    with pytest.raises(ValueError, match="key k is BIGINT, that of the observations VARCHAR"):
        point_in_time_join(observations, "t", [view(LATE.set_column(0, "k", LATE.column("x")))])
    with pytest.raises(duckdb.InvalidInputException, match="only once"):
        point_in_time_join(moments(1, 2), "t", [view(duckdb.from_arrow(LATE.to_reader()))])
    with pytest.raises(ValueError, match="limit"):
        view(LATE, limit=timedelta(days=-1))


def test_a_date_column_of_the_observations_is_kept_as_it_is() -> None:
    observations = pa.table({"k": ["a"], "t": pa.array([date(2024, 4, 1)])})
    assert point_in_time_join(observations, "t", [view(LATE)]).schema.field("t").type == pa.date32()
