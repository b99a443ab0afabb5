from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.sources.plant import engines as engines_module
from lakehouse_assets.sources.plant import physics
from lakehouse_assets.sources.plant.delivery import readings_on, write_day, write_days
from lakehouse_assets.sources.plant.engines import engines_on
from lakehouse_assets.sources.plant.plan import Drift, FleetPlan
from lakehouse_assets.sources.turbofan.files import read_delivery

PLAN = FleetPlan()
FIRST = PLAN.first_day
FLEETS = [fleet.name for fleet in PLAN.fleets]


def days_from(start, number):
    return [start + timedelta(days=n) for n in range(number)]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def forget():
    engines_module.history.cache_clear()
    engines_module._slot.cache_clear()


@pytest.fixture(scope="module")
def year():
    frames = [readings_on(PLAN, day).assign(day=day) for day in days_from(FIRST, 400)]
    return pd.concat(frames, ignore_index=True)


@settings(max_examples=8, deadline=None)
@given(order=st.lists(st.integers(0, 400), min_size=1, max_size=4, unique=True))
def test_a_day_has_the_same_bytes_whatever_was_made_before_it(tmp_path_factory, order):
    together, alone = tmp_path_factory.mktemp("together"), tmp_path_factory.mktemp("alone")
    forget()
    write_days(PLAN, together, [FIRST + timedelta(days=n) for n in order])
    for n in sorted(order):
        forget()
        write_day(PLAN, alone, FIRST + timedelta(days=n))
    assert contents(together) == contents(alone)


def test_a_day_written_again_is_left_untouched(tmp_path):
    paths = write_day(PLAN, tmp_path, FIRST)
    before = {path: path.stat().st_mtime_ns for path in paths}
    assert write_day(PLAN, tmp_path, FIRST) == paths
    assert {path: path.stat().st_mtime_ns for path in paths} == before


def test_a_file_that_somebody_changed_is_left_as_it_is(tmp_path):
    path, *_ = write_day(PLAN, tmp_path, FIRST)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    write_day(PLAN, tmp_path, FIRST)
    assert path.read_bytes() == whole[:100]
    assert not list(tmp_path.glob(".*"))


def test_another_seed_is_another_plant(tmp_path):
    one, other = write_day(PLAN, tmp_path / "one", FIRST), write_day(FleetPlan(seed=1), tmp_path / "other", FIRST)
    assert one[0].read_bytes() != other[0].read_bytes()


def test_the_files_are_in_the_published_format(tmp_path):
    for path in write_days(PLAN, tmp_path, days_from(FIRST, 20)):
        for line in path.read_text().splitlines(keepends=True):
            assert line.endswith("  \n")
            fields = line.split()
            decimals = [len(f.partition(".")[2]) for f in fields]
            assert decimals == [0, 0, 4, 4, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 4, 2, 0, 0, 2, 2, 4]
            assert not any(field.startswith("-0.") and not field.strip("-0.") for field in fields)


def test_every_line_that_the_plant_writes_can_be_read_and_says_what_the_plant_knows(tmp_path):
    day = next(d for d in days_from(FIRST, 60) if readings_on(PLAN, d)["remaining_cycles"].eq(0).any())
    deliveries = [read_delivery(path) for path in write_day(PLAN, tmp_path, day)]
    assert all(delivery.rejects.empty for delivery in deliveries)
    read = pd.concat([d.rows for d in deliveries]).astype({"unit": int, "cycle": int, "s4": float, "setting_1": float})
    known = readings_on(PLAN, day).merge(read, on=["fleet", "unit", "cycle"], suffixes=("", "_read"))
    assert len(known) == len(read) == len(readings_on(PLAN, day))
    assert known["s4"].equals(known["s4_read"])
    assert known["setting_1"].equals(known["setting_1_read"])
    assert known["remaining_cycles"].eq(0).equals(known["kind"].eq("train"))
    assert set(read["day"]) == {day}


def test_there_is_no_train_file_on_a_day_without_a_failure(tmp_path):
    for day in days_from(FIRST, 40):
        names = {path.name for path in write_day(PLAN, tmp_path, day)}
        readings = readings_on(PLAN, day)
        for fleet in FLEETS:
            fails = readings["remaining_cycles"][readings["fleet"].eq(fleet)].eq(0).any()
            assert (f"train_{fleet}_{day}.txt" in names) == fails
            assert f"test_{fleet}_{day}.txt" in names


def test_engines_age_a_cycle_a_day_until_they_fail_and_never_come_back(year):
    for _, engine in year.groupby(["fleet", "unit"]):
        steps = [day.toordinal() for day in engine["day"]]
        assert steps == list(range(steps[0], steps[0] + len(steps)))
        assert engine["cycle"].diff().dropna().eq(1).all()
        assert (engine["cycle"] + engine["remaining_cycles"]).nunique() == 1
        begins, ends = engine["day"].iloc[0] == FIRST, engine["day"].iloc[-1] == FIRST + timedelta(days=399)
        assert begins or engine["cycle"].iloc[0] == 1
        assert ends or engine["remaining_cycles"].iloc[-1] == 0


