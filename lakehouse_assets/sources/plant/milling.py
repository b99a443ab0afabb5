"""A simulated milling shop that follows the published generating process of AI4I 2020, a day at a time.

Matzka 2020 (Explainable Artificial Intelligence for Predictive Maintenance Applications, AI4I) states it: quality L,
M, H of 50, 30, 20 %; air temperature a random walk of standard deviation 2 K around 300 K; process temperature a random
walk of 1 K plus air temperature plus 10 K; torque normal around 40 Nm with 10 Nm; tool wear 5, 3, 2 min a product of
quality H, M, L. A tool is replaced or fails at a random wear between 200 and 240 min. Heat dissipation fails below
8.6 K of temperature difference and 1380 rpm, power below 3500 and above 9000 W, a tool overstrained above 11,000,
12,000 or 13,000 min Nm (L, M, H); 0.1 % fail at random, and any of these is a machine failure.

Where the published file says something else than the paper, the file is followed: it has 60, 30, 10 % of L, M, H; half
of its tools end below 215 min; its speeds are 1000 rpm + 20,000 rpm Nm / torque with noise of 50 rpm (least squares
over all 10,000 rows). One quirk of the file is not: 18 of its 19 random failures are no machine failure, and 9 failures
have no mode.

Any day can be made without the days before it. Machines run in periods of ten days that begin with a new tool; the
temperatures go on across periods, as Brownian bridges between values drawn for their ends: locally a random walk, and
of the stated standard deviation at every instant.
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

from lakehouse_assets.sources.plant.drift import ColumnDrift, shifts_on
from lakehouse_assets.sources.plant.drops import drop
from lakehouse_assets.sources.plant.plan import DEFAULT_SEED

HEADER: Final = (
    "UDI,Product ID,Type,Air temperature [K],Process temperature [K],Rotational speed [rpm],Torque [Nm],"
    "Tool wear [min],Machine failure,TWF,HDF,PWF,OSF,RNF"
)
MODES: Final = ("TWF", "HDF", "PWF", "OSF", "RNF")
SPREADS: Final = {
    "air_temperature_k": 2.0,
    "process_temperature_k": 1.48,
    "rotational_speed_rpm": 179.0,
    "torque_nm": 10.0,
}
"""The columns that can drift, with the standard deviation of the published file: the unit of a drift's shift."""

PERIOD_DAYS: Final = 10
"""Days from one overhaul of a machine, with a new tool, to the next."""

_QUALITIES: Final = "LMH"
_SHARES: Final = (0.6, 0.3, 0.1)
_WEAR_PER_PRODUCT: Final = np.array([2, 3, 5])
_OVERSTRAIN: Final = np.array([11_000, 12_000, 13_000])
_FIRST_SERIAL: Final = (47_180, 14_860, 29_414)
_SHORTEST_TOOL_LIFE, _TOOL_LIFE_SPAN = 200.0, 40.0
_TOOL_FAILS: Final = 51 / 120
"""Share of tools that fail instead of being replaced in time (Matzka 2020)."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Shop:
    """Everything that the shop's files depend on, but drift: equal shops give equal bytes."""

    seed: int = DEFAULT_SEED
    machines: tuple[str, ...] = ("M01", "M02", "M03", "M04")
    products_a_day: int = 300
    first_day: date = date(2024, 1, 1)


@dataclass(frozen=True)
class Period:
    """What a machine made from one overhaul to the next; each array has one entry a product.

    ``quality`` counts L, M, H from 0; temperatures in K, speed in rpm, torque in Nm, wear in min;
    ``modes`` (products, 5) says which of `MODES` failed.
    """

    quality: Ints
    air: Floats
    process: Floats
    speed: Ints
    torque: Floats
    wear: Ints
    modes: NDArray[np.bool_]


