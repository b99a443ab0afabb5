"""Facts about the platform, as incidents are made from them. Standard library only; no Dagster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lakehouse_assets.operations.alerts.days import span_words


class Kind(StrEnum):
    """What can happen that somebody is told of. Each kind has a runbook of this name."""

    FAILED_RUN = "failed_run"
    FAILED_CHECK = "failed_check"
    BROKEN_FRESHNESS = "broken_freshness"
    RETRAINING = "retraining"
    PROMOTION = "promotion"
    REFUSAL = "refusal"
    INVESTIGATE = "investigate"
    MISSED_NIGHT = "missed_night"
    FAILING_TICK = "failing_tick"
    UNREADABLE = "unreadable"


#: Told once and over at once: there is nothing to put right.
NOTICES = frozenset({Kind.PROMOTION})

#: Names under which a check's metadata says how many rows were set aside.
SET_ASIDE = ("rows_set_aside", "open_rejects")
#: Names under which it says how many rows it is about.
ROW_COUNTS = ("rows_breaking_it", *SET_ASIDE)


@dataclass(frozen=True)
class Fact:
    """Something that was seen to be wrong (``ok`` is false) or to be right, at a moment.

    Attributes:
        kind: What kind of thing it is about.
        subject: What it is about: a job, a check of an asset, a domain, a use case. One incident is open for each kind,
            subject and span at a time.
        at: When it became so, in UTC.
        ok: Whether this is right. A right fact ends the open incidents of which nothing is wrong any more.
        summary: One sentence for a person.
        assets: Keys joined by /, the broken ones; what lies downstream of them is told as well.
        first: First partition that it is about; empty: not about partitions.
        last: Last partition that it is about.
        rows: How many rows are concerned, where that is known.
        run_id: The run in which it was seen.
        quiet: Whether somebody did it by hand: it is kept and shown until it is right, and told to nobody.
    """

    kind: Kind
    subject: str
    at: datetime
    ok: bool
    summary: str
    assets: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    rows: int | None = None
    run_id: str = ""
    quiet: bool = False

    @property
    def span(self) -> str:
        """The partitions in words; empty where it is about none."""
        return span_words(self.first, self.last)


def in_order(facts: Sequence[Fact]) -> list[Fact]:
    """The facts as they came; where two came at once, what is wrong before what is right."""
    return sorted(facts, key=lambda fact: (fact.at, fact.ok))
