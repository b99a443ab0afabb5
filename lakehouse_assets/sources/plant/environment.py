"""The settings of the simulated plant: ``PLANT_SEED`` and ``PLANT_DRIFT``."""

import os
import re
from collections.abc import Mapping
from datetime import date

from lakehouse_assets.sources.plant.plan import DEFAULT_SEED, Drift, FleetPlan


def plan_from_environment(environment: Mapping[str, str] | None = None) -> FleetPlan:
    """The plant with the seed in ``PLANT_SEED``: a whole number of 0 or more, 20240101 where unset.

    Args:
        environment: The settings; those of the process where left out.

    Raises:
        ValueError: the setting is no such number.
    """
    seed = _setting("PLANT_SEED", environment) or str(DEFAULT_SEED)
    if not re.fullmatch(r"[0-9]+", seed):
        raise ValueError(f"PLANT_SEED: expected a whole number of 0 or more, found {seed!r}")
    return FleetPlan(seed=int(seed))


def drifts_from_environment(environment: Mapping[str, str] | None = None) -> tuple[Drift, ...]:
    """The drifts in ``PLANT_DRIFT``, separated by commas; none where unset.

    Each is ``sensor:from day:shift[:ramp days]``, for example ``s4:2024-11-01:3.0:30``; the shift counts standard
    deviations of the healthy spread (`Drift`).

    Args:
        environment: The settings; those of the process where left out.

    Raises:
        ValueError: an entry is not of that form; says what was expected and what was found.
    """
    entries = [entry.strip() for entry in _setting("PLANT_DRIFT", environment).split(",")]
    return tuple(_drift(entry) for entry in entries if entry)


def _setting(name: str, environment: Mapping[str, str] | None) -> str:
    return (os.environ if environment is None else environment).get(name, "").strip()


def _drift(entry: str) -> Drift:
    try:
        sensor, from_day, shift, *ramp = entry.split(":")
        if len(ramp) > 1 or not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", shift):
            raise ValueError("not four parts, or the shift is not a number")
        return Drift(sensor, date.fromisoformat(from_day), float(shift), *map(int, ramp))
    except ValueError as error:
        raise ValueError(
            "PLANT_DRIFT: expected sensor:YYYY-MM-DD:shift[:ramp days], several separated by commas, "
            f"for example s4:2024-11-01:3.0:30; found {entry!r} ({error})"
        ) from error
