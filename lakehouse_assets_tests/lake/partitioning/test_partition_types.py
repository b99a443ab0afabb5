"""Every kind of partition by every type of column: what is written under a key is what is loaded under it."""

import datetime as dt

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from lakehouse_assets.lake.errors import MissingSettingError, OutsidePartitionError, PartitionTypeError
from lakehouse_assets_tests.lake.makers import DAYS, ONE_RUN, asset_of, daily, rows_of

UTC_HOURS = dg.HourlyPartitionsDefinition(start_date="2024-01-01-00:00", end_date="2024-01-03-00:00")
BERLIN_HOURS = dg.HourlyPartitionsDefinition(
    start_date="2024-10-26-00:00", end_date="2024-10-29-00:00", timezone="Europe/Berlin"
)
BERLIN_DAYS = dg.DailyPartitionsDefinition(start_date="2024-03-29", end_date="2024-04-03", timezone="Europe/Berlin")
WEEKS = dg.WeeklyPartitionsDefinition(start_date="2024-01-01", end_date="2024-03-01")
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2024-01-01", end_date="2024-06-01")
NUMBERED_DAYS = dg.DailyPartitionsDefinition(start_date="20240101", end_date="20240201", fmt="%Y%m%d")
ODD_KEYS = ["it's", "a b", "a/b", "100%", "Größe µ≥3", 'say "hi"', "a=b", "%2F", "semi;colon --", "漢字", "back\\slash"]


def _instants(definition, key, zone="UTC"):
    """The first instant of the key's window, one inside it and the last."""
    window = definition.time_window_for_partition_key(key)
    start, end = window.start.astimezone(dt.UTC), window.end.astimezone(dt.UTC)
    times = [start, start + (end - start) / 2, end - dt.timedelta(microseconds=1)]
    return times if zone else [time.astimezone(window.start.tzinfo).replace(tzinfo=None) for time in times]


def _dates(definition, key, _zone=None):
    window = definition.time_window_for_partition_key(key)
    number = (window.end.date() - window.start.date()).days
    return [window.start.date() + dt.timedelta(days=step) for step in range(number)]


CASES = {
    "daily date": (DAYS, _dates, pa.date32(), "2024-01-02", "2024-01-03"),
    "daily instant": (DAYS, _instants, pa.timestamp("us", "UTC"), "2024-01-02", "2024-01-03"),
    "daily nanoseconds": (DAYS, _instants, pa.timestamp("ns", "UTC"), "2024-01-02", "2024-01-03"),
    "daily wall clock": (DAYS, lambda d, k: _instants(d, k, None), pa.timestamp("us"), "2024-01-02", "2024-01-03"),
    "daily text": (DAYS, lambda _, k: [k] * 3, pa.string(), "2024-01-02", "2024-01-03"),
    "daily number": (NUMBERED_DAYS, lambda _, k: [int(k)], pa.int32(), "20240102", "20240103"),
    "daily instant, clocks go forward": (
        BERLIN_DAYS, _instants, pa.timestamp("us", "UTC"), "2024-03-31", "2024-04-01",
    ),
    "daily wall clock, clocks go forward": (
        BERLIN_DAYS, lambda d, k: _instants(d, k, None), pa.timestamp("us"), "2024-03-31", "2024-04-01",
    ),
    "hourly instant": (UTC_HOURS, _instants, pa.timestamp("us", "UTC"), "2024-01-01-05:00", "2024-01-01-06:00"),
    "hourly wall clock": (
        UTC_HOURS, lambda d, k: _instants(d, k, None), pa.timestamp("us"), "2024-01-01-05:00", "2024-01-01-06:00",
    ),
    "hourly text": (UTC_HOURS, lambda _, k: [k], pa.string(), "2024-01-01-05:00", "2024-01-01-06:00"),
    "weekly date": (WEEKS, _dates, pa.date32(), WEEKS.get_partition_keys()[1], WEEKS.get_partition_keys()[2]),
    "weekly instant": (
        WEEKS, _instants, pa.timestamp("us", "UTC"), WEEKS.get_partition_keys()[1], WEEKS.get_partition_keys()[2],
    ),
    "monthly date": (MONTHS, _dates, pa.date32(), "2024-02-01", "2024-03-01"),
    "monthly wall clock": (
        MONTHS, lambda d, k: _instants(d, k, None), pa.timestamp("us"), "2024-02-01", "2024-03-01",
    ),
    "static number": (
        dg.StaticPartitionsDefinition(["1", "2", "10"]), lambda _, k: [int(k)], pa.int64(), "1", "10",
    ),
    "static date": (
        dg.StaticPartitionsDefinition(["2024-01-01", "2024-07-01"]),
        lambda _, k: [dt.date.fromisoformat(k)], pa.date32(), "2024-01-01", "2024-07-01",
    ),
}  # fmt: skip


