"""Simulated electricity meters of a steel works, a day at a time, in the format of the published file.

The shape follows what the published readings show: a standby of about 3 kWh a quarter hour; production from 8 to 21
with a break at noon; half days on Saturdays, hardly anything on Sundays and holidays; more in winter.
Noise is autocorrelated (0.79 from one quarter hour to the next) and so is the level of a day. Power factors, CO2 and
load types are computed as the publisher's are: 100 * kWh / hypot(kWh, kVarh), 0.47 t a MWh, and Korea's time-of-use
tariff.

Any day can be made without the days before it: noise looks back over one day, a day's level over thirty.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lakehouse_assets.sources.holidays import is_recurring_holiday
from lakehouse_assets.sources.plant.drift import ColumnDrift, shifts_on
from lakehouse_assets.sources.plant.drops import drop
from lakehouse_assets.sources.plant.plan import DEFAULT_SEED

HEADER: Final = (
    "date,Usage_kWh,Lagging_Current_Reactive.Power_kVarh,Leading_Current_Reactive_Power_kVarh,CO2(tCO2),"
    "Lagging_Current_Power_Factor,Leading_Current_Power_Factor,NSM,WeekStatus,Day_of_week,Load_Type"
)
SPREADS: Final = {"usage_kwh": 33.9}
"""The column that can drift, with the standard deviation of the published file: the unit of a drift's shift."""

QUARTERS: Final = 96
_STANDBY, _MOST = 3.1, 2.2
_PERSISTENCE, _LEVEL_PERSISTENCE, _LEVEL_DAYS = 0.79, 0.6, 30
_TONS_PER_KWH: Final = 0.00047

# Share of full production in each hour from 0 to 23.
_WEEKDAY: Final = np.repeat(
    [
        0.1,
        0.02,
        *[0.005] * 5,
        0.02,
        0.9,
        1,
        1,
        1,
        0.08,
        1,
        1,
        1,
        1,
        0.75,
        0.75,
        0.8,
        0.7,
        0.17,
        0.13,
        0.12,
    ],
    4,
)
_SATURDAY: Final = np.repeat([0.1, 0.04, *[0.01] * 6, *[0.5] * 4, 0.04, *[0.5] * 4, 0.08, *[0.06] * 6], 4)
_REST: Final = np.repeat([0.01] * 24, 4)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Meter:
    """A meter: its name, its average in full production in kWh a quarter hour, and how far the year sways it."""

    name: str
    full_kwh: float
    winter: float


@dataclass(frozen=True)
class Works:
    """Everything that the meters' files depend on, but drift: equal works give equal bytes."""

    seed: int = DEFAULT_SEED
    meters: tuple[Meter, ...] = (Meter("EM01", 68.0, 0.28), Meter("EM02", 38.0, 0.12))
    first_day: date = date(2018, 1, 1)