def test_about_forty_engines_of_each_fleet_are_in_service_on_every_day(year):
    in_service = year.groupby(["fleet", "day"]).size()
    assert in_service.between(36, 40).all()


def test_the_fleet_is_in_mid_life_on_its_first_day():
    ages = pd.Series([engine.cycle_on(FIRST) for fleet in FLEETS for engine in engines_on(PLAN, fleet, FIRST)])
    assert ages.between(1, PLAN.longest_life).all()
    assert ages.lt(60).sum() > 10
    assert ages.gt(120).sum() > 10


def test_lives_are_as_long_as_planned(year):
    lives = (year["cycle"] + year["remaining_cycles"]).groupby([year["fleet"], year["unit"]]).first()
    assert lives.between(PLAN.shortest_life, PLAN.longest_life).all()
    assert lives.mean() == pytest.approx(211, abs=15)


def test_the_fleet_lives_on_for_years():
    day = date(2026, 11, 21)
    for fleet in FLEETS:
        engines = engines_on(PLAN, fleet, day)
        assert 36 <= len(engines) <= 40
        assert len({engine.unit for engine in engines}) == len(engines)
        assert all(engine.entry <= day <= engine.failure for engine in engines)


def test_sensors_move_towards_failure_as_those_of_the_published_engines_do(year):
    sea = year[year["setting_1"].abs().lt(1) & year["fleet"].eq("FS001")]
    healthy = sea[sea["remaining_cycles"].gt(120)]
    change = (sea[sea["remaining_cycles"].lt(8)].mean(numeric_only=True) - healthy.mean(numeric_only=True))[
        list(physics.SENSOR_NAMES)
    ]
    spread = healthy[list(physics.SENSOR_NAMES)].std()
    for name in ("s2", "s3", "s4", "s8", "s11", "s13", "s15", "s17"):
        assert change[name] > 1.5 * spread[name], name
    for name in ("s7", "s12", "s20", "s21"):
        assert change[name] < -1.5 * spread[name], name


def test_the_second_fleet_fails_in_two_ways(year):
    worn = year[year["fleet"].eq("FS002") & year["remaining_cycles"].lt(8) & year["setting_1"].abs().lt(1)]
    s7 = worn.groupby("unit")["s7"].mean() - physics.REGIME_LEVELS[0][6]
    assert s7.lt(-1).sum() >= 5
    assert s7.gt(8).sum() >= 5


def test_an_engine_flies_in_three_regimes_that_move_its_sensors(year):
    regimes = year["setting_1"].round(0).abs()
    assert sorted(regimes.unique()) == [0, 25, 35]
    assert year.groupby(regimes)["s2"].mean().round(-1).to_dict() == {0: 640, 25: 540, 35: 560}
    assert year.groupby(["fleet", "unit"])["setting_1"].agg(lambda s: s.round(0).abs().nunique()).ge(2).mean() > 0.95


def test_sensor_noise_is_autocorrelated_and_as_large_as_the_published():
    shocks = np.random.default_rng(1).standard_normal((20_000, 2))
    noise = physics.autocorrelated(shocks, np.array([0.6, 0.8]))
    assert noise.std(axis=0) == pytest.approx([1, 1], abs=0.05)
    assert [np.corrcoef(column[1:], column[:-1])[0, 1] for column in noise.T] == pytest.approx([0.6, 0.8], abs=0.03)


def test_wear_grows_until_it_is_complete_in_the_last_cycle():
    wear = physics.wear(life=200, initial=0.05, steepness=4.0)
    assert len(wear) == 200
    assert wear[0] == pytest.approx(0.05, abs=0.002)
    assert wear[-1] == pytest.approx(1.0)
    assert (np.diff(wear, n=2) > 0).all()


def test_drift_moves_its_sensor_from_its_day_on_and_nothing_else():
    day = FIRST + timedelta(days=30)
    drift = Drift("s4", day, 3.0)
    before = day - timedelta(days=1)
    pd.testing.assert_frame_equal(readings_on(PLAN, before, [drift]), readings_on(PLAN, before))
    true, shown = readings_on(PLAN, day), readings_on(PLAN, day, [drift])
    pd.testing.assert_frame_equal(shown.drop(columns="s4"), true.drop(columns="s4"))
    sea = true["setting_1"].abs().lt(1)
    assert (shown["s4"] - true["s4"])[sea].to_numpy() == pytest.approx(3.0 * physics.HEALTHY_SPREAD[3], abs=0.011)
    assert ((shown["s4"] - true["s4"])[~sea] > 0).all()


def test_several_drifts_of_a_sensor_add_up():
    drifts = [Drift("s7", FIRST, 1.0), Drift("s7", FIRST, 2.0)]
    pd.testing.assert_frame_equal(readings_on(PLAN, FIRST, drifts), readings_on(PLAN, FIRST, [Drift("s7", FIRST, 3.0)]))


def test_a_day_before_the_first_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no data of 2023-12-31: its first day is 2024-01-01"):
        write_day(PLAN, tmp_path, date(2023, 12, 31))


def test_an_unknown_fleet_is_refused():
    with pytest.raises(ValueError, match=r"no fleet 'FS009': expected one of FS001, FS002"):
        engines_on(PLAN, "FS009", FIRST)
