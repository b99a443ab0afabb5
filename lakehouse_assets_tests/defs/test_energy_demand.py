"""A forecast of demand sees what was known when it was made, of its own meter, through days on which clocks jump."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.conform import conform
from lakehouse_assets.defs.energy import harmonize
from lakehouse_assets.defs.energy.days import SOURCE, contract
from lakehouse_assets.defs.energy.energy_demand import demand
from lakehouse_assets.defs.energy.energy_demand.day_ahead import (
    HISTORY_DAYS,
    day_ahead_features,
    day_type,
    feature_names,
    quarters_of,
)
from lakehouse_assets.sources.holidays import is_public_holiday
from lakehouse_assets.sources.local_time import day_begins
from lakehouse_assets.sources.plant.drift import ColumnDrift
from lakehouse_assets.sources.plant.energy import Works, write_days
from lakehouse_assets_tests.defs.deliveries import raw_of
from lakehouse_assets_tests.defs.use_cases import KEYS, declared, predicted_at, query, seen

#: An example takes half a second: a failing one is shown as it was found.
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
BEGIN, DAYS = date(2018, 1, 1), 70
DAY = date(2018, 2, 19)  # the forecasts made from it are for Tuesday, 20 February


def meter(name: str, begin: date = BEGIN, days: int = DAYS, zone: ZoneInfo = SEOUL, seed: int = 1) -> pd.DataFrame:
    """Harmonized readings of a meter, known as each local day ends."""
    frames = []
    for day in (begin + timedelta(days=n) for n in range(days)):
        told = quarters_of(day, zone).rename(columns={"target_at": "event_time", "quarter": "quarter_of_day"})
        known = pd.Timestamp(day_begins(day + timedelta(days=1), zone)).as_unit("us")
        frames.append(told.assign(meter_id=name, day=pd.Timestamp(day).as_unit("us"), known_at=known))
    rows = pd.concat(frames, ignore_index=True)
    shape = 40 + 20 * np.sin(2 * np.pi * rows["quarter_of_day"] / 96)
    return rows.assign(usage=np.maximum(shape + np.random.default_rng(seed).normal(0, 3, len(rows)), 0))


READINGS = pd.concat([meter("energy-A"), meter("energy-B", seed=2)], ignore_index=True)


def told(readings: pd.DataFrame, first: date = DAY, last: date = DAY) -> pd.DataFrame:
    """The forecasts made from some days, with the features that they see."""
    history = pd.Timestamp(first) - pd.Timedelta(
        days=declared("energy_demand")["features"][0]["inputs"]["readings"]["days"] - 1
    )
    loaded = readings[readings["day"].between(history, pd.Timestamp(last))]
    observed = demand.observations({"readings": loaded[loaded["day"] >= pd.Timestamp(first)]})
    return seen("energy_demand", observed, demand.features({"readings": loaded}, first, last))


def test_the_declaration_names_the_columns_that_the_functions_give() -> None:
    attributes = declared("energy_demand")
    assert list(attributes["features"][0]["columns"]) == feature_names()
    assert attributes["features"][0]["inputs"]["readings"]["days"] == HISTORY_DAYS
    assert list(attributes["entity"]) == KEYS["energy_demand"]
    observed = demand.observations({"readings": READINGS})
    assert set(observed) == {*attributes["entity"], "day", "known_at", *attributes["context"]}
    rows = demand.features({"readings": READINGS}, DAY, DAY)
    assert list(rows) == [*attributes["entity"], "day", "event_time", "known_at", *feature_names()]


def test_a_forecast_of_every_quarter_hour_of_the_next_day_is_made_as_that_day_begins() -> None:
    observed = demand.observations({"readings": READINGS[READINGS["day"].eq(pd.Timestamp(DAY))]})
    assert len(observed) == 2 * 96
    own = observed[observed["meter_id"].eq("energy-A")]
    begin = pd.Timestamp("2018-02-20", tz=SEOUL)
    assert own["target_at"].tolist() == [begin + pd.Timedelta(minutes=15) * n for n in range(1, 97)]
    assert own["target_quarter"].tolist() == list(range(96))
    assert set(predicted_at("energy_demand", observed)) == {begin}
    assert (set(own["target_day_type"]), set(own["week"])) == ({"working"}, {"2018-W08"})


def test_the_label_is_the_usage_of_the_quarter_hour_and_known_after_the_forecast() -> None:
    observed = demand.observations({"readings": READINGS})
    labels = query("energy_demand", "labels.sql", {"observations": observed, "readings": READINGS})
    assert len(labels) == (DAYS - 1) * 2 * 96
    usage = READINGS.set_index(["meter_id", "event_time"])["usage"]
    at = pd.MultiIndex.from_arrays([labels["meter_id"], labels["target_at"].astype("datetime64[us, UTC]")])
    np.testing.assert_array_equal(labels["label"], usage[at])
    made = predicted_at("energy_demand", observed).max()
    assert (labels["label_known_at"] >= labels["target_at"]).all()
    assert labels["label_known_at"].max() == made


@settings(max_examples=8, deadline=None, phases=NO_SHRINKING)
@given(late=st.integers(1, 40), days=st.integers(0, 3), seed=st.integers(0, 9))
def test_no_reading_that_was_not_known_yet_moves_a_forecast(late: int, days: int, seed: int) -> None:
    last = DAY + timedelta(days=days)
    made_at = pd.Timestamp(day_begins(DAY + timedelta(days=1), SEOUL))
    readings = READINGS.copy()
    some = readings.sample(late * 20, random_state=seed).index
    readings.loc[some, "known_at"] = made_at + pd.Timedelta(minutes=late)
    poisoned = readings.assign(usage=readings["usage"].where(readings["known_at"] <= made_at, 1e6))
    plain, other = (told(rows, DAY, last) for rows in (readings, poisoned))
    assert not plain.equals(other) or not days
    plain, other = (rows[rows["t"].eq(made_at)] for rows in (plain, other))
    assert len(plain) == 2 * 96
    pd.testing.assert_frame_equal(plain, other, check_exact=True)


def test_the_newest_reading_known_is_used_and_a_late_one_is_missing() -> None:
    last = READINGS["event_time"].eq(pd.Timestamp("2018-02-19T15:00Z")) & READINGS["meter_id"].eq("energy-A")
    assert last.sum() == 1
    moved = told(READINGS.assign(usage=READINGS["usage"].where(~last, 1e6)))
    assert moved["lag_1"].max() == 1e6
    arrives = READINGS["known_at"].where(~last, READINGS["known_at"] + pd.Timedelta(seconds=1))
    late = told(READINGS.assign(known_at=arrives))
    assert late["lag_1"].isna().sum() == 1
    assert late["lag_2"].notna().all()


def test_a_corrected_reading_counts_from_its_arrival_on() -> None:
    corrected = READINGS["event_time"].eq(pd.Timestamp("2018-02-18T03:00Z")) & READINGS["meter_id"].eq("energy-A")
    arrival = pd.Timestamp("2018-02-22T09:00Z")
    readings = READINGS.assign(
        usage=READINGS["usage"].where(~corrected, 1e6), known_at=READINGS["known_at"].where(~corrected, arrival)
    )
    rows = told(readings, DAY, date(2018, 2, 23))
    means = rows[rows["meter_id"].eq("energy-A")].groupby("t")["mean_7"].max()
    before, after = means[means.index < arrival], means[means.index >= arrival]
    assert before.max() < 100
    assert after.min() > 1e5


def test_a_day_is_the_same_alone_or_among_others_in_any_order_and_beside_other_meters() -> None:
    many = told(READINGS, DAY - timedelta(days=3), DAY + timedelta(days=3))
    alone = told(READINGS[READINGS["meter_id"].eq("energy-B")].sample(frac=1, random_state=1))
    among = many[many["meter_id"].eq("energy-B") & many["t"].eq(alone["t"].iloc[0])].reset_index(drop=True)
    pd.testing.assert_frame_equal(among, alone, check_exact=True)
    assert len(alone) == 96


def test_lags_are_the_same_quarter_of_days_before() -> None:
    rows = told(READINGS)
    usage = READINGS.set_index(["meter_id", "event_time"])["usage"]
    for lag in (1, 7, 28):
        at = pd.MultiIndex.from_arrays([rows["meter_id"], rows["target_at"] - pd.Timedelta(days=lag)])
        np.testing.assert_array_equal(rows[f"lag_{lag}"], usage[at])


def test_holidays_are_days_of_rest_and_like_days_are_compared() -> None:
    assert [day_type(date(2018, 2, n), is_public_holiday) for n in (14, 15, 17, 18, 24)] == [0, 2, 2, 2, 1]
    features = told(READINGS, date(2018, 2, 18), date(2018, 2, 18)).iloc[0]
    assert features["rest_before"] == 3
    usage = READINGS.set_index(["meter_id", "event_time"])["usage"]
    assert features["same_type_1"] == usage["energy-A", pd.Timestamp("2018-02-14 00:15", tz=SEOUL)]


@pytest.mark.parametrize(("day", "quarters"), [(date(2024, 3, 31), 92), (date(2024, 10, 27), 100)])
def test_a_day_on_which_the_clock_jumps_has_the_quarter_hours_that_it_has(day: date, quarters: int) -> None:
    readings = meter("m", day - timedelta(days=10), 14, BERLIN)
    after = day + timedelta(days=1)
    jumped, next_day = (day_ahead_features(readings, [one], BERLIN, is_public_holiday) for one in (day, after))
    assert (len(jumped), len(next_day)) == (quarters, 96)
    assert jumped["target_at"].diff().dropna().eq(pd.Timedelta(minutes=15)).all()
    assert jumped["target_at"].is_unique
    assert jumped["made_at"].iloc[0] == pd.Timestamp(day, tz=BERLIN)
    own = readings[readings["day"].eq(pd.Timestamp(day))].groupby("quarter_of_day")["usage"].mean()
    np.testing.assert_allclose(next_day["lag_1"], own.reindex(range(96)))
    assert next_day["lag_1"].isna().sum() == max(96 - quarters, 0)


def test_drift_on_command_reaches_the_features(tmp_path: Path) -> None:
    begin, days = date(2018, 3, 1), 4
    last = begin + timedelta(days=days - 1)
    found = []
    for name, drifts in (("plain", ()), ("drifted", [ColumnDrift("usage_kwh", last, 0.5)])):
        write_days(Works(), tmp_path / name, begin, last, drifts)
        raw = raw_of(tmp_path / name, SOURCE, begin, last)
        readings = conform(harmonize.readings(raw, SOURCE), contract("harmonized", "readings")).rows
        found.append(demand.features({"readings": readings}, begin, last))
    shift = (found[1]["lag_1"] - found[0]["lag_1"]).groupby(found[0]["day"]).mean()
    assert shift.tolist() == pytest.approx([0, 0, 0, 0.5 * 33.9], abs=0.02)


def test_missing_quarters_are_missing_and_a_silent_meter_is_not_forecast() -> None:
    holes = READINGS.drop(READINGS.sample(frac=0.3, random_state=1).index)
    assert told(holes)["lag_2"].isna().any()
    silent = READINGS["meter_id"].eq("energy-A") & READINGS["day"].eq(pd.Timestamp(DAY))
    assert set(told(READINGS[~silent])["meter_id"]) == {"energy-B"}


def test_no_readings_give_empty_tables_with_all_columns() -> None:
    nothing = {"readings": READINGS.iloc[:0]}
    rows, observed = demand.features(nothing, DAY, DAY), demand.observations(nothing)
    assert rows.empty
    assert observed.empty
    whole = demand.features({"readings": READINGS}, DAY, DAY)
    assert rows.dtypes.drop("meter_id").equals(whole.dtypes.drop("meter_id"))
    assert set(observed) == set(demand.observations({"readings": READINGS}))
