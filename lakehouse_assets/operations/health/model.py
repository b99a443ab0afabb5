"""From facts to health: each use case and domain by zone, and every problem with all that somebody needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from lakehouse_assets.monitoring.pauses import Pause
from lakehouse_assets.monitoring.verdicts import DRIFT, FAULTS
from lakehouse_assets.operations.alerts.book import INCIDENTS
from lakehouse_assets.operations.alerts.days import span_words
from lakehouse_assets.operations.alerts.facts import Kind
from lakehouse_assets.operations.alerts.graph import HEALTH, Asset
from lakehouse_assets.operations.alerts.ticks import about
from lakehouse_assets.operations.health.facts import AssetFacts, ChampionFacts, DecisionFacts, DriftFacts, Facts
from lakehouse_assets.operations.health.nights import NightFacts
from lakehouse_assets.operations.health.open_incidents import begun_with, untold
from lakehouse_assets.operations.health.states import ORDER, RUNBOOKS, State
from lakehouse_assets.operations.ticks import ALERTS

ZONES = ("landing", "raw", "harmonized", "distilled", "delivery", "models", "monitoring")


@dataclass(frozen=True)
class Problem:
    """Something that somebody has to look at."""

    state: State
    asset: str
    subject: str
    zone: str
    since: datetime | None
    what: str
    rows: int | None
    owner: str
    run_id: str = ""

    @property
    def runbook(self) -> str:
        """Its page."""
        return RUNBOOKS[self.state]


@dataclass(frozen=True)
class ZoneHealth:
    """A zone of a subject: its states (worst first, each with how many assets), and when it was last made."""

    states: tuple[tuple[State, int], ...]
    assets: int
    made_at: datetime | None

    @property
    def worst(self) -> State:
        """The state that counts."""
        return self.states[0][0]


@dataclass(frozen=True)
class SubjectHealth:
    """A use case or a domain: its zones, who serves, what drifts, whether it rests, which tables nobody can read."""

    name: str
    is_use_case: bool
    zones: dict[str, ZoneHealth]
    champion: ChampionFacts | None
    drift: DriftFacts | None
    pause: Pause | None
    decision: DecisionFacts | None = None
    unreadable: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Health:
    """The platform, with every problem, the worst and oldest first."""

    at: datetime
    subjects: tuple[SubjectHealth, ...]
    problems: tuple[Problem, ...]
    nights: NightFacts = field(default_factory=NightFacts)

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything."""
        return not self.problems


class _Problem(Protocol):
    def __call__(
        self, state: State, since: datetime | None, what: str, rows: int | None = None, run: str = ""
    ) -> Problem: ...


def health(facts: Facts) -> Health:
    """What the facts say, by subject and zone.

    A subject is what an asset's group names: a use case or a domain. Both are found by what assets say of themselves.
    """
    problems = sorted(
        (
            *(problem for key in sorted(facts.graph.assets) for problem in _problems(key, facts)),
            *_of_the_incidents(facts),
        ),
        key=lambda one: (ORDER[one.state], one.since or facts.at, one.asset),
    )
    groups: dict[str, list[Asset]] = {}
    for asset in facts.graph.assets.values():
        if asset.zone in ZONES:
            groups.setdefault(asset.group, []).append(asset)
    subjects = [_subject(name, assets, problems, facts) for name, assets in sorted(groups.items())]
    ordered = sorted(subjects, key=lambda one: (not one.is_use_case, one.name))
    return Health(facts.at, tuple(ordered), tuple(problems), facts.nights)


def _subject(name: str, assets: Sequence[Asset], problems: Iterable[Problem], facts: Facts) -> SubjectHealth:
    found = list(problems)
    zones = {
        zone: _zone([one for one in assets if one.zone == zone], found, facts)
        for zone in ZONES
        if any(one.zone == zone for one in assets)
    }
    is_use_case = any(one.use_case == name for one in assets)
    champion, drift, pause = facts.champions.get(name), facts.drift.get(name), facts.pauses.get(name)
    unreadable = frozenset(one.key for one in assets if facts.away or one.key in facts.unreadable)
    return SubjectHealth(name, is_use_case, zones, champion, drift, pause, facts.decisions.get(name), unreadable)


def _zone(assets: Sequence[Asset], problems: Sequence[Problem], facts: Facts) -> ZoneHealth:
    states: dict[State, int] = {}
    made = [one.made_at for asset in assets if (one := facts.assets.get(asset.key)) and one.made_at]
    for asset in assets:
        own = [one.state for one in problems if one.asset == asset.key]
        worst = min(own, key=ORDER.__getitem__) if own else _quiet(asset, facts)
        states[worst] = states.get(worst, 0) + 1
    ordered = sorted(states.items(), key=lambda item: ORDER[item[0]])
    return ZoneHealth(tuple(ordered), len(assets), max(made, default=None))


def _quiet(asset: Asset, facts: Facts) -> State:
    """The state of an asset without a problem."""
    if asset.use_case in facts.pauses:
        return State.PAUSED
    known = facts.assets.get(asset.key, AssetFacts())
    return State.FRESH if known.made_at else State.NEVER


