"""The simulated milling shop: any day alone, the published format, and the published process."""

import io
import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.sources.plant import milling
from lakehouse_assets.sources.plant.drift import ColumnDrift
from lakehouse_assets.sources.plant.milling import MODES, Shop, day_file, write_days
from lakehouse_assets_tests.sources.published import published

SHOP = Shop()
DAY = date(2024, 2, 14)


def table(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content))


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    """120,000 products: 40 machines, the first 10 days of each, so 40 temperatures of their own."""
    shop = Shop(machines=tuple(f"X{n}" for n in range(40)))
    days = [shop.first_day + timedelta(days=n) for n in range(10)]
    bodies = [day_file(shop, machine, day).split(b"\r\n", 1)[1] for machine in shop.machines for day in days]
    return table(milling.HEADER.encode() + b"\r\n" + b"".join(bodies))


def test_a_day_has_the_same_bytes_whatever_was_made_before_it(tmp_path: Path) -> None:
    milling.period.cache_clear()
    alone = day_file(SHOP, "M02", DAY)
    write_days(SHOP, tmp_path, DAY - timedelta(days=12), DAY)
    assert (tmp_path / f"ai4i_M02_{DAY}.csv").read_bytes() == alone
    assert day_file(Shop(seed=2), "M02", DAY) != alone
    assert day_file(SHOP, "M03", DAY) != alone


def test_a_day_costs_two_periods_however_late_it_is() -> None:
    milling.period.cache_clear()
    day_file(SHOP, "M01", date(2026, 2, 3))
    assert milling.period.cache_info().misses == 1


def test_temperatures_go_on_from_day_to_day_and_across_overhauls() -> None:
    days = [SHOP.first_day + timedelta(days=n) for n in range(25)]
    tables = [table(day_file(SHOP, "M01", day)) for day in days]
    for column in ("Air temperature [K]", "Process temperature [K]"):
        jumps = [abs(after[column].iloc[0] - before[column].iloc[-1]) for before, after in pairwise(tables)]
        assert max(jumps) <= 0.4, column


def test_tool_wear_goes_on_overnight_and_begins_anew_at_an_overhaul() -> None:
    days = [table(day_file(SHOP, "M01", SHOP.first_day + timedelta(days=n)))["Tool wear [min]"] for n in range(11)]
    added = [after.iloc[0] - before.iloc[-1] for before, after in pairwise(days)]
    assert all(step in (2, 3, 5) or step <= -200 for step in added[:-1])
    assert days[10].iloc[0] == 0


def test_shares_of_failures_are_near_the_published(made: pd.DataFrame) -> None:
    assert 0.03 <= made["Machine failure"].mean() <= 0.04
    shares = dict(zip(MODES, (0.0046, 0.0115, 0.0095, 0.0098, 0.0010), strict=True))
    for mode, share in shares.items():
        assert made[mode].mean() == pytest.approx(share, rel=0.3), mode


def test_distributions_are_near_the_published(made: pd.DataFrame) -> None:
    spread = {"Air temperature [K]": (300.0, 2.0), "Torque [Nm]": (40.0, 10.0), "Rotational speed [rpm]": (1539, 179)}
    for column, (mean, deviation) in spread.items():
        assert made[column].mean() == pytest.approx(mean, abs=0.3 * deviation), column
        assert made[column].std() == pytest.approx(deviation, rel=0.25), column
    difference = made["Process temperature [K]"] - made["Air temperature [K]"]
    assert (difference.mean(), difference.std()) == pytest.approx((10.0, 1.0), rel=0.25)
    assert made["Type"].value_counts(normalize=True).to_dict() == pytest.approx(
        {"L": 0.6, "M": 0.3, "H": 0.1}, abs=0.01
    )
    assert np.corrcoef(made["Rotational speed [rpm]"], made["Torque [Nm]"])[0, 1] == pytest.approx(-0.875, abs=0.02)


def test_failures_follow_the_published_rules(made: pd.DataFrame) -> None:
    power = made["Torque [Nm]"] * made["Rotational speed [rpm]"] * 2 * np.pi / 60
    assert made["PWF"].eq(((power < 3500) | (power > 9000)).astype(int)).all()
    limit = made["Type"].map({"L": 11_000, "M": 12_000, "H": 13_000})
    assert made["OSF"].eq((made["Torque [Nm]"] * made["Tool wear [min]"] > limit).astype(int)).all()
    difference = (made["Process temperature [K]"] - made["Air temperature [K]"]).round(1)
    assert made["HDF"].eq(((difference < 8.6) & (made["Rotational speed [rpm]"] < 1380)).astype(int)).all()
    assert made["Machine failure"].eq(made[list(MODES)].max(axis=1)).all()
    assert made.loc[made["TWF"].eq(1), "Tool wear [min]"].between(200, 245).all()


def test_a_drift_shifts_what_the_sensor_shows_from_its_day_on_and_no_failure() -> None:
    drift = ColumnDrift("torque_nm", DAY, 1.5)
    before = DAY - timedelta(days=1)
    assert day_file(SHOP, "M01", before, [drift]) == day_file(SHOP, "M01", before)
    plain, drifted = table(day_file(SHOP, "M01", DAY)), table(day_file(SHOP, "M01", DAY, [drift]))
    assert (drifted["Torque [Nm]"] - plain["Torque [Nm]"]).round(6).eq(15.0).all()
    pd.testing.assert_frame_equal(drifted.drop(columns="Torque [Nm]"), plain.drop(columns="Torque [Nm]"))


def test_what_the_shop_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="no data of 2023-12-31: its first day is 2024-01-01"):
        day_file(SHOP, "M01", date(2023, 12, 31))
    with pytest.raises(ValueError, match="drift of 'tool_wear_min': expected one of air_temperature_k"):
        day_file(SHOP, "M01", DAY, [ColumnDrift("tool_wear_min", DAY, 1.0)])


def test_the_format_is_the_published_one() -> None:
    real = published("milling", "ai4i2020.csv").read_bytes().splitlines(keepends=True)
    ours = day_file(SHOP, "M01", DAY).splitlines(keepends=True)
    assert ours[0] == real[0]
    pattern = (
        rb"\d+,[LMH]\d{5},[LMH],\d{3}(\.\d)?,\d{3}(\.\d)?,\d{4},\d{1,2}\.\d,\d{1,3},[01],[01],[01],[01],[01],[01]\r\n"
    )
    assert all(re.fullmatch(pattern, line) for line in (*ours[1:], *real[1:]))
