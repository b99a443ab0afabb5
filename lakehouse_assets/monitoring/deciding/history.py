"""What a decision is made from: reports, past decisions, training runs, and what became of each request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from lakehouse_assets.monitoring import verdicts
from lakehouse_assets.monitoring.days import as_date
from lakehouse_assets.monitoring.deciding.episodes import BAD, CALM, UNKNOWN
from lakehouse_assets.monitoring.verdicts import FAULTS, NOT_CALIBRATED, STABLE

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.monitoring.deciding.silence import Coming, Silence

RETRAIN = "retrain"
DRIFT, PERFORMANCE, DATA = "drift", "performance", "data"
#: Tag of a run that is a retraining somebody or something decided on; its value says why.
RETRAINING_REASON = "retraining_reason"
UNDER_WAY, SUCCEEDED, FAILED = "under way", "succeeded", "failed"
#: Stopped by a person, who knows why: not tried again by itself.
TERMINATED = "terminated"


@dataclass(frozen=True)
class Training:
    """One run of the training job.

    `run_key` is None for a run that a person or a schedule started; `day` is the day of data on which it was asked for.
    `ended_at` is None where nobody knows; a failed one is then tried again at once.
    `promoted` is what the gate said, None while it has said nothing. `labelled_rows` there were to learn from when it
    was asked for; None where nobody counted.
    """

    run_id: str
    status: str
    run_key: str | None = None
    ended_at: datetime | None = None
    promoted: bool | None = None
    day: date | None = None
    labelled_rows: int | None = None


@dataclass(frozen=True)
class Judged:
    """What the gate said, and when, of a training whose run nobody knows any more: it was deleted, or is long ago."""

    run_id: str
    at: datetime
    promoted: bool


@dataclass(frozen=True)
class History:
    """All that is known when a decision is made.

    `reports`: day, model_version, column_name, verdict of the drift table. `performance`: day, model_version, verdict
    of the deciding metric over all rows. `decisions`: the rows so far. `new_rows`: labelled rows that the champion has
    not learned from; None where nobody counted. `learned_rows`: those that it learned from. `learns_until`: the last
    day that a training now would learn from; None where whole entities are held out, or nobody knows: all of them.
    `coming`: how outcomes became known so far; None where nobody knows. `reference_of`: the version whose reference
    drift reports compare with; None where nobody knows, or it is the champion's. `judged`: what the gate said of
    runs that are not among the trainings.
    """

    reports: pd.DataFrame
    performance: pd.DataFrame
    decisions: pd.DataFrame
    trainings: Sequence[Training]
    champion: int | None
    new_rows: int | None = None
    learned_rows: int | None = None
    learns_until: date | None = None
    coming: Coming | None = None
    reference_of: int | None = None
    judged: Sequence[Judged] = ()

    @property
    def labelled_rows(self) -> int | None:
        """Rows that there are to learn from now; None where nobody counted."""
        known = self.learned_rows is not None and self.new_rows is not None
        return (self.learned_rows or 0) + (self.new_rows or 0) if known else None

    def silence(self, day: date) -> Silence | None:
        """That no outcome has become known for much longer than usual by a day; None if that is not so."""
        return self.coming.silence(day) if self.coming else None


@dataclass
class Request:
    """A retraining that was asked for, in as many attempts as it took; `signals` None where only its run is left.

    `day`: of the first attempt. `last_day`: of the last, which may be days later where nobody looked in between.
    `asked_at`: when its last attempt was; None where only its run is left. `seen`: a later decision names the run of
    that attempt, so that there was one, though it may be gone since. `labelled_rows` there were to learn from; None
    where nobody counted.
    """

    base_key: str
    trigger: str
    champion: int
    since: date
    signals: frozenset[str] | None = None
    day: date | None = None
    last_day: date | None = None
    attempt: int = 1
    trainings: list[Training] = field(default_factory=list)
    seen: bool = False
    labelled_rows: int | None = None
    asked_at: datetime | None = None

    def key_of(self, attempt: int) -> str:
        """The run key of an attempt."""
        return self.base_key if attempt == 1 else f"{self.base_key}-try-{attempt}"

    @property
    def run(self) -> Training | None:
        """The run of its last attempt; None where none is known (yet, or any more)."""
        last = self.trainings[-1] if self.trainings else None
        return last if last is not None and _attempt(last.run_key) == self.attempt else None

    @property
    def promoted(self) -> bool | None:
        """What the gate said of its last run."""
        return self.trainings[-1].promoted if self.trainings else None


def requests_of(history: History, use_case: str) -> list[Request]:
    """All requests in the order of their days, from the decisions and, should these be lost, from the runs' keys."""
    found: dict[str, Request] = {}
    asked = history.decisions
    asked = asked[asked["decision"].eq(RETRAIN)] if len(asked) else asked
    for row in asked.to_dict("records"):
        request, attempt = _request(str(row["run_key"]), use_case, found)
        if request is None:
            continue
        told = {one for one in str(row["signals"] or "").split(", ") if one}
        request.signals = frozenset(told | (request.signals or set()))
        day = as_date(row["day"])
        request.day = min(request.day, day) if request.day else day
        request.last_day = max(request.last_day or day, day)
        if attempt >= request.attempt:
            later = request.asked_at is None or attempt > request.attempt or row["decided_at"] > request.asked_at
            request.attempt, request.asked_at = attempt, row["decided_at"] if later else request.asked_at
        request.labelled_rows = _more_of(request.labelled_rows, row.get("labelled_rows"))
    others = history.decisions[~history.decisions["decision"].eq(RETRAIN)] if found else history.decisions.iloc[:0]
    reasons = [str(one) for one in others["reason"]] if len(others) else []
    for request in found.values():
        request.seen = any(f"({request.key_of(request.attempt)})" in reason for reason in reasons)
    for training in history.trainings:
        request, attempt = _request(training.run_key or "", use_case, found)
        if request is not None:
            request.trainings.append(training)
            request.day = request.day or training.day
            request.last_day = max(filter(None, (request.last_day, training.day)), default=None)
            request.attempt = max(request.attempt, attempt)
            request.labelled_rows = _more_of(request.labelled_rows, training.labelled_rows)
    for request in found.values():
        request.trainings.sort(key=lambda one: _attempt(one.run_key))
    _add_judged(found.values(), history.judged)
    return sorted(found.values(), key=lambda one: one.day or one.since)


