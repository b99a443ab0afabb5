"""From facts to incidents: which begin, which are over. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from lakehouse_assets.operations.alerts.days import Seen, still_wrong
from lakehouse_assets.operations.alerts.facts import NOTICES, Fact, Kind, in_order


@dataclass(frozen=True)
class Incident:
    """Something that people are told of once when it begins, and once when it is over.

    Attributes:
        incident: Identifier; follows from kind, subject, partitions and beginning, so the same fact makes the same one.
        since: When it began, in UTC.
        over_at: When it was over; None while it is not.
        over_because: In words, why it is over.
        quiet: Whether nobody is told of it, since somebody did it by hand.
        seen_since: Which of its days were right since, or wrong again. It is over when none is wrong any more.
    """

    incident: str
    kind: Kind
    subject: str
    since: datetime
    summary: str
    assets: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    rows: int | None = None
    run_id: str = ""
    over_at: datetime | None = None
    over_because: str = ""
    seen_since: tuple[Seen, ...] = ()
    quiet: bool = False

    @property
    def is_notice(self) -> bool:
        """Whether it only tells something, so that nothing is ever over."""
        return self.kind in NOTICES

    @property
    def is_open(self) -> bool:
        """Whether somebody has to do something still."""
        return self.over_at is None and not self.is_notice

    @property
    def grown(self) -> int:
        """How much belongs to it; while it is open this only grows."""
        return len(self.assets) + len(self.seen_since) + (not self.quiet)

    def told(self) -> dict[str, Any]:
        """Everything that makes its messages again, as JSON can hold it."""
        return {**asdict(self), "since": self.since.isoformat(), "over_at": self.over_at and self.over_at.isoformat()}


def remembered(told: dict[str, Any]) -> Incident:
    """The incident that `Incident.told` wrote."""
    over_at = told["over_at"]
    return Incident(
        **{
            **told,
            "kind": Kind(told["kind"]),
            "since": datetime.fromisoformat(told["since"]),
            "assets": tuple(told["assets"]),
            "seen_since": tuple(tuple(seen) for seen in told.get("seen_since", ())),
            "over_at": datetime.fromisoformat(over_at) if over_at else None,
        }
    )


def after(known: Iterable[Incident], facts: Sequence[Fact]) -> list[Incident]:
    """What is new after the facts: incidents that began, changed, and are over now, in the order in which it came.

    A fact that was taken before changes nothing, in whatever order and however often it comes again: an incident is
    known by what began it, and what is right ends only what began before it.

    Args:
        known: All incidents that were ever told, or those that could still matter: the open ones and the recent ones.
        facts: What was seen since.
    """
    state = {one.incident: one for one in known}
    changed: dict[str, Incident] = {}
    for fact in in_order(facts):
        for one in _ended(state, fact) if fact.ok else _begun(state, fact):
            state[one.incident] = changed[one.incident] = one
    return list(changed.values())


def _begun(state: dict[str, Incident], fact: Fact) -> list[Incident]:
    name = "/".join([fact.kind, fact.subject, *([fact.span] if fact.first else []), fact.at.isoformat()])
    same = [one for one in state.values() if _about(one, fact) and _within(one, fact)]
    if still := [one for one in same if one.is_open]:
        return [grown for one in still if (grown := _with(one, fact)) != one]
    if name in state:
        return []
    if any(one.over_at is not None and one.since < fact.at <= one.over_at for one in same):
        return []  # it was part of an incident that is over
    return [
        Incident(
            name, fact.kind, fact.subject, fact.at, fact.summary, fact.assets, fact.first, fact.last, fact.rows,
            fact.run_id, quiet=fact.quiet,
        )
    ]  # fmt: skip


def _ended(state: dict[str, Incident], fact: Fact) -> list[Incident]:
    found = []
    for one in state.values():
        if one.is_open and _about(one, fact) and one.since <= fact.at:
            seen = _with_seen(one, fact)
            if not fact.first or (one.first and not still_wrong(one.first, one.last, seen.seen_since)):
                at = max(fact.at, *(datetime.fromisoformat(at) for at, *_ in seen.seen_since), one.since)
                found.append(replace(seen, over_at=at, over_because=fact.summary))
            elif seen != one:
                found.append(seen)
    return found


def _with(one: Incident, fact: Fact) -> Incident:
    """An open incident with what is wrong as well, of which people are not told again; of a quiet one they are, now."""
    if one.quiet and not fact.quiet and one.since < fact.at:
        return replace(one, quiet=False, summary=fact.summary, assets=_assets_of(one, fact), run_id=fact.run_id)
    if fact.kind is Kind.BROKEN_FRESHNESS:
        return replace(one, assets=_assets_of(one, fact))
    return _with_seen(one, fact) if one.since < fact.at else one


def _assets_of(one: Incident, fact: Fact) -> tuple[str, ...]:
    """What is wrong by both; an incident only grows, for its table takes the larger one for the later."""
    return (*one.assets, *(key for key in fact.assets if key not in one.assets))


def _with_seen(one: Incident, fact: Fact) -> Incident:
    """An incident with what was seen of its days; as it was where that tells nothing new of any."""
    if not one.first or not fact.first:
        return one
    seen = (*one.seen_since, (fact.at.isoformat(), fact.ok, fact.first, fact.last))
    changes = still_wrong(one.first, one.last, seen) != still_wrong(one.first, one.last, one.seen_since)
    return replace(one, seen_since=seen) if changes else one


def _about(one: Incident, fact: Fact) -> bool:
    return (one.kind, one.subject) == (fact.kind, fact.subject)


def _within(one: Incident, fact: Fact) -> bool:
    """Whether the fact's partitions belong to the incident already."""
    return not one.first or (one.first <= fact.first and fact.last <= one.last)