def _pair(definition, values, kind):
    """An asset partitioned as given, and one that loads the same partition of it."""

    @dg.asset(partitions_def=definition, metadata={"partition_expr": "part"}, backfill_policy=ONE_RUN)
    def upstream(context: dg.AssetExecutionContext):
        rows = [(value, key) for key in context.partition_keys for value in values(definition, key)]
        part = pa.array([row[0] for row in rows], pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else kind)
        return pa.table({"part": part.cast(kind), "key": [row[1] for row in rows]})

    @dg.asset(partitions_def=definition, metadata={"partition_expr": "part"})
    def downstream(upstream: pa.Table) -> pa.Table:
        return upstream

    return upstream, downstream


@pytest.mark.parametrize("case", CASES, ids=lambda name: name.replace(" ", "-"))
def test_each_partition_is_replaced_and_loaded_by_itself(case, lake, materialise):
    definition, values, kind, first, second = CASES[case]
    upstream, downstream = _pair(definition, values, kind)
    expected = {key: len(values(definition, key)) for key in (first, second)}
    for key in (first, second, first):
        materialise(upstream, key)
    keys = [row[0] for row in rows_of(lake.read(["upstream"]), "key")]
    assert {key: keys.count(key) for key in set(keys)} == expected
    materialise(downstream, second, others=[upstream])
    assert {row[0] for row in rows_of(lake.read(["downstream"]), "key")} == {second}
    assert lake.row_count(["downstream"]) == expected[second]


def test_an_hour_that_the_clocks_run_through_twice_is_two_partitions_of_instants(lake, materialise):
    upstream, _ = _pair(BERLIN_HOURS, _instants, pa.timestamp("us", "UTC"))
    doubled = [key for key in BERLIN_HOURS.get_partition_keys() if key.startswith("2024-10-27-0")]
    assert len(set(doubled)) == len(doubled) == 11
    for key in doubled:
        materialise(upstream, key)
    keys = [row[0] for row in rows_of(lake.read(["upstream"]), "key")]
    assert {key: keys.count(key) for key in set(keys)} == dict.fromkeys(doubled, 3)


def test_an_hour_that_the_clocks_run_through_twice_is_refused_on_a_wall_clock(materialise):
    upstream, _ = _pair(BERLIN_HOURS, lambda d, k: _instants(d, k, None), pa.timestamp("us"))
    materialise(upstream, "2024-10-27-01:00")
    refused = 0
    for key in BERLIN_HOURS.get_partition_keys():
        if key.startswith("2024-10-27-02"):
            with pytest.raises(PartitionTypeError, match="twice"):
                materialise(upstream, key)
            refused += 1
    assert refused


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
def test_keys_with_odd_characters_are_their_own_partitions(dynamic, lake, instance, materialise):
    definition = dg.DynamicPartitionsDefinition(name="odd") if dynamic else dg.StaticPartitionsDefinition(ODD_KEYS)
    if dynamic:
        instance.add_dynamic_partitions("odd", ODD_KEYS)
    upstream, downstream = _pair(definition, lambda _, key: [key, key], pa.string())
    for key in ODD_KEYS:
        materialise(upstream, key)
    materialise(upstream, ODD_KEYS[2])
    assert lake.row_count(["upstream"]) == 2 * len(ODD_KEYS)
    for key in ODD_KEYS:
        materialise(downstream, key, others=[upstream])
    assert rows_of(lake.read(["downstream"])) == rows_of(lake.read(["upstream"]))
    from_duckdb = lake.read_duckdb(["upstream"], where={"part": "it's"}).fetchall()
    assert from_duckdb == [("it's", "it's")] * 2
    assert {row[0] for row in lake.read_duckdb(["upstream"], columns=["part"]).fetchall()} == set(ODD_KEYS)


GRID = dg.MultiPartitionsDefinition({"site": dg.StaticPartitionsDefinition(["north", "south", "east"]), "date": DAYS})


