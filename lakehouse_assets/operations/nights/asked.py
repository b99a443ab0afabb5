"""What was asked for already: it stands in the tags of the runs, so that it outlives every cursor and restart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from lakehouse_assets.operations.nights.calendar import priority_of
from lakehouse_assets.sources.daily import NIGHT_TAG

#: Which part of a night a run is: the night itself, domains whose files came late or again, or what a broken one left.
PART, WHOLE, LATE, CLOSING = "night/part", "whole", "late files", "closing"
#: Whose files a run takes, with the mark of the day's files when it was asked for: `night.energy`.
DOMAIN_PREFIX = "night."
#: Whose file was late when a night was asked for, `night/late.energy`; the domain had a folder then, or had had one.
LATE_PREFIX = "night/late."
#: Stands for the mark of files that the night itself delivers.
SIMULATED = "simulated"
#: Runs read at a time where the newest are asked for.
PAGE = 10
#: A run that is not started yet.
WAITS = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


def tags_of(day: date, part: str, marks: Mapping[str, str], late: Iterable[str] = ()) -> dict[str, str]:
    """The tags of a night's run.

    Args:
        day: The day that it is about.
        part: One of `WHOLE`, `LATE` and `CLOSING`.
        marks: Its domains, each with the mark of its files of the day.
        late: The domains that it waited for and whose file was not there.
    """
    return {
        "dagster/partition": day.isoformat(),
        "dagster/priority": priority_of(day),
        NIGHT_TAG: day.isoformat(),
        PART: part,
        **{f"{DOMAIN_PREFIX}{domain}": mark for domain, mark in marks.items()},
        **{f"{LATE_PREFIX}{domain}": "true" for domain in late},
    }


def last_night(instance: dg.DagsterInstance, until: date) -> date | None:
    """The newest day up to a day whose night was asked for; None before the first.

    A night of a day to come (a clock was wrong, somebody mistyped a year) says nothing of those before it. Runs do not
    come in the order of their days: one that is tried again is made after those of later days, however many there are.

    Args:
        instance: Where the runs are.
        until: No night of a later day is meant: today, or the day whose night is due.
    """
    found: date | None = None
    cursor: str | None = None
    while found is None and (runs := instance.get_runs(dg.RunsFilter(tags={PART: WHOLE}), cursor=cursor, limit=PAGE)):
        cursor = runs[-1].run_id
        found = max((day for run in runs if (day := date.fromisoformat(run.tags[NIGHT_TAG])) <= until), default=None)
    if found is None:
        return None
    later = [(found + timedelta(days=n)).isoformat() for n in range(1, (until - found).days + 1)]
    runs = instance.get_runs(dg.RunsFilter(tags={PART: WHOLE, NIGHT_TAG: later})) if later else []
    return max((date.fromisoformat(run.tags[NIGHT_TAG]) for run in runs), default=found)


def first_night(instance: dg.DagsterInstance) -> date | None:
    """The oldest day whose night was asked for; None before the first."""
    runs = instance.get_runs(dg.RunsFilter(tags={PART: WHOLE}), limit=1, ascending=True)
    return date.fromisoformat(runs[0].tags[NIGHT_TAG]) if runs else None


def is_asked_for(instance: dg.DagsterInstance, day: date) -> bool:
    """Whether the night of a day was asked for, however it ended."""
    return bool(instance.get_runs(dg.RunsFilter(tags={PART: WHOLE, NIGHT_TAG: day.isoformat()}), limit=1))


def took(instance: dg.DagsterInstance, domain: str, day: date, mark: str) -> bool:
    """Whether exactly these files of the day were there when the newest run that takes them was asked for.

    Of an older run the same says nothing: a file that was corrected and put back as it was has its first mark again.
    """
    newest = newest_taking(instance, domain, day)
    return newest is not None and newest.tags[f"{DOMAIN_PREFIX}{domain}"] == mark


def delivered_files(instance: dg.DagsterInstance, domain: str) -> bool:
    """Whether a run was ever asked for that takes files of a source; those of the simulated plant do not count."""
    marks = dict(instance.get_run_tags([f"{DOMAIN_PREFIX}{domain}"], limit=2))
    return bool(set().union(*marks.values()) - {SIMULATED})


def nights_without(instance: dg.DagsterInstance, domain: str, at_most: int) -> list[date]:
    """The first nights that waited for a domain and were made without it, in order; no more than so many."""
    wanted = dg.RunsFilter(tags={PART: WHOLE, f"{LATE_PREFIX}{domain}": "true"})
    found: set[date] = set()
    cursor: str | None = None
    while len(found) < at_most and (runs := instance.get_runs(wanted, cursor=cursor, limit=PAGE, ascending=True)):
        cursor = runs[-1].run_id
        found |= {date.fromisoformat(run.tags[NIGHT_TAG]) for run in runs}
    return sorted(found)[:at_most]


def newest_taking(instance: dg.DagsterInstance, domain: str, day: date) -> dg.DagsterRun | None:
    """The newest run that was asked for to take the domain's files of the day; None: none was.

    One that is tried again has the tags of the first try, but reads what lies there now.
    """
    runs = instance.get_runs(dg.RunsFilter(tags={NIGHT_TAG: day.isoformat()}))
    return next((one for one in runs if _takes(domain, one) and PARENT_RUN_ID_TAG not in one.tags), None)


def made(instance: dg.DagsterInstance, domain: str, day: date) -> bool:
    """Whether a run was ever asked for that takes the domain's files of the day."""
    return _any_takes(domain, instance.get_runs(dg.RunsFilter(tags={NIGHT_TAG: day.isoformat()})))


def under_way(instance: dg.DagsterInstance, domain: str) -> dict[date, str]:
    """The days whose files of a domain a run takes that waits or runs, with their mark when it was asked for.

    Where there are several of a day, the newest: it reads last.
    """
    wanted = dg.RunsFilter(tags={PART: [WHOLE, LATE]}, statuses=NOT_FINISHED_STATUSES)
    taking = [run for run in reversed(instance.get_runs(wanted)) if _takes(domain, run)]
    return {date.fromisoformat(run.tags[NIGHT_TAG]): run.tags[f"{DOMAIN_PREFIX}{domain}"] for run in taking}


def is_queued(instance: dg.DagsterInstance, domain: str, day: date) -> bool:
    """Whether a run that takes the domain's files of the day waits to be started."""
    return _any_takes(domain, instance.get_runs(dg.RunsFilter(tags={NIGHT_TAG: day.isoformat()}, statuses=WAITS)))


def _any_takes(domain: str, runs: Iterable[dg.DagsterRun]) -> bool:
    return any(_takes(domain, run) for run in runs)


def _takes(domain: str, run: dg.DagsterRun) -> bool:
    return f"{DOMAIN_PREFIX}{domain}" in run.tags


def day_of(run: dg.DagsterRun) -> date | None:
    """The day of a night's run; None where somebody started it by hand without one."""
    try:
        return date.fromisoformat(run.tags.get("dagster/partition", ""))
    except ValueError:
        return None
