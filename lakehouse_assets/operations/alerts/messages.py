"""From incidents to what people read. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lakehouse_assets.operations.alerts.days import span_words
from lakehouse_assets.operations.alerts.facts import Kind
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.incidents import Incident

#: Assets that a message names; of more it says how many.
NAMED = 12
_WORDS = {
    Kind.FAILED_RUN: "run failed",
    Kind.FAILED_CHECK: "check failed",
    Kind.BROKEN_FRESHNESS: "late",
    Kind.RETRAINING: "retraining asked for",
    Kind.PROMOTION: "champion changed",
    Kind.REFUSAL: "candidate refused",
    Kind.INVESTIGATE: "to be looked into",
    Kind.MISSED_NIGHT: "night missed",
    Kind.FAILING_TICK: "ticks fail",
    Kind.UNREADABLE: "table unreadable",
}
#: How loud: the types that Apprise knows.
_LOUDNESS = {
    Kind.FAILED_RUN: "failure",
    Kind.FAILED_CHECK: "warning",
    Kind.BROKEN_FRESHNESS: "failure",
    Kind.RETRAINING: "info",
    Kind.PROMOTION: "success",
    Kind.REFUSAL: "warning",
    Kind.INVESTIGATE: "warning",
    Kind.MISSED_NIGHT: "failure",
    Kind.FAILING_TICK: "failure",
    Kind.UNREADABLE: "failure",
}


@dataclass(frozen=True)
class Message:
    """What is sent: a line, a text, and how loud it is (failure, warning, info, success)."""

    title: str
    body: str
    loudness: str


@dataclass(frozen=True)
class Places:
    """Where people look: as addresses without a / at their end.

    Attributes:
        ui: Dagster's web server.
        runbooks: Address of a page of docs/runbooks, with `{kind}` in it.
    """

    ui: str
    runbooks: str


def runbook(places: Places, kind: Kind) -> str:
    """The page about incidents of a kind."""
    return places.runbooks.format(kind=kind)


def message(incident: Incident, graph: Graph, places: Places) -> Message:
    """What people are told of an incident: that it began, or, where `over_at` says so, that it is over."""
    about = " ".join(part for part in (incident.subject, _days(incident)) if part)
    if incident.over_at is not None and not incident.is_notice:
        lasted = _lasted((incident.over_at - incident.since).total_seconds())
        lines = [f"It is over after {lasted}: {incident.over_because}.", f"It was: {incident.summary}."]
        return Message(f"Over: {about}: {_WORDS[incident.kind]}", _text(lines, incident), "success")
    return Message(
        f"{about}: {_WORDS[incident.kind]}",
        _text([f"{incident.summary}.", *_details(incident, graph, places)], incident),
        _LOUDNESS[incident.kind],
    )


def _details(incident: Incident, graph: Graph, places: Places) -> list[str]:
    lines = [f"Since: {incident.since:%Y-%m-%d %H:%M} UTC"]
    if incident.rows is not None:
        lines.append(f"Rows concerned: {incident.rows:,}")
    if incident.assets:
        lines.append(f"Assets: {_named(incident.assets)}")
        lines.append(f"Downstream of it: {_named(graph.downstream(incident.assets)) or 'nothing'}")
        lines.append(f"Owner: {', '.join(graph.owners(incident.assets)) or 'nobody'}")
    if incident.run_id:
        lines.append(f"Run: {places.ui}/runs/{incident.run_id}")
    lines += [f"Asset page: {places.ui}/assets/{key}" for key in incident.assets[:1]]
    lines.append(f"What to do: {runbook(places, incident.kind)}")
    return lines


def _text(lines: Sequence[str], incident: Incident) -> str:
    return "\n".join([*lines, f"Incident: {incident.incident}"])


def _days(incident: Incident) -> str:
    return span_words(incident.first, incident.last)


def _named(keys: Sequence[str]) -> str:
    more = len(keys) - NAMED
    return ", ".join(keys[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _lasted(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days {hours % 24} h"
