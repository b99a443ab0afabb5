from datetime import date

import pytest

from lakehouse_assets.sources.plant.environment import drifts_from_environment, plan_from_environment
from lakehouse_assets.sources.plant.plan import Drift, Fleet, FleetPlan


def test_without_settings_the_plant_has_its_own_seed_and_no_drift():
    assert plan_from_environment({}) == FleetPlan(seed=20240101)
    assert drifts_from_environment({}) == ()


def test_settings_are_those_of_the_process_where_none_are_given(monkeypatch):
    monkeypatch.setenv("PLANT_SEED", "7")
    monkeypatch.setenv("PLANT_DRIFT", "s4:2024-11-01:3.0")
    assert plan_from_environment().seed == 7
    assert drifts_from_environment() == (Drift("s4", date(2024, 11, 1), 3.0),)


def test_several_drifts_are_separated_by_commas():
    text = "s4:2024-11-01:3.0:30, s7:2025-01-01:-1.5,"
    assert drifts_from_environment({"PLANT_DRIFT": text}) == (
        Drift("s4", date(2024, 11, 1), 3.0, 30),
        Drift("s7", date(2025, 1, 1), -1.5),
    )


@pytest.mark.parametrize(
    "text",
    [
        "s4",
        "s4:2024-11-01",
        "s4:yesterday:3",
        "s4:2024-11-01:much",
        "s4:2024-11-01:nan",
        "s4:2024-11-01:3:x",
        "s4:2024-11-01:3:-2",
        "s4:2024-11-01:3:30:1",
        "s99:2024-11-01:3",
        "s1:2024-11-01:3",
    ],
)
def test_a_drift_that_cannot_be_read_is_an_error_that_shows_how_to_write_it(text):
    with pytest.raises(ValueError, match=r"expected sensor:YYYY-MM-DD:shift.*found '" + text):
        drifts_from_environment({"PLANT_DRIFT": text})


@pytest.mark.parametrize("text", ["many", "-1", "1.5"])
def test_a_seed_that_is_no_whole_number_is_an_error(text):
    with pytest.raises(ValueError, match=f"PLANT_SEED: expected a whole number of 0 or more, found '{text}'"):
        plan_from_environment({"PLANT_SEED": text})


def test_a_drift_reaches_its_shift_at_once_or_in_equal_steps():
    sudden, slow = Drift("s4", date(2024, 3, 1), 3.0), Drift("s4", date(2024, 3, 1), 4.0, ramp_days=3)
    assert [sudden.shift_on(date(2024, 2, 29)), sudden.shift_on(date(2024, 3, 1))] == [0.0, 3.0]
    days = [date(2024, 2, 29), *(date(2024, 3, n) for n in (1, 2, 3, 4, 5))]
    assert [slow.shift_on(day) for day in days] == [0.0, 1.0, 2.0, 3.0, 4.0, 4.0]


def test_a_plant_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="expected 1 <= shortest_life <= longest_life"):
        FleetPlan(shortest_life=200, longest_life=100)
    with pytest.raises(ValueError, match="expected fault modes out of compressor, fan"):
        Fleet("FS009", ("gearbox",))