def write_days(shop: Shop, landing: Path, first: date, last: date, drifts: Sequence[ColumnDrift] = ()) -> list[Path]:
    """Drop the files of the days (both included) of all machines; files that lie there already stay."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        drop(landing / f"ai4i_{machine}_{day}.csv", day_file(shop, machine, day, drifts))
        for day in days
        for machine in shop.machines
    ]


def day_file(shop: Shop, machine: str, day: date, drifts: Sequence[ColumnDrift] = ()) -> bytes:
    """A machine's file of a day, in the publisher's format; UDI counts the day's products.

    A drift is an error of the sensor: what it shows is shifted, what fails hangs on the true values.

    Raises:
        ValueError: the day lies before the shop's first day, or a drift is of an unknown column.
    """
    index = (day - shop.first_day).days
    if index < 0:
        raise ValueError(f"the simulated shop has no data of {day}: its first day is {shop.first_day}")
    made, shift = period(shop, machine, index // PERIOD_DAYS), shifts_on(day, drifts, SPREADS)
    start = index % PERIOD_DAYS * shop.products_a_day
    of_day = slice(start, start + shop.products_a_day)
    shown = zip(
        made.quality[of_day].tolist(),
        (made.air[of_day] + shift["air_temperature_k"]).tolist(),
        (made.process[of_day] + shift["process_temperature_k"]).tolist(),
        np.rint(made.speed[of_day] + shift["rotational_speed_rpm"]).astype(int).tolist(),
        (made.torque[of_day] + shift["torque_nm"]).tolist(),
        made.wear[of_day].tolist(),
        made.modes[of_day].astype(int).tolist(),
        strict=True,
    )
    lines = [HEADER]
    for count, (quality, air, process, speed, torque, wear, modes) in enumerate(shown, start=1):
        serial = _FIRST_SERIAL[quality] + index * shop.products_a_day + count - 1
        lines.append(
            f"{count},{_QUALITIES[quality]}{serial},{_QUALITIES[quality]},{air:.1f},{process:.1f},{speed},{torque:.1f},"
            f"{wear},{int(any(modes))},{','.join(map(str, modes))}"
        )
    return b"\xef\xbb\xbf" + "".join(f"{line}\r\n" for line in lines).encode("ascii")


# Four machines and a period of the day before and after: a period takes about 200 kB and 2 ms.
@lru_cache(maxsize=16)
def period(shop: Shop, machine: str, number: int) -> Period:
    """All products of a machine's period, rounded as published."""
    chance, products = _chance(shop, machine, "products", number), PERIOD_DAYS * shop.products_a_day
    quality = chance.choice(3, size=products, p=_SHARES)
    air_exact = 300.0 + _walk(shop, machine, "air", number, 2.0)
    process = np.round(air_exact + 10.0 + _walk(shop, machine, "process", number, 1.0), 1)
    # No torque of the published file is below 3.8 Nm.
    torque = np.round(np.maximum(chance.normal(40.0, 10.0, products), 3.8), 1)
    speed = np.rint(1000.0 + 20_000.0 / np.maximum(torque, 11.0) + chance.normal(0.0, 50.0, products)).astype(int)
    wear, tool_fails = _tools(chance, quality)
    air = np.round(air_exact, 1)
    power = torque * speed * 2 * np.pi / 60
    heat = (np.round(process - air, 1) < 8.6) & (speed < 1380)
    strain = wear * torque > _OVERSTRAIN[quality]
    random = chance.random(products) < 0.001
    modes = np.column_stack([tool_fails, heat, (power < 3500) | (power > 9000), strain, random])
    return Period(quality, air.astype(float), process.astype(float), speed, torque.astype(float), wear, modes)


def _tools(chance: np.random.Generator, quality: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Tool wear before each product, in min, and whether the tool fails at it."""
    worn = np.concatenate([[0], np.cumsum(_WEAR_PER_PRODUCT[quality])])[:-1]
    wear, fails, start = np.empty_like(worn), np.zeros(len(worn), dtype=bool), 0
    while start < len(worn):
        limit = _SHORTEST_TOOL_LIFE + _TOOL_LIFE_SPAN * chance.beta(1.0, 2.0)
        last = int(np.searchsorted(worn, worn[start] + limit))
        wear[start : last + 1] = worn[start : last + 1] - worn[start]
        broken = chance.random() < _TOOL_FAILS
        if last < len(worn):
            fails[last] = broken
        start = last + 1
    return wear, fails


def _walk(shop: Shop, machine: str, stream: str, number: int, deviation: float) -> Floats:
    """A period of a random walk that goes on in the next one; of the given standard deviation at every instant."""
    products = PERIOD_DAYS * shop.products_a_day
    begin, end = (_chance(shop, machine, f"{stream} ends", one).normal(0.0, deviation) for one in (number, number + 1))
    # With ends of variance d², a bridge whose steps sum to 2 d² has variance d² everywhere.
    steps = _chance(shop, machine, stream, number).normal(0.0, deviation * np.sqrt(2.0 / products), products)
    path, along = np.cumsum(steps), np.arange(1, products + 1) / products
    bridge: Floats = begin + path + along * (end - begin - path[-1])
    return bridge


def _chance(shop: Shop, machine: str, stream: str, number: int) -> np.random.Generator:
    names = [zlib.crc32(f"milling {machine} {stream}".encode()), number]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([shop.seed, *names])))
