"""An engine's features on a day, its label, the cuts that evaluate it, and the metrics of remaining useful life."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.defs.turbofan.turbofan_rul import rul
from lakehouse_assets.features.baselines import empty_baselines, update_baselines
from lakehouse_assets.features.windows import HISTORY_DAYS, MODEL_SENSORS, feature_names
from lakehouse_assets_tests.defs.use_cases import KEYS, declared, feature_columns, predicted_at, query, seen

BEGIN = date(2024, 1, 1)
ARRIVES = pd.Timedelta("1D 00:30:00")


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(BEGIN + timedelta(days=number)).as_unit("us")


def engine(name: str, cycles: int, first_day: int = 0) -> pd.DataFrame:
    random = np.random.default_rng([*name.encode()])
    values = random.normal(size=(cycles, len(MODEL_SENSORS))) + np.linspace(0, 2, cycles)[:, None]
    days = [day(first_day + n) for n in range(cycles)]
    frame = pd.DataFrame({"engine_id": name, "day": days, "cycle": range(1, cycles + 1), "fleet": "FS001"})
    frame["known_at"] = frame["day"].dt.tz_localize("UTC") + ARRIVES
    return pd.concat([frame, pd.DataFrame(values, columns=list(MODEL_SENSORS))], axis=1).assign(feature_version="v1")


READINGS = pd.concat([engine("fails", 130), engine("flies", 140), engine("young", 30, 100)], ignore_index=True)
FAILURES = READINGS[READINGS["engine_id"].eq("fails") & READINGS["cycle"].eq(130)]
TABLES = {"readings": READINGS, "failures": FAILURES}


def told(readings: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """The observations of some days with the features that their predictions see."""
    inputs = declared("turbofan_rul")["features"][0]["inputs"]
    history = readings["day"].between(day(first - inputs["normalised"]["days"] + 1), day(last))
    baselines = update_baselines(empty_baselines(MODEL_SENSORS), readings, MODEL_SENSORS)
    baselines = baselines[baselines["day"].between(day(first), day(last))]
    span = day(first).date(), day(last).date()
    rows = rul.features({"normalised": readings[history], "baselines": baselines}, *span)
    within = readings[readings["day"].between(day(first), day(last))]
    observed = query("turbofan_rul", "observations.sql", {"readings": within, "failures": FAILURES})
    return seen("turbofan_rul", observed, rows).sort_values(["engine_id", "t"], ignore_index=True)


def labels_of(**tables: pd.DataFrame) -> pd.DataFrame:
    given_tables = {**TABLES, **tables}
    observed = query("turbofan_rul", "observations.sql", given_tables)
    return query("turbofan_rul", "labels.sql", {**given_tables, "observations": observed})


def test_the_declaration_names_the_columns_that_the_functions_give() -> None:
    attributes = declared("turbofan_rul")
    assert feature_columns("turbofan_rul") == ["age", *feature_names()[1:]]
    assert attributes["features"][0]["inputs"]["normalised"]["days"] == HISTORY_DAYS
    assert list(attributes["entity"]) == KEYS["turbofan_rul"]
    observed = query("turbofan_rul", "observations.sql", TABLES)
    assert set(observed) == {*attributes["entity"], "day", "known_at", *attributes["context"]}
    baselines = update_baselines(empty_baselines(MODEL_SENSORS), READINGS, MODEL_SENSORS)
    rows = rul.features({"normalised": READINGS, "baselines": baselines}, BEGIN, BEGIN)
    assert list(rows) == [
        "engine_id",
        "day",
        "event_time",
        "known_at",
        *feature_columns("turbofan_rul"),
        "feature_version",
    ]


def test_an_engine_that_is_known_to_have_failed_is_not_observed() -> None:
    observed = query("turbofan_rul", "observations.sql", TABLES)
    assert len(observed) == len(READINGS) - 1
    assert observed[observed["engine_id"].eq("fails")]["cycle"].max() == 129
    late = FAILURES.assign(known_at=FAILURES["known_at"] + pd.Timedelta(days=1))
    assert len(query("turbofan_rul", "observations.sql", {**TABLES, "failures": late})) == len(READINGS)


def test_the_label_is_the_cycles_left_and_known_since_the_failure_is() -> None:
    labels = labels_of()
    assert labels["engine_id"].unique().tolist() == ["fails"]
    assert sorted(labels["label"]) == [float(n) for n in range(1, 130)]
    assert labels["label_known_at"].eq(FAILURES["known_at"].iloc[0]).all()
    by_day = labels.set_index("day")["label"]
    assert (by_day.loc[day(0)], by_day.loc[day(128)]) == (129.0, 1.0)


def test_an_engine_that_failed_twice_or_flew_on_has_no_label() -> None:
    assert labels_of(failures=pd.concat([FAILURES, FAILURES.assign(cycle=90, day=day(89))])).empty
    flew_on = READINGS[READINGS["engine_id"].eq("fails")].tail(1).assign(cycle=131, day=day(130))
    assert labels_of(readings=pd.concat([READINGS, flew_on])).empty


def test_the_official_test_takes_the_last_observation_of_each_engine_with_a_stated_life() -> None:
    lives = pd.DataFrame({"engine_id": ["flies", "unheard of"], "remaining_cycles": [7, 9]})
    observed = query("turbofan_rul", "observations.sql", TABLES)
    (row,) = query("turbofan_rul", "official_test.sql", {"observations": observed, "lives": lives}).to_dict("records")
    assert (row["engine_id"], row["day"], row["label"]) == ("flies", day(139), 7.0)


def test_no_reading_that_came_after_a_prediction_moves_it() -> None:
    before = told(READINGS, 95, 105)
    made_at = pd.Timestamp(day(100)).tz_localize("UTC") + pd.Timedelta(hours=26)
    late = READINGS["day"].eq(day(98)) & READINGS["engine_id"].eq("flies")
    readings = READINGS.assign(known_at=READINGS["known_at"].mask(late, made_at + pd.Timedelta(minutes=1)))
    poisoned = readings.copy()
    poisoned.loc[readings["known_at"] > made_at, list(MODEL_SENSORS)] = 1e6
    plain, other = (rows[rows["t"] <= made_at] for rows in (told(readings, 95, 105), told(poisoned, 95, 105)))
    pd.testing.assert_frame_equal(plain.reset_index(drop=True), other.reset_index(drop=True), check_exact=True)
    assert before["t"].le(made_at).sum() == len(plain) + 1  # the late reading is itself predicted later
    assert not told(poisoned, 95, 105).equals(told(readings, 95, 105))


def test_a_day_whose_history_was_corrected_later_is_served_by_the_newest_row_then_known() -> None:
    late = READINGS["day"].eq(day(99)) & READINGS["engine_id"].eq("flies")
    arrival = pd.Timestamp(day(103)).tz_localize("UTC")
    rows = told(READINGS.assign(known_at=READINGS["known_at"].mask(late, arrival)), 96, 104)
    own = rows[rows["engine_id"].eq("flies")].set_index("t")["age"]
    at = {int((t.tz_localize(None) - day(0)).days) - 1: cycle for t, cycle in own.items() if t != arrival}
    assert [at[n] for n in (96, 97, 98)] == [97.0, 98.0, 99.0]
    assert [at[n] for n in (100, 101)] == [99.0, 99.0]
    assert [at[n] for n in (102, 103, 104)] == [103.0, 104.0, 105.0]
    assert own[arrival] == 102.0  # known by then: the row of day 101


def test_features_of_two_feature_versions_are_refused() -> None:
    mixed = READINGS.assign(feature_version=["v1" if when < day(50) else "v2" for when in READINGS["day"]])
    with pytest.raises(ValueError, match="the feature versions v1, v2 lie side by side"):
        told(mixed, 95, 95)


def labelled(lives: list[int]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"engine_id": f"engine-{n:03d}", "cycle": range(1, life), "label": np.arange(life - 1, 0, -1.0)})
        for n, life in enumerate(lives)
    ]
    return pd.concat(frames, ignore_index=True)


def test_cuts_are_in_service_the_same_every_time_and_of_no_other_engines_making() -> None:
    rows = labelled([200, 60, 22, 300])
    cuts = rul.random_cuts(rows)
    assert cuts["cycle"].ge(rul.FIRST_CUT).all()
    assert cuts["label"].between(rul.LAST_CUT, rul.LONGEST_RUL).all()
    counts = cuts.groupby("engine_id").size()
    assert counts.to_dict() == {"engine-000": 8, "engine-001": 8, "engine-003": 8}
    alone = rul.random_cuts(rows[rows["engine_id"].eq("engine-003")].sample(frac=1, random_state=1))
    expected = cuts[cuts["engine_id"].eq("engine-003")]
    pd.testing.assert_frame_equal(alone.sort_values("cycle", ignore_index=True), expected.reset_index(drop=True))


LIVES = st.lists(st.integers(0, 300), min_size=1, max_size=30)


@given(LIVES, st.integers(1, 40))
def test_a_late_prediction_costs_more_than_one_as_early(lives: list[int], by: int) -> None:
    truth = pd.Series(lives, dtype="float64")
    late, early = (rul.nasa_score(pd.DataFrame({"prediction": truth + error}), truth) for error in (by, -by))
    assert late > early > rul.nasa_score(pd.DataFrame({"prediction": truth}), truth) == 0.0
    assert late == pytest.approx(len(lives) * (math.exp(by / 10) - 1))


def test_predictions_are_made_at_two_in_the_night_after() -> None:
    observed = query("turbofan_rul", "observations.sql", TABLES)
    made = predicted_at("turbofan_rul", observed)
    assert (made.dt.tz_localize(None) - observed["day"]).eq(pd.Timedelta(hours=26)).all()
