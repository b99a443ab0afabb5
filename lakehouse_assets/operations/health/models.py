"""What the lake says of each use case's model: who serves, how good it is, whether the world drifts from it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from lakehouse_assets.monitoring.report_in_words import report_in_words
from lakehouse_assets.monitoring.verdicts import overall
from lakehouse_assets.monitoring.worse_slices import ALL, WORSE, in_words, worse_slices
from lakehouse_assets.operations.health.facts import ChampionFacts, DecisionFacts, DriftFacts
from lakehouse_assets.operations.unreadable import Reading

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake


def champion_facts(lake: Lake, use_cases: Iterable[str], reading: Reading) -> dict[str, ChampionFacts]:
    """The champion of each use case that ever decided on a candidate."""
    there = [name for name in use_cases if reading.exists(lake, ["models", name, "champion"])]
    return {name: _champion(lake, name, reading) for name in there}


def drift_facts(lake: Lake, use_cases: Iterable[str], reading: Reading) -> dict[str, DriftFacts]:
    """The newest report of each use case that has one."""
    found = {}
    for name in use_cases:
        key = ["monitoring", name, "drift"]
        if reading.exists(lake, key):
            columns = ["day", "column_name", "verdict", "current_rows", "model_version"]
            found[name] = drift_of(_rows(lake, key, reading, columns))
    return found


def decision_facts(lake: Lake, use_cases: Iterable[str], reading: Reading) -> dict[str, DecisionFacts]:
    """The newest decision on training again of each use case that has one."""
    found = {}
    for name in use_cases:
        key = ["monitoring", name, "decisions"]
        if reading.exists(lake, key):
            found[name] = decision_of(_rows(lake, key, reading, ["decided_at", "decision", "reason"]))
    return found


def decision_of(rows: Sequence[Mapping[str, Any]]) -> DecisionFacts:
    """The newest decision; since the first of those in a row that decided the same, whatever their reasons."""
    if not rows:
        return DecisionFacts()
    newest_first = sorted(rows, key=lambda row: row["decided_at"], reverse=True)
    last = newest_first[0]
    alike = itertools.takewhile(lambda row: row["decision"] == last["decision"], newest_first)
    return DecisionFacts(last["decision"], last["reason"], min(row["decided_at"] for row in alike))


def drift_of(rows: Sequence[Mapping[str, Any]]) -> DriftFacts:
    """What the newest report says; drifting since the first day after the last that did not.

    Args:
        rows: day, column_name, verdict, current_rows and model_version of all reports.
    """
    if not rows:
        return DriftFacts()
    # After a roll back the newest reports are of an older version.
    version = max(rows, key=lambda row: (row["day"], row["model_version"]))["model_version"]
    reports: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["model_version"] == version:
            reports.setdefault(row["day"], []).append(row)
    verdicts = {day: overall([row["verdict"] for row in reports[day]]) for day in sorted(reports)}
    newest = max(verdicts)
    since = newest
    for day in sorted(verdicts, reverse=True):
        if verdicts[day] != verdicts[newest]:
            break
        since = day
    words = report_in_words({row["column_name"]: row["verdict"] for row in reports[newest]})
    moment = datetime(since.year, since.month, since.day, tzinfo=UTC)
    return DriftFacts(verdicts[newest], f"{newest}", moment, words, max(row["current_rows"] for row in reports[newest]))


def champion_of(
    decisions: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]], came: Sequence[Mapping[str, Any]]
) -> ChampionFacts:
    """Who serves by the record, with the figures of its evaluation and of what came.

    Args:
        decisions: Rows of `models/<use case>/champion`.
        scores: Rows of `models/<use case>/evaluation`; those of another version than the one that serves, and of parts
            of the data, are left out.
        came: Rows of `monitoring/<use case>/performance`, in any order.
    """
    ordered = sorted(decisions, key=lambda row: row["decided_at"])
    if not ordered:
        return ChampionFacts()
    last = ordered[-1]
    version = last["to_version"]
    moves = [row for row in ordered if row["to_version"] == version != row["from_version"]]
    whole = [row for row in scores if row["model_version"] == version and row["slice"] == ALL]
    own = [row for row in whole if row["decides"] and row["role"] != "difference"]
    measured = ", ".join(
        dict.fromkeys(f"{row['metric']} {_figure(row)} on {row['data'].replace('_', ' ')}" for row in own)
    )
    of_all = [row for row in came if row["model_version"] == version and row["slice"] == ALL]
    newest = _newest(of_all)
    # The newest evaluation may not have measured who serves (a roll back after it): what decides is the same of all.
    deciding = {row["metric"] for row in scores if row["decides"]}
    # What decided, and whatever else came out worse: a use case may measure a dozen figures.
    shown = [row for row in newest if row["metric"] in deciding or row["verdict"] == WORSE]
    told = [f"{row['metric']} {_figure(row)}, {row['verdict']} since {_so_since(row, of_all)}" for row in shown]
    # Where outcomes stopped coming, the newest day that tells anything may be long ago.
    realised = f"what came by {shown[0]['day']}: {', '.join(told)}" if told else ""
    worse = any(row["verdict"] == WORSE for row in newest)
    slices = worse_slices([row for row in came if row["model_version"] == version], deciding)
    begun = min((one.since for one in slices), default=None)
    decided = f"{last['decided_at']:%Y-%m-%d}: {last['action']}: {last['reason']}"
    since = moves[-1]["decided_at"] if moves else None
    return ChampionFacts(
        version, since, measured, realised, not worse, decided, in_words(slices), _midnight(begun),
        _midnight(_worse_since(of_all)),
    )  # fmt: skip


def _champion(lake: Lake, name: str, reading: Reading) -> ChampionFacts:
    def rows(zone: str, table: str) -> list[dict[str, Any]]:
        key = [zone, name, table]
        return _rows(lake, key, reading) if reading.exists(lake, key) else []

    return champion_of(rows("models", "champion"), rows("models", "evaluation"), rows("monitoring", "performance"))


def _rows(
    lake: Lake, key: Sequence[str], reading: Reading, columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """All rows of a table; none where it cannot be read, which the problem of the table says."""
    none: list[dict[str, Any]] = []
    return reading.of(key, lambda: lake.read(key, columns=columns).to_pylist(), none)


def _newest(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of the newest day on which anything could be measured."""
    measured = _measured(rows)
    newest = max((row["day"] for row in measured), default=None)
    return [row for row in measured if row["day"] == newest]


