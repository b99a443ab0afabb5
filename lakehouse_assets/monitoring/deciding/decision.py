"""Whether to train again: a pure decision from what has been reported, decided, run and promoted.

Time is counted in days of data, so that nights that are made up for, or replayed, are decided as they would have been
then; only the back-off after a failed run is in hours of the clock. One decision asks for one run: its key names the
champion, what is violated and since when, whoever evaluates it how often, and an episode that was asked for is not
asked for again.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from lakehouse_assets.monitoring.deciding.episodes import Episode, Signals, signals_of
from lakehouse_assets.monitoring.deciding.history import (
    DATA,
    DRIFT,
    PERFORMANCE,
    RETRAIN,
    UNDER_WAY,
    History,
    as_date,
    drift_signals,
    faults_of,
    performance_signals,
)
from lakehouse_assets.monitoring.deciding.policy import Decision, Policy
from lakehouse_assets.monitoring.deciding.violation import BLOCKED, INVESTIGATE, WAIT, Violation

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.monitoring.deciding.silence import Silence

__all__ = ["BLOCKED", "INVESTIGATE", "RETRAIN", "WAIT", "Decision", "Policy", "decide", "worth_a_row"]

NOTHING = Signals(None, (), (), ())
#: A report so many days older than the newest of any kind says nothing of today.
STALE_DAYS = 7


def decide(history: History, policy: Policy, use_case: str, now: datetime) -> Decision:
    """Decide on what is known now.

    Args:
        history: All that is known.
        policy: The rules.
        use_case: For the run key.
        now: UTC; only for the back-off of failed runs, and to date the decision.
    """
    reports = _of_champion(history.reports, history.champion)
    drift = signals_of(drift_signals(reports), policy.drift_at_least, policy.drift_of_last, policy.calm_reports)
    loss = signals_of(
        performance_signals(_of_champion(history.performance, history.champion)),
        policy.loss_at_least,
        policy.loss_of_last,
        policy.calm_reports,
    )
    day = max((one.newest for one in (drift, loss) if one.newest), default=None)
    drift, loss = (one if day is None or _is_recent(one.newest, day) else NOTHING for one in (drift, loss))

    def say(decision: str, reason: str, trigger: str | None = None) -> Decision:
        return Decision(now, day, decision, trigger, reason, history.champion)

    if history.champion is None:
        return say(WAIT, "nothing serves yet")
    strange = _strange_reference(history, use_case)
    if day is None:
        return say(INVESTIGATE, strange) if strange else say(WAIT, f"no report against champion {history.champion} yet")
    faults = faults_of(reports) if drift.newest is not None else {}
    if faults:
        told = ", ".join(f"{name} ({verdict})" for name, verdict in faults.items())
        return say(INVESTIGATE, f"the data are at fault, not the model: {told}; mend the source, do not train on it")
    spent = None
    for trigger, signals, wanted in (
        (PERFORMANCE, loss, policy.on_performance),
        (DRIFT, drift, policy.on_drift),
        (DATA, _more_data(history, policy) or NOTHING, policy.on_more_data is not None),
    ):
        if wanted and signals.violated:
            violation = Violation(trigger, signals, drift, loss, history, policy, use_case, now, day)
            decision = violation.answer()
            if decision.decision != INVESTIGATE or violation.asked is None:
                return decision
            # A training for this did not help. What ranks below it may be another matter.
            spent = spent or decision
    if spent is None and strange and policy.on_drift:
        return say(INVESTIGATE, strange)
    return spent or say(WAIT, _quiet(drift, loss, policy, history.silence(day)))


def worth_a_row(decision: Decision, decisions: pd.DataFrame) -> bool:
    """Whether the table does not yet say so: another day, another decision or another reason than its last row."""
    if decisions.empty:
        return True
    last = decisions.sort_values("decided_at", kind="stable").iloc[-1]
    told = None if last["day"] is None or last["day"] != last["day"] else as_date(last["day"])
    return (told, last["decision"], last["reason"]) != (decision.day, decision.decision, decision.reason)


def _more_data(history: History, policy: Policy) -> Signals | None:
    """The signal that there is much more to learn from than the champion has; once for each champion."""
    told = (*_of_champion(history.reports, history.champion)["day"],)
    told += (*_of_champion(history.performance, history.champion)["day"],)
    if policy.on_more_data is None or not history.learned_rows or history.new_rows is None or not told:
        return None
    if history.new_rows < policy.on_more_data * history.learned_rows:
        return None
    return Signals(as_date(max(told)), (Episode("rows", as_date(min(told))),), (), ())


def _is_recent(newest: date | None, day: date) -> bool:
    return newest is not None and (day - newest).days <= STALE_DAYS


def _of_champion(rows: pd.DataFrame, champion: int | None) -> pd.DataFrame:
    return rows[rows["model_version"].eq(champion)] if champion is not None and not rows.empty else rows.iloc[:0]


def _strange_reference(history: History, use_case: str) -> str | None:
    """That drift reports are of another version than serves, and no training is about to change that."""
    other, champion = history.reference_of, history.champion
    if other is None or other == champion or any(one.status == UNDER_WAY for one in history.trainings):
        return None
    return (
        f"drift is not looked for: reports compare with the reference of version {other}, and version {champion} "
        f"serves; materialise monitoring/{use_case}/reference"
    )


def _quiet(drift: Signals, loss: Signals, policy: Policy, silence: Silence | None) -> str:
    told = []
    if loss.beginning:
        told.append(f"worse than expected, but not in {policy.loss_at_least} of the last {policy.loss_of_last} reports")
    if drift.beginning:
        names = ", ".join(drift.beginning[:5])
        told.append(f"drift in {names}, but not in {policy.drift_at_least} of the last {policy.drift_of_last} reports")
    if policy.on_drift and drift.newest is None:
        told.append(f"no drift report of the last {STALE_DAYS} days tells anything")
    if drift.unknown:
        told.append(f"not judged: {', '.join(drift.unknown[:5])}")
    told = told or ["nothing drifts"]
    return "; ".join([*told, silence.words] if silence else told)