def write_days(works: Works, landing: Path, first: date, last: date, drifts: Sequence[ColumnDrift] = ()) -> list[Path]:
    """Drop the files of the days (both included) of all meters; files that lie there already stay."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        drop(landing / f"steel_{meter.name}_{day}.csv", day_file(works, meter, day, drifts))
        for day in days
        for meter in works.meters
    ]


def day_file(works: Works, meter: Meter, day: date, drifts: Sequence[ColumnDrift] = ()) -> bytes:
    """A meter's file of a local day: 96 readings, each stamped with the end of its quarter hour.

    As in the published file, the last one is stamped 00:00 of the same day where 24:00 is meant. A drift of usage is
    load that is really there: what is computed from usage follows.

    Raises:
        ValueError: the day lies before the works' first day, or a drift is of an unknown column.
    """
    if day < works.first_day:
        raise ValueError(f"the simulated meters have no data of {day}: their first day is {works.first_day}")
    shift = shifts_on(day, drifts, SPREADS)["usage_kwh"]
    usage = np.round(np.maximum(usage_on(works, meter, day) + shift, 0.01), 2).astype(np.float64)
    lagging, leading = _reactive(works, meter, day, usage)
    factors = [100.0 * usage / np.hypot(usage, reactive) for reactive in (lagging, leading)]
    columns = np.column_stack([usage, lagging, leading, usage * _TONS_PER_KWH, *factors])
    status = "Weekend" if day.weekday() >= 5 else "Weekday"
    lines = [HEADER]
    for quarter, values in enumerate(columns.tolist()):
        seconds = (quarter + 1) * 900 % 86_400
        stamp = f"{day:%d/%m/%Y} {seconds // 3600:02d}:{seconds // 60 % 60:02d}"
        told = ",".join(_number(value) for value in values)
        lines.append(f"{stamp},{told},{seconds},{status},{_DAYS[day.weekday()]},{load_type(day, quarter)}")
    return b"\xef\xbb\xbf" + "".join(f"{line}\r\n" for line in lines).encode("ascii")


_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def usage_on(works: Works, meter: Meter, day: date) -> Floats:
    """(96,): energy of each quarter hour of a local day in kWh, without drift, not rounded."""
    yearly = 1.0 + meter.winter * np.cos(2 * np.pi * (day.timetuple().tm_yday - 15) / 365.25)
    profile = _REST if _rests(day) else _SATURDAY if day.weekday() == 5 else _WEEKDAY
    noise = _noise(works, meter, day)
    # exp(-s²/2) keeps the mean of a lognormal factor at 1. Nothing draws more than the works are connected for.
    sway = np.exp(0.35 * noise - 0.06 + 0.2 * _level(works, meter, day) - 0.02)
    production = meter.full_kwh * profile * np.minimum(yearly * sway, _MOST)
    usage: Floats = _STANDBY * np.exp(0.08 * noise) + production
    return usage


def _rests(day: date) -> bool:
    """On Sundays and the holidays of every year, and on three days in August."""
    return day.weekday() == 6 or is_recurring_holiday(day) or (day.month == 8 and day.day <= 3)


def load_type(day: date, quarter: int) -> str:
    """The tariff's load type of a quarter hour of a local day, counted from 0."""
    hour = quarter // 4
    if _rests(day) or not 9 <= hour < 23:
        return "Light_Load"
    winter = day.month in (11, 12, 1, 2)
    peak = (10, 11, 17, 18, 19, 22) if winter else (10, 11, 13, 14, 15, 16)
    return "Maximum_Load" if hour in peak else "Medium_Load"


def _reactive(works: Works, meter: Meter, day: date, usage: Floats) -> tuple[Floats, Floats]:
    """Lagging and leading reactive energy in kVarh: capacitors lead while the works idle in the daytime."""
    chance = _chance(works, meter, "reactive", day.toordinal())
    angle = np.clip(chance.normal(0.44, 0.06, QUARTERS), 0.05, 1.2)
    hour = np.arange(QUARTERS) // 4
    idle = (usage < 0.35 * meter.full_kwh) & (hour >= 9) & (hour < 22)
    lagging: Floats = np.where(idle, 0.0, np.where(usage > 8, usage * np.tan(angle), chance.normal(4.5, 0.4, QUARTERS)))
    leading: Floats = np.where(idle, np.maximum(chance.normal(20.0, 3.0, QUARTERS) - 0.4 * usage, 0.0), 0.0)
    return np.maximum(lagging, 0.0), leading


def _noise(works: Works, meter: Meter, day: date) -> Floats:
    """(96,): autoregressive noise of standard deviation 1 that goes on from the day before.

    It is begun at rest at the start of the day before; 96 steps of 0.79 leave 10⁻¹⁰ of that.
    """
    shocks = np.concatenate([_shocks(works, meter, day - timedelta(days=1)), _shocks(works, meter, day)])
    innovation, noise = np.sqrt(1.0 - _PERSISTENCE**2), np.empty(2 * QUARTERS)
    state = 0.0
    for step, shock in enumerate(shocks.tolist()):
        state = _PERSISTENCE * state + innovation * shock
        noise[step] = state
    return noise[QUARTERS:]


def _level(works: Works, meter: Meter, day: date) -> float:
    """A day's level, autoregressive over days, of standard deviation 1."""
    ordinal, innovation = day.toordinal(), float(np.sqrt(1.0 - _LEVEL_PERSISTENCE**2))
    back = range(_LEVEL_DAYS)
    return innovation * sum(_LEVEL_PERSISTENCE**n * _level_shock(works, meter, ordinal - n) for n in back)


@lru_cache(maxsize=256)
def _level_shock(works: Works, meter: Meter, ordinal: int) -> float:
    return float(_chance(works, meter, "level", ordinal).standard_normal())


@lru_cache(maxsize=16)
def _shocks(works: Works, meter: Meter, day: date) -> Floats:
    return _chance(works, meter, "noise", day.toordinal()).standard_normal(QUARTERS)


def _number(value: float) -> str:
    """As published: two decimals at most, none that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _chance(works: Works, meter: Meter, stream: str, number: int) -> np.random.Generator:
    names = [zlib.crc32(f"energy {meter.name} {stream}".encode()), number]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([works.seed, *names])))
