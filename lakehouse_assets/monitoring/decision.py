"""Whether to train again: a pure decision from what has been reported, decided, run and promoted.

Time is counted in days of data, so that nights that are made up for, or replayed, are decided as they would have been
then; only the back-off after a failed run is in hours of the clock. One decision asks for one run: its key names the
champion, what is violated and since when, whoever evaluates it how often, and an episode that was asked for is not
asked for again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from lakehouse_assets.monitoring.episodes import Episode, Signals, signals_of
from lakehouse_assets.monitoring.history import (
    DATA,
    DRIFT,
    FAILED,
    PERFORMANCE,
    RETRAIN,
    UNDER_WAY,
    History,
    Request,
    Training,
    as_date,
    drift_signals,
    faults_of,
    performance_signals,
    requests_of,
)
from lakehouse_assets.monitoring.policy import Decision, Policy
from lakehouse_assets.monitoring.waiting import Change, behind, held_back

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BLOCKED", "INVESTIGATE", "RETRAIN", "WAIT", "Decision", "Policy", "decide", "worth_a_row"]

WAIT, BLOCKED, INVESTIGATE = "wait", "blocked", "investigate"


NOTHING = Signals(None, (), (), ())
#: Features may tell of a change so many days before the performance does; what drifts for longer is another change.
TOLD_BEFORE_DAYS = 14
#: A report so many days older than the newest of any kind says nothing of today.
STALE_DAYS = 7


class _Say(Protocol):
    """Make a decision about one violation, in words."""

    def __call__(self, decision: str, why: str, run_key: str | None = None, attempt: int = 0) -> Decision:
        """The decision."""


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
    if day is None:
        return say(WAIT, f"no report against champion {history.champion} yet")
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
            decision = _on(trigger, signals, (drift, loss), history, policy, use_case, now, day)
            if decision.decision != INVESTIGATE:
                return decision
            # A training for this did not help. What ranks below it may be another matter.
            spent = spent or decision
    return spent or say(WAIT, _quiet(drift, loss, policy))


def worth_a_row(decision: Decision, decisions: pd.DataFrame) -> bool:
    """Whether the table does not yet say so: another day, another decision or another reason than its last row."""
    if decisions.empty:
        return True
    last = decisions.sort_values("decided_at", kind="stable").iloc[-1]
    told = None if last["day"] is None or last["day"] != last["day"] else as_date(last["day"])
    return (told, last["decision"], last["reason"]) != (decision.day, decision.decision, decision.reason)


def _on(
    trigger: str,
    signals: Signals,
    all_signals: tuple[Signals, Signals],
    history: History,
    policy: Policy,
    use_case: str,
    now: datetime,
    day: date,
) -> Decision:
    """What to do about a violation."""
    champion = history.champion or 0
    requests = requests_of(history, use_case)
    new = [one for one in signals.violated if not _covering(one, trigger, champion, requests)]
    since = min(one.since for one in (new or signals.violated))
    key = f"{use_case}-champion-{champion}-{trigger}-since-{since}"
    told_by_the_day = f"{use_case}-champion-{champion}-{trigger}-since-{day}"
    if any(one.base_key == key and one.signals and not one.signals & {new_.signal for new_ in new} for one in requests):
        # Another signal's episode began on that day and was asked for: this one is told by the day on which it is.
        key = told_by_the_day
    names = tuple(sorted(one.signal for one in signals.violated))
    what = f"{_words(trigger, names)} since {since} against champion {champion}"

    def say(decision: str, why: str, run_key: str | None = None, attempt: int = 0) -> Decision:
        return Decision(now, day, decision, trigger, f"{what}: {why}", champion, names, since, attempt, run_key)

    running = next((one for one in history.trainings if one.status == UNDER_WAY), None)
    asked = next((one for one in requests if one.base_key == key), None) if new else None
    asked = asked or (None if new else _covering(signals.violated[0], trigger, champion, requests))
    change = Change(_began(since, all_signals, champion, requests), behind(history, day))
    why = "train again"
    if asked is not None:
        decision = _after(asked, say, policy, now, running)
        if trigger == DATA or asked.promoted is not False or decision.decision != INVESTIGATE:
            return decision
        wanted = change.worth_another(asked, policy)
        if change.learned_by(day) < wanted:
            later = change.first_day_with(wanted)
            return replace(decision, reason=f"{decision.reason} until there is more to learn of it, from {later} on")
        key, why = told_by_the_day, f"{asked.key_of(asked.attempt)} was refused; there is more to learn of it now"
    if running is not None:
        return say(BLOCKED, f"a training is under way ({running.run_key or running.run_id})")
    if history.new_rows is not None and history.new_rows < policy.least_new_rows:
        return say(WAIT, f"{history.new_rows} new rows to learn from, {policy.least_new_rows} are needed")
    held = None if trigger == DATA else change.too_young(policy, day)
    held = held or held_back(trigger, history, requests, policy, day)
    if held and asked is not None:
        return say(INVESTIGATE, f"{why}; {held}")
    return say(WAIT, held) if held else say(RETRAIN, why, key, 1)


def _began(since: date, told: tuple[Signals, Signals], champion: int, requests: list[Request]) -> date:
    """Since when something is other than the champion knows it: features may tell before the performance does."""
    kinds = zip((DRIFT, PERFORMANCE), told, strict=True)
    near = since - timedelta(days=TOLD_BEFORE_DAYS)
    episodes = [(kind, one) for kind, signals in kinds for one in signals.violated if one.since >= near]
    return min([since, *(one.since for kind, one in episodes if not _covering(one, kind, champion, requests))])


def _more_data(history: History, policy: Policy) -> Signals | None:
    """The signal that there is much more to learn from than the champion has; once for each champion."""
    told = (*_of_champion(history.reports, history.champion)["day"],)
    told += (*_of_champion(history.performance, history.champion)["day"],)
    if policy.on_more_data is None or not history.learned_rows or history.new_rows is None or not told:
        return None
    if history.new_rows < policy.on_more_data * history.learned_rows:
        return None
    return Signals(as_date(max(told)), (Episode("rows", as_date(min(told))),), (), ())


def _after(asked: Request, say: _Say, policy: Policy, now: datetime, running: Training | None) -> Decision:
    """What follows from a request that was made for this episode."""
    runs = asked.trainings
    if asked.seen and len(runs) < asked.attempt:
        return say(INVESTIGATE, f"its retraining ({asked.key_of(asked.attempt)}) was known, and its run is gone")
    if not runs or len(runs) < asked.attempt:
        key = asked.key_of(asked.attempt)
        if running is not None:
            return say(
                BLOCKED, f"asked for as {key}; another training is under way ({running.run_key or running.run_id})"
            )
        return say(RETRAIN, "asked for, and no run of it is known yet", key, asked.attempt)
    last = runs[-1]
    if last.status == UNDER_WAY:
        return say(BLOCKED, f"its retraining is under way ({last.run_key})")
    if last.status != FAILED:
        refused = "did not help, the gate refused it or it came to the model that serves"
        told = "was promoted and does not serve" if last.promoted else refused
        return say(INVESTIGATE, f"its retraining ({last.run_key}) {told}; the same again would say the same")
    if len(runs) >= policy.attempts:
        return say(INVESTIGATE, f"its retraining failed {len(runs)} times, last as {last.run_key}")
    at = (last.ended_at or now) + timedelta(hours=policy.retry_hours * 2 ** (len(runs) - 1))
    if running is not None:
        return say(BLOCKED, f"to be tried again; another training is under way ({running.run_key or running.run_id})")
    if now < at:
        return say(WAIT, f"its retraining failed ({last.run_key}); tried again at {at:%Y-%m-%d %H:%M} UTC")
    return say(RETRAIN, f"tried again after {last.run_key} failed", asked.key_of(len(runs) + 1), len(runs) + 1)


def _covering(episode: Episode, trigger: str, champion: int, requests: list[Request]) -> Request | None:
    """The newest request that was made for this episode."""
    made = [
        one
        for one in requests
        if (one.trigger, one.champion) == (trigger, champion)
        and (one.signals is None or episode.signal in one.signals)
        and (one.day or one.since) >= episode.since
    ]
    return made[-1] if made else None


def _is_recent(newest: date | None, day: date) -> bool:
    return newest is not None and (day - newest).days <= STALE_DAYS


def _of_champion(rows: pd.DataFrame, champion: int | None) -> pd.DataFrame:
    return rows[rows["model_version"].eq(champion)] if champion is not None and not rows.empty else rows.iloc[:0]


def _words(trigger: str, names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return {PERFORMANCE: "worse than expected", DATA: "much more to learn from"}.get(trigger, f"drift in {shown}")


def _quiet(drift: Signals, loss: Signals, policy: Policy) -> str:
    told = []
    if loss.beginning:
        told.append(f"worse than expected, but not in {policy.loss_at_least} of the last {policy.loss_of_last} reports")
    if drift.beginning:
        names = ", ".join(drift.beginning[:5])
        told.append(f"drift in {names}, but not in {policy.drift_at_least} of the last {policy.drift_of_last} reports")
    if drift.unknown:
        told.append(f"not judged: {', '.join(drift.unknown[:5])}")
    return "; ".join(told) or "nothing drifts"
