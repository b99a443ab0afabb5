"""Open incidents that the newest records do not tell of: a day that failed, and after it others went well. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lakehouse_assets.operations.alerts.days import span_words
from lakehouse_assets.operations.alerts.facts import Kind
from lakehouse_assets.operations.alerts.graph import HEALTH, Graph
from lakehouse_assets.operations.alerts.incidents import Incident
from lakehouse_assets.operations.health.facts import AssetFacts, Facts


def untold(facts: Facts) -> Iterator[tuple[str, Incident]]:
    """Open incidents of runs and checks beside what the records say, each with the asset that it is told of.

    Dagster's records say of an asset what became of its last run, and of a check its last evaluation. An earlier day
    that is broken still is known by its incident, which is open until that day is made.
    """
    for one in facts.incidents:
        # All other kinds are states of their own.
        told = _TOLD.get(one.kind)
        if one.is_open and told is not None and not told(one, facts):
            yield _place(one, facts.graph), one


def begun_with(kind: Kind, key: str, name: str, days: str, facts: Facts) -> datetime | None:
    """When the open incident of an asset began; None where there is none.

    Args:
        kind: What kind of incident.
        key: One of its assets.
        name: The check that it is about; empty: any.
        days: Its partitions in words; an incident that names none is about all.
        facts: Where the incidents are.
    """
    found = [
        one.since
        for one in facts.incidents
        if one.is_open and one.kind is kind and key in one.assets and one.subject.endswith(f" {name}" if name else "")
        if not one.first or span_words(one.first, one.last) == days
    ]
    return min(found, default=None)


def _place(one: Incident, graph: Graph) -> str:
    """The first of its assets that is made from no other of them; the platform's health where it names none."""
    known = [key for key in one.assets if key in graph.assets]
    return next((key for key in known if not graph.upstream(key) & {*known}), HEALTH)


def _run_told(one: Incident, facts: Facts) -> bool:
    """Whether the last run of its assets is the one that failed, or failed as well for the same days."""
    span, known = span_words(one.first, one.last), [facts.assets.get(key, AssetFacts()) for key in one.assets]
    return any(
        found.failing_since is not None and (found.failed_run == one.run_id or found.failed_days == span)
        for found in known
    )


def _check_told(one: Incident, facts: Facts) -> bool:
    """Whether the newest evaluation says it, or the rows are counted as quarantined."""
    known = facts.assets.get(next(iter(one.assets), ""), AssetFacts())
    span, name = span_words(one.first, one.last), one.subject.rsplit(" ", maxsplit=1)[-1]
    return bool(known.quarantined) or any(
        check.name == name and (not span or check.run_id == one.run_id or check.days == span)
        for check in known.failed_checks
    )


_TOLD = {Kind.FAILED_RUN: _run_told, Kind.FAILED_CHECK: _check_told}
