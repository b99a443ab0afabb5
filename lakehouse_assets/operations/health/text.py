"""Health as a text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from lakehouse_assets.operations.health.facts import DecisionFacts
from lakehouse_assets.operations.health.model import ZONES, Health, Problem, SubjectHealth, ZoneHealth

_UNKNOWN = "unknown: its table cannot be read"


def as_text(health: Health) -> str:
    """The whole text: a line a subject and zone, the champions, every problem with its runbook."""
    return "\n".join(
        [
            f"Health at {health.at:%Y-%m-%d %H:%M} UTC: {verdict(health)}",
            health.nights.words,
            "",
            *(line for subject in health.subjects for line in _subject(subject)),
            *(line for problem in health.problems for line in _problem(problem)),
        ]
    )


def verdict(health: Health) -> str:
    """In a few words."""
    count = len(health.problems)
    return "all is well" if not count else f"{count} problem{'s' if count > 1 else ''}"


def zone_words(zone: ZoneHealth) -> str:
    """Its states, with how many assets each where they are not all alike."""
    if len(zone.states) == 1:
        return str(zone.states[0][0])
    return ", ".join(f"{count} {state}" for state, count in zone.states)


def champion_words(subject: SubjectHealth) -> str:
    """Who serves, since when, how good."""
    champion = subject.champion
    if f"models/{subject.name}/champion" in subject.unreadable:
        return _UNKNOWN
    if champion is None or champion.version is None:
        return "nothing serves"
    since = f" since {champion.since:%Y-%m-%d %H:%M} UTC" if champion.since else ""
    good = "; ".join(part for part in (champion.measured, champion.realised) if part)
    return f"version {champion.version}{since}" + (f": {good}" if good else "")


def drift_words(subject: SubjectHealth) -> str:
    """What the newest report says."""
    drift = subject.drift
    if f"monitoring/{subject.name}/drift" in subject.unreadable:
        return _UNKNOWN
    if drift is None or not drift.verdict:
        return "no report yet"
    return f"{drift.day}: {drift.words}"


def decision_words(decision: DecisionFacts) -> str:
    """What was decided on training again, since when, and why."""
    since = f" since {decision.since:%Y-%m-%d %H:%M} UTC" if decision.since else ""
    return f"{decision.decision}{since}: {decision.reason}"


def _subject(subject: SubjectHealth) -> Iterator[str]:
    yield f"{subject.name} ({'use case' if subject.is_use_case else 'domain'})"
    for zone in ZONES:
        if zone in subject.zones:
            one = subject.zones[zone]
            made = f"{one.made_at:%Y-%m-%d %H:%M}" if one.made_at else "never"
            yield f"  {zone:<12}{zone_words(one):<42} last made {made}"
    if subject.is_use_case:
        yield f"  {'champion':<12}{champion_words(subject)}"
        if subject.champion is not None and subject.champion.last_decision:
            yield f"  {'decided':<12}{subject.champion.last_decision}"
        yield f"  {'drift':<12}{drift_words(subject)}"
        if subject.decision is not None and subject.decision.decision:
            yield f"  {'training':<12}{decision_words(subject.decision)}"
    if subject.pause is not None:
        yield f"  {subject.pause.words}"
    yield ""


def _problem(problem: Problem) -> Iterator[str]:
    since = f" since {problem.since:%Y-%m-%d %H:%M}" if problem.since else ""
    rows = f", {problem.rows:,} rows" if problem.rows is not None else ""
    yield f"{problem.state.upper()} {problem.asset}{since}{rows}: {problem.what}"
    yield f"    owner {problem.owner or 'nobody'}; docs/runbooks/{problem.runbook}.md" + (
        f"; run {problem.run_id}" if problem.run_id else ""
    )