def _measured(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["value"] is not None and not math.isnan(row["value"])]


def _so_since(newest: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> date:
    """The first of the measured days in a row, up to the newest, on each of which a figure had the verdict it has."""
    own = [row for row in _measured(rows) if row["metric"] == newest["metric"]]
    newest_first = sorted(own, key=lambda row: row["day"], reverse=True)
    alike = itertools.takewhile(lambda row: row["verdict"] == newest["verdict"], newest_first)
    since: date = min(row["day"] for row in alike)
    return since


def _worse_since(rows: Sequence[Mapping[str, Any]]) -> date | None:
    """The first of the measured days in a row, up to the newest, on each of which a figure was worse; None: none."""
    measured = _measured(rows)
    bad = {row["day"] for row in measured if row["verdict"] == WORSE}
    newest_first = sorted({row["day"] for row in measured}, reverse=True)
    return min(itertools.takewhile(bad.__contains__, newest_first), default=None)


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


def _figure(row: Mapping[str, Any]) -> str:
    value = row["value"]
    if value is None or math.isnan(value):
        return "not defined"
    low, high = row.get("low"), row.get("high")
    known = low is not None and high is not None and not math.isnan(low) and not math.isnan(high)
    return f"{value:.4g}" + (f" ({low:.4g} to {high:.4g})" if known else "")
