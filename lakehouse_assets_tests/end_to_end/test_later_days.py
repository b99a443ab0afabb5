"""Days that look back on a file that came late are, after the runs that it led to, as if it had never been late."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.chaos.disturbed import OF_DELIVERIES, OF_THE_RUN, expect_the_same
from lakehouse_assets_tests.conftest import run_demo, state_in
from lakehouse_assets_tests.end_to_end.own_platform import delta_tables
from lakehouse_assets_tests.operations.nights.plant import Plant, days_of, domains_of, plant_in

pytestmark = pytest.mark.slow

#: Days before the first night: enough for a champion of the forecast.
BEFORE = 80
FIRST = date(2024, 1, 1) + timedelta(days=BEFORE)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]


@pytest.fixture(scope="module")
def meters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The meters' platform with a champion, before the first night."""
    home = tmp_path_factory.mktemp("meters") / "state"
    done = run_demo(state_in(home), BEFORE, "energy")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return home


@pytest.fixture
def plant(meters: Path, tmp_path: Path) -> Iterator[Plant]:
    shutil.copytree(meters, tmp_path / "state", symlinks=True)
    with plant_in(tmp_path / "state") as one:
        yield one


@pytest.fixture(scope="module")
def undisturbed(meters: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The tables after nights whose files were all there."""
    home = tmp_path_factory.mktemp("calm") / "state"
    shutil.copytree(meters, home, symlinks=True)
    with plant_in(home) as calm:
        for day in DAYS:
            calm.deliver("energy", day)
            (night,) = calm.night(day)
            assert calm.run(night).success
        return tables(calm)


def tables(plant: Plant) -> dict[str, pd.DataFrame]:
    """Every table of domain, use case and what all share, by name: the rows of the nights' days in one order."""
    lake, found = Lake(plant.environment["LAKE_URI"]), {}
    for key in delta_tables(lake, "raw", "harmonized", "delivery", "monitoring"):
        rows = lake.read_pandas(key)
        if "day" in rows.columns and key[-1] not in OF_DELIVERIES:
            own = rows[pd.to_datetime(rows["day"]).dt.date.isin(DAYS)].drop(columns=OF_THE_RUN & {*rows.columns})
            found["/".join(key)] = own.sort_values(list(own.columns), ignore_index=True)
    return found


def test_after_the_runs_that_a_late_file_led_to_later_days_are_as_if_it_had_not_been_late(
    plant: Plant, undisturbed: dict[str, pd.DataFrame]
) -> None:
    for day in DAYS:
        if day != FIRST:
            plant.deliver("energy", day)
        (night,) = plant.night(day)
        assert plant.run(night).success
        assert domains_of(night) == ([] if day == FIRST else ["energy"])
    assert plant.look() == []
    features = "delivery/energy_demand/features"
    assert len(tables(plant)[features]) < len(undisturbed[features])
    plant.deliver("energy", FIRST)
    requests = plant.look()
    assert days_of(requests) == [day.isoformat() for day in DAYS]
    assert plant.run(requests[0], "nightly_late_files").success
    assert not tables(plant)[features].equals(undisturbed[features]), "what nobody asked for stays stale"
    for request in requests[1:]:
        assert plant.run(request, "nightly_late_files").success
    expect_the_same(tables(plant), undisturbed)
    assert len(undisturbed["delivery/energy_demand/predictions"]) == len(undisturbed[features]) > 0
    plant.cursor = None
    assert plant.look() == []
