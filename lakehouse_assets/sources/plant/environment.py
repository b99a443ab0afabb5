"""The settings of the simulated plant: ``PLANT_SEED``, ``PLANT_DRIFT``, and ``PLANT_DRIFT_<DOMAIN>``."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from lakehouse_assets.sources.plant.drift import ColumnDrift
from lakehouse_assets.sources.plant.plan import DEFAULT_SEED, Drift, FleetPlan

_Drift = TypeVar("_Drift", Drift, ColumnDrift)


def plan_from_environment(environment: Mapping[str, str] | None = None) -> FleetPlan:
    """The plant with the seed in ``PLANT_SEED``: a whole number of 0 or more, 20240101 where unset.

    Args:
        environment: The settings; those of the process where left out.

    Raises:
        ValueError: the setting is no such number.
    """
    return FleetPlan(seed=seed_from_environment(environment))


def seed_from_environment(environment: Mapping[str, str] | None = None) -> int:
    """The seed of all simulated sources in ``PLANT_SEED``, 20240101 where unset.

    Raises:
        ValueError: the setting is no whole number of 0 or more.
    """
    seed = _setting("PLANT_SEED", environment) or str(DEFAULT_SEED)
    if not re.fullmatch(r"[0-9]+", seed):
        raise ValueError(f"PLANT_SEED: expected a whole number of 0 or more, found {seed!r}")
    return int(seed)


def drifts_from_environment(environment: Mapping[str, str] | None = None) -> tuple[Drift, ...]:
    """The drifts in ``PLANT_DRIFT``, separated by commas; none where unset.

    Each is ``sensor:from day:shift[:ramp days]``, for example ``s4:2024-11-01:3.0:30``; the shift counts standard
    deviations of the healthy spread (`Drift`).

    Args:
        environment: The settings; those of the process where left out.

    Raises:
        ValueError: an entry is not of that form; says what was expected and what was found.
    """
    return tuple(_drifts("PLANT_DRIFT", ("sensor", "s4"), environment, Drift))


def column_drifts_from_environment(
    domain: str, example: str, environment: Mapping[str, str] | None = None
) -> tuple[ColumnDrift, ...]:
    """The drifts of a domain's simulated source in ``PLANT_DRIFT_<DOMAIN>``, of the form of ``PLANT_DRIFT``.

    Raises:
        ValueError: an entry is not of that form; shows one of the column ``example``.
    """
    return tuple(_drifts(f"PLANT_DRIFT_{domain.upper()}", ("column", example), environment, ColumnDrift))


def _setting(name: str, environment: Mapping[str, str] | None) -> str:
    return (os.environ if environment is None else environment).get(name, "").strip()


def _drifts(
    name: str,
    called: tuple[str, str],
    environment: Mapping[str, str] | None,
    make: Callable[[str, date, float, int], _Drift],
) -> Iterator[_Drift]:
    entries = (entry.strip() for entry in _setting(name, environment).split(","))
    for entry in filter(None, entries):
        try:
            yield make(*_drift(entry))
        except ValueError as error:
            raise ValueError(
                f"{name}: expected {called[0]}:YYYY-MM-DD:shift[:ramp days], several separated by commas, "
                f"for example {called[1]}:2024-11-01:3.0:30; found {entry!r} ({error})"
            ) from error


def _drift(entry: str) -> tuple[str, date, float, int]:
    column, from_day, shift, *ramp = entry.split(":")
    if len(ramp) > 1 or not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", shift):
        raise ValueError("not four parts, or the shift is not a number")
    return column, date.fromisoformat(from_day), float(shift), int(ramp[0]) if ramp else 0
