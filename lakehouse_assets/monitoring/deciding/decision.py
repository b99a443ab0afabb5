"""Whether to train again: a pure decision from what has been reported, decided, run and promoted.

Time is counted in days of data, so that nights that are made up for, or replayed, are decided as they would have been
then; only the back-off after a failed run is in hours of the clock. One decision asks for one run: its key names the
champion, what is violated and since when, whoever evaluates it how often, and an episode that was asked for is not
asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from lakehouse_assets.monitoring.days import as_date
from lakehouse_assets.monitoring.deciding.episodes import NOTHING, STALE_DAYS, Episode, Signals, signals_of
from lakehouse_assets.monitoring.deciding.history import (
    DATA,
    DRIFT,
    PERFORMANCE,
    RETRAIN,
    UNDER_WAY,
    History,
    drift_signals,
    fault_signals,
    faults_of,
    performance_signals,
)
from lakehouse_assets.monitoring.deciding.policy import Decision, Policy
from lakehouse_assets.monitoring.deciding.violation import BLOCKED, INVESTIGATE, WAIT, Violation

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.monitoring.deciding.silence import Silence

__all__ = ["BLOCKED", "INVESTIGATE", "RETRAIN", "WAIT", "Decision", "Policy", "decide", "worth_a_row"]


def decide(history: History, policy: Policy, use_case: str, now: datetime) -> Decision:
    """Decide on what is known now.

    Args:
        history: All that is known.
        policy: The rules.
        use_case: For the run key.
        now: UTC; only for the back-off of failed runs, and to date the decision.
    """
    known = _Known.of(history, policy, use_case, now)
    answer = _answer(known)
    if answer.decision == WAIT and _fault_was_told(known):
        return _at_fault(known)
    still = _still_to_be_looked_into(known) if answer.decision == WAIT else None
    if still is None:
        return answer
    # Told once for each episode: a calm night between, or another signal that waits, ends nothing.
    over = f"it is over after {policy.calm_reports} calm reports in a row"
    return replace(still, reason=f"{still.reason}; {answer.reason if answer.trigger else over}")


@dataclass(frozen=True)
class _Known:
    """What the reports say, with all that an answer goes by; `day` is the newest that was reported on."""

    history: History
    policy: Policy
    use_case: str
    now: datetime
    day: date | None
    drift: Signals
    loss: Signals
    faults: Signals

    @classmethod
    def of(cls, history: History, policy: Policy, use_case: str, now: datetime) -> _Known:
        """Read the reports; those of a kind that is no longer reported on say nothing."""
        reports = _of_champion(history.reports, history.champion)
        realised = _of_champion(history.performance, history.champion)
        calm = policy.calm_reports
        told = (
            signals_of(drift_signals(reports), policy.drift_at_least, policy.drift_of_last, calm),
            signals_of(performance_signals(realised), policy.loss_at_least, policy.loss_of_last, calm),
            signals_of(fault_signals(reports), 1, 1, calm),
        )
        day = max((one.newest for one in told if one.newest), default=None)
        recent = [one if day and one.newest and (day - one.newest).days <= STALE_DAYS else NOTHING for one in told]
        return cls(history, policy, use_case, now, day, *recent)

    def say(self, decision: str, reason: str, signals: tuple[str, ...] = ()) -> Decision:
        """A decision that is about no trigger."""
        return Decision(self.now, self.day, decision, None, reason, self.history.champion, signals)

    def violation(self, trigger: str, signals: Signals) -> Violation:
        """Of a trigger."""
        assert self.day is not None, "where something is violated, something was reported"
        return Violation(
            trigger, signals, self.drift, self.loss, self.history, self.policy, self.use_case, self.now, self.day
        )

    @property
    def wanted(self) -> Mapping[str, Signals]:
        """Trigger -> its signals, the first in rank first, of those that the policy goes by."""
        every = (
            (PERFORMANCE, self.loss, self.policy.on_performance),
            (DRIFT, self.drift, self.policy.on_drift),
            (DATA, _more_data(self.history, self.policy) or NOTHING, self.policy.on_more_data is not None),
        )
        return {trigger: signals for trigger, signals, wanted in every if wanted}


def _answer(known: _Known) -> Decision:
    """What to do about what is so now."""
    history, say = known.history, known.say
    if history.champion is None:
        return say(WAIT, "nothing serves yet")
    strange = _strange_reference(history, known.use_case)
    if known.day is None:
        return say(INVESTIGATE, strange) if strange else say(WAIT, f"no report against champion {history.champion} yet")
    if known.faults.violated:
        return _at_fault(known)
    spent = None
    for trigger, signals in known.wanted.items():
        if signals.violated:
            violation = known.violation(trigger, signals)
            decision = violation.answer()
            if decision.decision != INVESTIGATE or violation.asked is None:
                return decision
            # A training for this did not help. What ranks below it may be another matter.
            spent = spent or decision
    if spent is None and strange and known.policy.on_drift:
        return say(INVESTIGATE, strange)
    return spent or say(WAIT, _quiet(known.drift, known.loss, known.policy, history.silence(known.day)))


def _at_fault(known: _Known) -> Decision:
    """Data are at fault, or were lately and nothing else is to be done."""
    now = [one.signal for one in known.faults.violated]
    names = now or [one.signal for one in known.faults.lingering]
    faults = faults_of(_of_champion(known.history.reports, known.history.champion), names)
    told = ", ".join(f"{name} ({verdict})" for name, verdict in faults.items())
    reason = f"the data are at fault, not the model: {told}; mend the source, do not train on it"
    if not now:
        reason = f"the data were at fault: {told}; it is over after {known.policy.calm_reports} reports without"
    return known.say(INVESTIGATE, reason, tuple(names))


def _still_to_be_looked_into(known: _Known) -> Decision | None:
    """What the last decisions wanted looked into, if its episode is not over and no training can be asked for yet."""
    asked = next((one for one in _looked_into(known) if str(one["trigger"]) in known.wanted), None)
    if asked is None:
        return None
    trigger, names = str(asked["trigger"]), str(asked["signals"]).split(", ")
    signals = known.wanted[trigger]
    still = tuple(one for one in (*signals.violated, *signals.lingering) if one.signal in names)
    if not still:
        return None
    decision = known.violation(trigger, replace(signals, violated=still)).answer()
    return decision if decision.decision == INVESTIGATE else None


def _fault_was_told(known: _Known) -> bool:
    """Whether a fault that may come back was told, and nothing was decided since but that it is to be looked into."""
    names = {one.signal for one in known.faults.lingering}
    told = (one for one in _looked_into(known) if str(one["trigger"]) not in known.wanted)
    return any(names & {*str(one["signals"]).split(", ")} for one in told)


def _looked_into(known: _Known) -> Iterator[Mapping[str, Any]]:
    """The newest decisions about the champion, the newest first, as far as each wanted something looked into."""
    made = known.history.decisions
    rows = made.sort_values("decided_at", kind="stable", ascending=False).to_dict("records") if len(made) else []
    wanted = (INVESTIGATE, known.history.champion)
    return takewhile(lambda one: (one["decision"], one["champion_version"]) == wanted, rows)


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
