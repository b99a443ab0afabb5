"""What a contract promises of time (`slaProperties`): how fresh its table is, how long its reports' pages are kept."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lakehouse_assets.contracts.located import LocatedYaml, Problem

LATENCY, RETENTION = "latency", "retention"
_HOURS = {"h": 1.0, "hour": 1.0, "hours": 1.0, "d": 24.0, "day": 24.0, "days": 24.0}
_DAYS = ("d", "day", "days")

Promises = Sequence[Mapping[str, Any]]


def promise_problems(file: LocatedYaml) -> Iterator[Problem]:
    """Promises of a file that cannot be read, each with its line."""
    for place, promise in enumerate(file.data.get("slaProperties") or []):
        value, unit = promise.get("value"), promise.get("unit")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if promise.get("property") == LATENCY and not (number and unit in _HOURS):
            yield file.problem(("slaProperties", place), "latency: expected a number and a unit of h or d")
        if promise.get("property") == RETENTION and not (isinstance(value, int) and value >= 1 and unit in _DAYS):
            yield file.problem(("slaProperties", place), "retention: expected a whole number from 1 and a unit of d")


def freshness_hours(promises: Promises) -> float | None:
    """Within how many hours the table is written again; None where nothing is promised."""
    found = _promise(promises, LATENCY)
    return None if found is None else float(found["value"]) * _HOURS[found["unit"]]


def retention_days(promises: Promises) -> int | None:
    """For how many days the pages of the table's reports are kept; None: the table has none, or keeps all."""
    found = _promise(promises, RETENTION)
    return None if found is None else int(found["value"])


def _promise(promises: Promises, name: str) -> Mapping[str, Any] | None:
    return next((one for one in promises if one.get("property") == name), None)
