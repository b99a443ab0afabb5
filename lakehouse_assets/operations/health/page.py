"""Health as one self-contained page of HTML: no script, no address that is loaded."""

from __future__ import annotations

from html import escape
from pathlib import Path

from lakehouse_assets.operations.alerts.messages import Places
from lakehouse_assets.operations.health.model import ZONES, Health, Problem, SubjectHealth, ZoneHealth
from lakehouse_assets.operations.health.states import State
from lakehouse_assets.operations.health.text import champion_words, decision_words, drift_words, verdict, zone_words

_STYLE = Path(__file__).with_name("page.css")
_ALARMING = (
    State.AWAY, State.SILENT, State.MISSED, State.TICKS, State.UNREADABLE, State.FAILING, State.LATE, State.NO_FILE
)  # fmt: skip
_QUIET = (State.FRESH,)
_RESTING = (State.PAUSED, State.NEVER)


def as_page(health: Health, places: Places) -> str:
    """The page, in UTF-8."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>Health: {escape(verdict(health))}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>",
        f"<body><header><h1>Health</h1><p class='{'well' if health.is_well else 'ill'}'>{escape(verdict(health))}</p>",
        f"<p class='at'>{health.at:%Y-%m-%d %H:%M} UTC; {escape(health.nights.words)}</p></header><main>",
        _problems(health, places),
        _table("Use cases", [one for one in health.subjects if one.is_use_case], models=True),
        _table("Domains and platform", [one for one in health.subjects if not one.is_use_case], models=False),
        "</main></body></html>",
    ]
    return "\n".join(parts)


def _problems(health: Health, places: Places) -> str:
    if health.is_well:
        return ""
    heads = ("What", "Asset", "Since (UTC)", "Rows", "In words", "Owner", "What to do")
    rows = "".join(_problem(problem, places) for problem in health.problems)
    return f"<section><h2>Problems</h2>{_framed(heads, rows)}</section>"


def _problem(problem: Problem, places: Places) -> str:
    since = f"{problem.since:%Y-%m-%d %H:%M}" if problem.since else "unknown"
    rows = f"{problem.rows:,}" if problem.rows is not None else ""
    asset = f"<a href='{escape(places.ui)}/assets/{escape(problem.asset)}'>{escape(problem.asset)}</a>"
    run = f" (<a href='{escape(places.ui)}/runs/{escape(problem.run_id)}'>run</a>)" if problem.run_id else ""
    page = escape(places.runbooks.format(kind=problem.runbook))
    return (
        f"<tr><td>{_chip(problem.state, str(problem.state))}</td><td class='key'>{asset}</td><td>{since}</td>"
        f"<td class='number'>{rows}</td><td>{escape(problem.what)}{run}</td>"
        f"<td>{escape(problem.owner or 'nobody')}</td>"
        f"<td><a href='{page}'>{escape(problem.runbook.replace('_', ' '))}</a></td></tr>"
    )


def _table(title: str, subjects: list[SubjectHealth], models: bool) -> str:
    if not subjects:
        return ""
    zones = [zone for zone in ZONES if any(zone in one.zones for one in subjects)]
    heads = ["", *(zone.capitalize() for zone in zones), *(["Champion", "Drift"] if models else [])]
    rows = "".join(_subject(one, zones, models) for one in subjects)
    return f"<section><h2>{escape(title)}</h2>{_framed(heads, rows)}</section>"


def _subject(subject: SubjectHealth, zones: list[str], models: bool) -> str:
    paused = f"<p class='note'>{escape(subject.pause.words)}</p>" if subject.pause else ""
    cells = "".join(f"<td>{_zone(subject.zones[zone]) if zone in subject.zones else ''}</td>" for zone in zones)
    last = f"<p class='note'>{escape(subject.champion.last_decision)}</p>" if subject.champion else ""
    decided = f"<p class='note'>{escape(decision_words(subject.decision))}</p>" if subject.decision else ""
    champion, drift = escape(champion_words(subject)), escape(drift_words(subject))
    model = f"<td>{champion}{last}</td><td>{drift}{decided}</td>" if models else ""
    return f"<tr><th scope='row'>{escape(subject.name)}{paused}</th>{cells}{model}</tr>"


def _zone(zone: ZoneHealth) -> str:
    made = f"made {zone.made_at:%Y-%m-%d %H:%M}" if zone.made_at else ""
    return f"{_chip(zone.worst, zone_words(zone))}<p class='note'>{made}</p>"


def _chip(state: State, words: str) -> str:
    kinds = {"bad": _ALARMING, "good": _QUIET, "rest": _RESTING}
    kind = next((name for name, states in kinds.items() if state in states), "warn")
    return f"<span class='chip {kind}'>{escape(words)}</span>"


def _framed(heads: tuple[str, ...] | list[str], rows: str) -> str:
    head = "".join(f"<th scope='col'>{escape(one)}</th>" for one in heads)
    return f"<div class='frame'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