def _problems(key: str, facts: Facts) -> Iterator[Problem]:
    asset, known = facts.graph.assets[key], facts.assets.get(key, AssetFacts())

    def problem(state: State, since: datetime | None, what: str, rows: int | None = None, run: str = "") -> Problem:
        return Problem(state, key, asset.group, asset.zone, since, what, rows, asset.owner, run)

    if key == HEALTH and facts.away:
        known_not = "what tables say is not known, and nobody is told of anything but this"
        yield problem(State.AWAY, facts.untold_since, f"{facts.away}; {known_not}")
    if key in facts.unreadable:
        begun = begun_with(Kind.UNREADABLE, key, "", "", facts)
        untold = facts.untold_since if key == "/".join(INCIDENTS) else None
        yield problem(State.UNREADABLE, begun or untold, facts.unreadable[key])
    if known.failing_since and not _because_of(asset, known, facts):
        below = [facts.assets.get(one, AssetFacts()) for one in facts.graph.downstream([key])]
        also = sum(one.failed_run == known.failed_run for one in below)
        days = f" of {known.failed_days}" if known.failed_days else ""
        told = f"was not made in the run{days} that failed" + (f", nor were {also} made from it" if also else "")
        # Records know what failed last; the incident has been open since it failed first.
        since = begun_with(Kind.FAILED_RUN, key, "", known.failed_days, facts) or known.failing_since
        yield problem(State.FAILING, since, told, run=known.failed_run)
    if known.late_since and asset.use_case not in facts.pauses:
        made = f"last made {known.made_at:%Y-%m-%d %H:%M} UTC" if known.made_at else "never made"
        yield problem(State.LATE, known.late_since, f"older than promised: {made}")
    for check in known.failed_checks:
        said = f"{check.name}: {check.description}".rstrip(": ")
        since = begun_with(Kind.FAILED_CHECK, key, check.name, check.days, facts) or check.at
        yield problem(State.CHECK, since, said, check.rows)
    if known.quarantined:
        # Of one that only grows its check tells, whose newest evaluation is of last night.
        told_since = begun_with(Kind.FAILED_CHECK, key, "", "", facts)
        yield problem(State.QUARANTINED, told_since or known.quarantined_since, "rows set aside", known.quarantined)
    yield from _of_the_nights(asset, facts.nights, problem)
    yield from _of_the_ticks(asset, facts, problem)
    yield from _of_the_model(asset, facts, problem)


def _of_the_incidents(facts: Facts) -> Iterator[Problem]:
    for key, one in untold(facts):
        asset = facts.graph.assets.get(key, Asset(key, zone=key.split("/")[0]))
        run, days = one.kind is Kind.FAILED_RUN, span_words(one.first, one.last)
        broken = "was not made" if one.assets else f"{one.subject} failed"
        what = broken if run else one.subject.rsplit(" ", maxsplit=1)[-1]
        said = f"{what}{f' of {days}' if days else ''}: {one.summary}"
        state = State.FAILING if run else State.CHECK
        yield Problem(state, key, asset.group, asset.zone, one.since, said, one.rows, asset.owner, one.run_id)


def _because_of(asset: Asset, known: AssetFacts, facts: Facts) -> bool:
    """Whether it was not made because something that it is made from was not, in the same run."""
    upstream = facts.graph.upstream(asset.key)
    return any(facts.assets.get(one, AssetFacts()).failed_run == known.failed_run for one in upstream)


def _of_the_nights(asset: Asset, nights: NightFacts, problem: _Problem) -> Iterator[Problem]:
    if asset.key == HEALTH and nights.silent:
        yield problem(State.SILENT, nights.heartbeat, "no schedule and no sensor is looked at, and nobody is told")
    if asset.key == HEALTH and nights.missed is not None:
        yield problem(State.MISSED, nights.missed.since, nights.missed.words)
    late = nights.undelivered.get(asset.domain) if asset.zone == "landing" else None
    if late is not None:
        made = f"{late.nights} nights were" if late.nights > 1 else "the night was"
        gone = f", and LANDING has no folder {asset.domain} any more" if asset.domain in nights.gone else ""
        said = f"{made} made without the domain: no file of {late.first} was there{gone}"
        yield problem(State.NO_FILE, late.since, said)


def _of_the_ticks(asset: Asset, facts: Facts, problem: _Problem) -> Iterator[Problem]:
    for one in facts.nights.failing:
        if asset.key in about(one.name, facts.graph):
            yield problem(State.TICKS, one.failing_since, one.words)
    if asset.key == HEALTH and facts.nights.untold:
        yield problem(State.TICKS, None, f"the sensor {ALERTS} is switched off: nobody is told of anything")


def _of_the_model(asset: Asset, facts: Facts, problem: _Problem) -> Iterator[Problem]:
    drift, champion = facts.drift.get(asset.use_case), facts.champions.get(asset.use_case)
    table = asset.key.split("/")
    if table[0] != "monitoring":
        return
    # Faults of the data are told of the report that found them.
    faulty = drift is not None and drift.verdict in FAULTS
    if table[-1] == "drift" and drift is not None and drift.verdict == DRIFT:
        yield problem(State.DRIFTING, drift.since, f"the report of {drift.day} says {drift.words}", drift.rows)
    if table[-1] == "drift" and drift is not None and faulty:
        yield problem(State.FAULTY, drift.since, f"the report of {drift.day} says {drift.words}")
    decided = facts.decisions.get(asset.use_case)
    if table[-1] == "decisions" and decided is not None and decided.asks_for_a_person and not faulty:
        yield problem(State.INVESTIGATE, decided.since, decided.reason)
    if table[-1] == "performance" and champion is not None and not champion.as_expected:
        yield problem(State.WORSE, champion.worse_since, champion.realised)
    if table[-1] == "performance" and champion is not None and champion.slices:
        yield problem(State.WORSE, champion.slices_since, champion.slices)
