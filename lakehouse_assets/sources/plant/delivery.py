"""The simulated plant: a day's readings of all fleets, and the files that it drops into a landing folder.

The files are in the publisher's format. The rows of the engines that fail on a day are in that day's train file, all
others in its test file; on a day without a failure there is no train file.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from lakehouse_assets.sources.plant import physics
from lakehouse_assets.sources.plant.drops import drop
from lakehouse_assets.sources.plant.engines import engines_on, history
from lakehouse_assets.sources.plant.physics import Floats
from lakehouse_assets.sources.plant.plan import Drift, Fleet, FleetPlan
from lakehouse_assets.sources.turbofan.names import Kind, file_name

_COLUMNS = ["unit", "cycle", "setting_1", "setting_2", "setting_3", *physics.SENSOR_NAMES, "remaining_cycles"]
_DECIMALS = (4, 4, 1, *physics.DECIMALS)
# As published: fields separated by a space, two spaces before the line end.
_LINE = " ".join(["%d", "%d", *(f"%.{decimals}f" for decimals in _DECIMALS)]) + "  \n"


def readings_on(plan: FleetPlan, day: date, drifts: Sequence[Drift] = ()) -> pd.DataFrame:
    """All readings of a day, one row an engine, by fleet and unit, rounded to the published decimals.

    Returns:
        fleet, unit, cycle, setting_1 (altitude, 1,000 ft), setting_2 (Mach number), setting_3 (throttle, percent),
        s1..s21 (the publisher's units), and what no file says: ``remaining_cycles`` after this one, 0 on the day of the
        failure.

    Raises:
        ValueError: the day lies before the plan's first day.
    """
    shift = _shift_on(day, drifts)
    tables = [_fleet_readings(plan, fleet, day, shift) for fleet in plan.fleets]
    names = [fleet.name for fleet, table in zip(plan.fleets, tables, strict=True) for _ in table]
    frame = pd.DataFrame(np.concatenate(tables), columns=_COLUMNS)
    frame.insert(0, "fleet", pd.Series(names, dtype="str"))
    return frame.astype({"unit": "int64", "cycle": "int64", "remaining_cycles": "int64"})


def write_day(plan: FleetPlan, landing: Path, day: date, drifts: Sequence[Drift] = ()) -> list[Path]:
    """Drop the files of a day into a folder: whole or not at all, and the same bytes whenever it is called again.

    Args:
        plan: The plant.
        landing: The domain's landing folder; made where it is missing.
        day: From the plan's first day on.
        drifts: Sensor drifts; several of one sensor add up.

    Returns:
        The day's files, also those that lay there already with the same bytes, which are left untouched.

    Raises:
        ValueError: the day lies before the plan's first day.
    """
    landing.mkdir(parents=True, exist_ok=True)
    return [drop(landing / name, content) for name, content in _files(plan, day, drifts)]


def write_days(plan: FleetPlan, landing: Path, days: Iterable[date], drifts: Sequence[Drift] = ()) -> list[Path]:
    """Drop the files of several days, in any order: the same as `write_day` for each. A year takes about 1.2 CPU-s."""
    return [path for day in days for path in write_day(plan, landing, day, drifts)]


def _files(plan: FleetPlan, day: date, drifts: Sequence[Drift]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of a day's files."""
    shift = _shift_on(day, drifts)
    for fleet in plan.fleets:
        readings = _fleet_readings(plan, fleet, day, shift)
        fails = readings[:, -1] == 0
        kinds: tuple[tuple[Kind, Floats], ...] = (("train", readings[fails]), ("test", readings[~fails]))
        for kind, rows in kinds:
            if len(rows):
                lines = (_LINE % tuple(row) for row in rows[:, :-1].tolist())
                yield file_name(kind, fleet.name, day), "".join(lines).encode("ascii")


def _fleet_readings(plan: FleetPlan, fleet: Fleet, day: date, shift: Floats) -> Floats:
    """(engines, 27): the `_COLUMNS` of one fleet, with the values rounded to the published decimals."""
    engines = engines_on(plan, fleet.name, day)
    table = np.empty((len(engines), len(_COLUMNS)))
    for row, engine in zip(table, engines, strict=True):
        known, cycle = history(plan.seed, fleet, engine.unit, engine.life), engine.cycle_on(day)
        sensors = known.sensors[cycle - 1] + physics.REGIME_SCALES[known.regimes[cycle - 1]] * shift
        row[:] = (engine.unit, cycle, *known.settings[cycle - 1], *sensors, engine.life - cycle)
    for column, decimals in enumerate(_DECIMALS, start=2):
        # Adding zero turns the -0.0 that rounding leaves into 0.0.
        table[:, column] = np.round(table[:, column], decimals) + 0.0
    return table


def _shift_on(day: date, drifts: Sequence[Drift]) -> Floats:
    """(21,): by how much each sensor shows too much on a day, at sea level."""
    shift = np.zeros(len(physics.SENSOR_NAMES))
    for drift in drifts:
        shift[physics.SENSOR_NAMES.index(drift.sensor)] += drift.shift_on(day)
    return shift * physics.HEALTHY_SPREAD