def _add_judged(requests: Iterable[Request], judged: Iterable[Judged]) -> None:
    """Give a request whose run nobody knows any more what the gate said of it.

    No two trainings that were asked for are under way at once: it is the first of such a run after the request was
    made, and before the next was.
    """
    asked = sorted(((one.asked_at, one) for one in requests if one.asked_at is not None), key=lambda one: one[0])
    said = sorted(judged, key=lambda one: one.at)
    for place, (at, request) in enumerate(asked):
        until = asked[place + 1][0] if place + 1 < len(asked) else None
        own = next((one for one in said if one.at > at and (until is None or one.at <= until)), None)
        if own is not None and request.run is None:
            key = request.key_of(request.attempt)
            request.trainings.append(Training(own.run_id, SUCCEEDED, key, own.at, own.promoted, request.day))


def _request(run_key: str, use_case: str, found: dict[str, Request]) -> tuple[Request | None, int]:
    pattern = (
        rf"({re.escape(use_case)}-champion-(\d+)-({DRIFT}|{PERFORMANCE}|{DATA})-since-([\d-]{{10}}))(?:-try-(\d+))?"
    )
    matched = re.fullmatch(pattern, run_key)
    if matched is None:
        return None, 0
    base, champion, trigger, since, attempt = matched.groups()
    request = found.setdefault(base, Request(base, trigger, int(champion), date.fromisoformat(since)))
    return request, int(attempt or 1)


def _more_of(known: int | None, told: float | None) -> int | None:
    """The larger of two counts; a cell of a frame that says nothing is None or NaN."""
    return known if told is None or told != told else max(known or 0, int(told))


def _attempt(run_key: str | None) -> int:
    matched = re.search(r"-try-(\d+)$", run_key or "")
    return int(matched.group(1)) if matched else 1


def drift_signals(reports: pd.DataFrame) -> pd.DataFrame:
    """The drift table as signals: drift is bad, stable is calm, all else says nothing."""
    states = {"drift": BAD, "stable": CALM}
    return reports[["day"]].assign(
        signal=reports["column_name"], state=reports["verdict"].map(states).fillna(UNKNOWN)
    )  # fmt: skip


def performance_signals(performance: pd.DataFrame) -> pd.DataFrame:
    """The performance table as one signal."""
    states = {"worse than expected": BAD, "as expected": CALM}
    return performance[["day"]].assign(
        signal=PERFORMANCE, state=performance["verdict"].map(states).fillna(UNKNOWN)
    )  # fmt: skip


def fault_signals(reports: pd.DataFrame) -> pd.DataFrame:
    """The drift table as signals of faults: a fault is bad, what was looked at and found without one is calm."""
    states = dict.fromkeys(FAULTS, BAD) | dict.fromkeys((verdicts.DRIFT, STABLE, NOT_CALIBRATED), CALM)
    return reports[["day"]].assign(
        signal=reports["column_name"], state=reports["verdict"].map(states).fillna(UNKNOWN)
    )  # fmt: skip


def faults_of(reports: pd.DataFrame, columns: Iterable[str]) -> Mapping[str, str]:
    """What was wrong with the data of some columns when they were last at fault."""
    bad = reports[reports["verdict"].isin(FAULTS) & reports["column_name"].isin(list(columns))]
    last = bad.sort_values("day", kind="stable").drop_duplicates("column_name", keep="last").sort_values("column_name")
    return dict(zip(last["column_name"].astype(str), last["verdict"].astype(str), strict=True))
