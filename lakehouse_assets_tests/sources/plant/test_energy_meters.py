"""The simulated meters: any day alone, the published format, and the published shape."""

import io
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.sources.holidays import is_public_holiday
from lakehouse_assets.sources.plant import energy
from lakehouse_assets.sources.plant.drift import ColumnDrift
from lakehouse_assets.sources.plant.energy import Works, day_file, load_type, usage_on, write_days
from lakehouse_assets_tests.sources.published import published

WORKS = Works()
METER, OTHER = WORKS.meters
DAY = date(2024, 2, 14)


def table(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content))


@pytest.fixture(scope="module")
def half_year() -> pd.DataFrame:
    days = [date(2018, 1, 1) + timedelta(days=n) for n in range(182)]
    return pd.DataFrame(
        {
            "day": [day for day in days for _ in range(96)],
            "hour": [n // 4 for _ in days for n in range(96)],
            "usage": np.concatenate([usage_on(WORKS, METER, day) for day in days]),
        }
    )


def test_a_day_has_the_same_bytes_whatever_was_made_before_it(tmp_path: Path) -> None:
    for cache in (energy._level_shock, energy._shocks):
        cache.cache_clear()
    alone = day_file(WORKS, METER, DAY)
    write_days(WORKS, tmp_path, DAY - timedelta(days=3), DAY)
    assert (tmp_path / f"steel_EM01_{DAY}.csv").read_bytes() == alone
    assert day_file(Works(seed=2), METER, DAY) != alone
    assert day_file(WORKS, OTHER, DAY) != alone


def test_each_day_has_96_readings_and_the_broken_midnight_stamp() -> None:
    rows = table(day_file(WORKS, METER, DAY))
    assert len(rows) == 96
    assert rows["date"].iloc[[0, 94, 95]].tolist() == ["14/02/2024 00:15", "14/02/2024 23:45", "14/02/2024 00:00"]
    assert rows["NSM"].iloc[[0, 94, 95]].tolist() == [900, 85_500, 0]


def test_usage_has_daily_weekly_and_yearly_shape(half_year: pd.DataFrame) -> None:
    weekday = half_year["day"].map(lambda day: day.weekday())
    works = half_year[weekday.lt(5) & ~half_year["day"].map(is_public_holiday)]
    by_hour = works.groupby("hour")["usage"].mean()
    assert by_hour[9:12].min() > 10 * by_hour[2:6].max()
    assert by_hour[12] < 0.3 * by_hour[11]
    by_weekday = half_year.groupby(weekday)["usage"].mean()
    assert by_weekday[6] < by_weekday[5] < by_weekday[:5].min()
    january, june = (works[works["day"].map(lambda d, m=m: d.month == m)]["usage"].mean() for m in (1, 6))
    assert january > 1.2 * june
    assert half_year[half_year["day"].eq(date(2018, 2, 16))]["usage"].mean() < 5  # lunar new year, a Friday


def test_usage_is_autocorrelated_as_the_published(half_year: pd.DataFrame) -> None:
    usage = half_year["usage"]
    found = [usage.autocorr(lag) for lag in (1, 4, 96, 672)]
    assert found == pytest.approx([0.91, 0.69, 0.61, 0.67], abs=0.1)
    assert (usage.mean(), usage.std()) == pytest.approx((27.8, 33.9), rel=0.2)


def test_noise_goes_on_over_midnight() -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(120)]
    noise = [energy._noise(WORKS, METER, day) for day in days]
    last, first = [one[-1] for one in noise[:-1]], [one[0] for one in noise[1:]]
    assert np.corrcoef(last, first)[0, 1] == pytest.approx(0.79, abs=0.12)


def test_a_drift_adds_load_from_its_day_on() -> None:
    drift, before = ColumnDrift("usage_kwh", DAY, 0.5), DAY - timedelta(days=1)
    assert day_file(WORKS, METER, before, [drift]) == day_file(WORKS, METER, before)
    plain, drifted = (table(day_file(WORKS, METER, DAY, drifts)) for drifts in ((), [drift]))
    assert (drifted["Usage_kWh"] - plain["Usage_kWh"]).to_numpy() == pytest.approx(0.5 * 33.9, abs=0.011)


def test_what_the_meters_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="no data of 2017-12-31: their first day is 2018-01-01"):
        day_file(WORKS, METER, date(2017, 12, 31))


def test_format_load_types_power_factors_and_co2_are_the_published_ones() -> None:
    real = published("energy", "Steel_industry_data.csv")
    header, *lines = day_file(WORKS, METER, DAY).splitlines(keepends=True)
    assert header == real.read_bytes().splitlines(keepends=True)[0]
    number = rb"\d+(\.\d{1,2})?"
    pattern = rb"\d\d/\d\d/\d{4} \d\d:\d\d(,%b){6},\d+,Week(day|end),[A-Z][a-z]+day,(Light|Medium|Maximum)_Load\r\n"
    assert all(re.fullmatch(pattern % number, line) for line in lines)
    for rows in (pd.read_csv(real), table(day_file(WORKS, METER, DAY))):
        apparent = np.hypot(rows["Usage_kWh"], rows["Lagging_Current_Reactive.Power_kVarh"])
        assert (100 * rows["Usage_kWh"] / apparent - rows["Lagging_Current_Power_Factor"]).abs().max() < 0.06
    rows = pd.read_csv(real)
    day, quarter = pd.to_datetime(rows["date"], format="%d/%m/%Y %H:%M").dt.date, (rows["NSM"] // 900 - 1) % 96
    ours = [load_type(one, n) for one, n in zip(day, quarter, strict=True)]
    # On some Sundays the published file has the load types of a working day; nobody says why.
    assert rows["Load_Type"].eq(ours)[~rows["Day_of_week"].isin(["Saturday", "Sunday"])].mean() > 0.98
