"""The simulated plant's maintenance records: what the mechanics did to the engines on a day.

Each fleet has a crew. What happens on a day hangs on the seed, the fleet and the day alone, so any day can be made
without the others. The people are made up: a badge is a number and nothing else.
"""

import csv
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np

from lakehouse_assets.sources.plant.drops import drop
from lakehouse_assets.sources.plant.engines import chance_of, engines_on
from lakehouse_assets.sources.plant.plan import Fleet, FleetPlan
from lakehouse_assets.sources.turbofan.maintenance_files import FIELDS
from lakehouse_assets.sources.turbofan.names import maintenance_file_name

CREW = 12
"""Mechanics of a fleet."""
RECORDS_A_DAY = 5.0
"""Mean number of records of a fleet and day (Poisson; none on a few days)."""
# The kind of work, its median minutes and its share. A job's length is log-normal around the median.
WORK = (
    ("inspection", 25, 0.40),
    ("borescope", 90, 0.15),
    ("compressor wash", 60, 0.20),
    ("oil service", 35, 0.20),
    ("blade blending", 240, 0.05),
)
NOTES = (
    ("", 0.45),
    ("nothing found", 0.20),
    ("tip clearance noted, see next visit", 0.10),
    ("{own} and {other} did this together", 0.10),
    ("handed over to {other} at the end of the shift", 0.15),
)
# Streams of chance of their own: drawing from them changes no engine. `engines` has 1 and 2.
_CREW, _DAY = 11, 12


def crew(plan: FleetPlan, fleet: Fleet) -> list[str]:
    """The badges of a fleet's mechanics."""
    numbers = chance_of(plan.seed, fleet.name, _CREW, 0).choice(90_000, size=CREW, replace=False) + 10_000
    return [f"B-{number}" for number in numbers.tolist()]


def records_on(plan: FleetPlan, fleet: Fleet, day: date) -> list[tuple[str, ...]]:
    """A day's records of a fleet: the fields of `maintenance_files.FIELDS`, as text."""
    chance = chance_of(plan.seed, fleet.name, _DAY, day.toordinal())
    engines, people = engines_on(plan, fleet.name, day), crew(plan, fleet)
    if not engines:
        return []
    return [
        _record(chance, engines[int(chance.integers(len(engines)))].unit, people, day)
        for _ in range(int(chance.poisson(RECORDS_A_DAY)))
    ]


def write_records(plan: FleetPlan, landing: Path, days: Iterable[date]) -> list[Path]:
    """Drop the records of days into a folder, a file a fleet and day; files that are there already stay.

    A year of both fleets takes about half a CPU-s.
    """
    landing.mkdir(parents=True, exist_ok=True)
    return [
        drop(landing / maintenance_file_name(fleet.name, day), _content(records_on(plan, fleet, day)))
        for day in days
        for fleet in plan.fleets
    ]


def _record(chance: np.random.Generator, unit: int, people: list[str], day: date) -> tuple[str, ...]:
    own, other = (people[index] for index in chance.choice(len(people), size=2, replace=False).tolist())
    work, median, _ = WORK[_pick(chance, [share for *_, share in WORK])]
    minutes = max(5, round(median * float(chance.lognormal(0.0, 0.35))))
    note, _ = NOTES[_pick(chance, [share for _, share in NOTES])]
    return own, str(unit), day.isoformat(), work, str(minutes), note.format(own=own, other=other)


def _pick(chance: np.random.Generator, shares: list[float]) -> int:
    return int(np.searchsorted(np.cumsum(shares), chance.random(), side="right").clip(0, len(shares) - 1))


def _content(records: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    writer.writerows(records)
    return text.getvalue().encode()