@pytest.mark.parametrize("kind", ["date", "instant"])
def test_two_dimensions_are_replaced_and_loaded_cell_by_cell(kind, lake, materialise):
    def make(context):
        cells = [key.keys_by_dimension for key in context.partition_keys]
        days = [pd.Timestamp(cell["date"]) for cell in cells]
        column = [one.date() for one in days] if kind == "date" else [one.tz_localize("UTC") for one in days]
        return pd.DataFrame({"day": column, "site": [cell["site"] for cell in cells], "run": context.run.run_id})

    @dg.asset(partitions_def=GRID, metadata={"partition_expr": {"date": "day", "site": "site"}})
    def down(table: pd.DataFrame) -> pd.DataFrame:
        return table

    table = asset_of(make, GRID, partition_expr={"date": "day", "site": "site"})
    for site in ("north", "south"):
        for date in ("2024-01-01", "2024-01-02"):
            materialise(table, dg.MultiPartitionKey({"site": site, "date": date}))
    before = dict(rows_of(lake.read(["table"]), "site", "run"))
    result = materialise(table, dg.MultiPartitionKey({"site": "south", "date": "2024-01-02"}))
    after = lake.read_pandas(["table"])
    assert len(after) == 4
    assert set(after.loc[after["run"] == result.run_id, "site"]) == {"south"}
    assert (after["run"] == result.run_id).sum() == 1
    assert before
    materialise(down, dg.MultiPartitionKey({"site": "north", "date": "2024-01-02"}), others=[table])
    assert rows_of(lake.read(["down"]), "site") == [("north",)]


TWINS = {
    "numbers": (dg.StaticPartitionsDefinition(["1", "2", "01"]), "1", "01", lambda key: int(key)),
    "days": (
        dg.StaticPartitionsDefinition(["2024-01-01", "20240101"]),
        "2024-01-01",
        "20240101",
        dt.date.fromisoformat,
    ),
    "dynamic numbers": (dg.DynamicPartitionsDefinition(name="twins"), "1", "01", lambda key: int(key)),
}


@pytest.mark.parametrize("case", TWINS)
def test_two_keys_that_are_one_value_in_their_column_are_refused_before_one_overwrites_the_other(
    case, lake, instance, materialise
):
    definition, one, other, value = TWINS[case]
    if isinstance(definition, dg.DynamicPartitionsDefinition):
        instance.add_dynamic_partitions("twins", [one, other])
    table = asset_of(
        lambda context: pd.DataFrame({"part": [value(context.partition_key)], "key": [context.partition_key]}),
        definition,
        partition_expr="part",
    )
    for key in (one, other) if isinstance(definition, dg.StaticPartitionsDefinition) else (other,):
        with pytest.raises(PartitionTypeError, match="each would overwrite the other's rows"):
            materialise(table, key)
    assert not lake.exists(["table"])


def test_a_static_key_with_leading_zeros_is_a_number_where_no_other_key_is_it(lake, materialise):
    months = dg.StaticPartitionsDefinition(["01", "02"])
    table = asset_of(
        lambda context: pd.DataFrame({"month": [int(context.partition_key)]}), months, partition_expr="month"
    )
    for key in ("01", "02", "01"):
        materialise(table, key)
    assert rows_of(lake.read(["table"])) == [(1,), (2,)]


def test_a_key_that_the_columns_integer_cannot_hold_is_told(materialise):
    table = asset_of(
        lambda _: pa.table({"part": pa.array([1], pa.int8())}),
        dg.StaticPartitionsDefinition(["1", "300"]),
        partition_expr="part",
    )
    with pytest.raises(PartitionTypeError, match="int8, which cannot hold partition key 300"):
        materialise(table, "300")


def test_a_missing_partition_expr_is_told_with_what_to_write(materialise):
    table = asset_of(lambda _: pd.DataFrame({"day": []}), DAYS)
    with pytest.raises(MissingSettingError, match="partition_expr"):
        materialise(table, "2024-01-01")


def test_a_partition_column_that_the_rows_lack_is_told(materialise):
    with pytest.raises(PartitionTypeError, match=r"'nope'.*They have: x"):
        materialise(daily(lambda _: pd.DataFrame({"x": [1]}), partition_expr="nope"), "2024-01-01")


def test_hours_in_a_date_column_are_refused(materialise):
    table = asset_of(lambda _: pd.DataFrame({"d": [dt.date(2024, 1, 1)]}), UTC_HOURS, partition_expr="d")
    with pytest.raises(PartitionTypeError, match="shorter than a day"):
        materialise(table, "2024-01-01-05:00")


def test_an_event_of_the_next_hour_is_outside(materialise):
    def make(_):
        return pd.DataFrame({"at": [pd.Timestamp("2024-01-01 06:00", tz="UTC")]})

    with pytest.raises(OutsidePartitionError):
        materialise(asset_of(make, UTC_HOURS, partition_expr="at"), "2024-01-01-05:00")


def test_a_table_of_nothing_but_partition_columns_is_replaced_partition_by_partition(lake, materialise):
    table = daily(lambda context: pd.DataFrame({"day": [dt.date.fromisoformat(key) for key in context.partition_keys]}))
    materialise(table, span=("2024-01-01", "2024-01-03"))
    materialise(table, "2024-01-02")
    assert lake.row_count(["table"]) == 3
