"""What to do about something that is violated: ask for a training, or say what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from lakehouse_assets.monitoring.deciding.episodes import Episode, Signals
from lakehouse_assets.monitoring.deciding.history import (
    DATA,
    DRIFT,
    PERFORMANCE,
    RETRAIN,
    SUCCEEDED,
    TERMINATED,
    UNDER_WAY,
    History,
    Request,
    Training,
    requests_of,
)
from lakehouse_assets.monitoring.deciding.policy import Decision, Policy
from lakehouse_assets.monitoring.deciding.waiting import Change, behind, held_back, not_worth_another

WAIT, BLOCKED, INVESTIGATE = "wait", "blocked", "investigate"

#: Features may tell of a change so many days before the performance does; what drifts for longer is another change.
TOLD_BEFORE_DAYS = 14
BY_HAND = "ask for it by retrain_now"


@dataclass(frozen=True)
class Violation:
    """Something that is violated now, with all that an answer to it goes by.

    Attributes:
        trigger: Lost performance, drift, or more to learn from.
        signals: What is violated.
        drift: What the drift reports say.
        loss: What the performance says.
        history: All that is known.
        policy: The rules.
        use_case: For the run key.
        now: UTC; dates the decision, and is what the back-off of failed runs counts to.
        day: The newest day that was reported on.
    """

    trigger: str
    signals: Signals
    drift: Signals
    loss: Signals
    history: History
    policy: Policy
    use_case: str
    now: datetime
    day: date

    @cached_property
    def requests(self) -> list[Request]:
        """All that was asked for so far."""
        return requests_of(self.history, self.use_case)

    @cached_property
    def new(self) -> list[Episode]:
        """The episodes that nothing was asked for yet."""
        return [one for one in self.signals.violated if not self._covering(one, self.trigger)]

    @cached_property
    def since(self) -> date:
        """First bad day of what an answer is about."""
        return min(one.since for one in (self.new or self.signals.violated))

    @cached_property
    def key(self) -> str | None:
        """The run key of a first request for it, or of another after a refusal; None: on this day there is none.

        Dagster starts no second run for a key, so it is one that nothing was asked for under: where another signal's
        episode began on that day and was asked for, and after a refusal, it names the day on which it is asked for.
        """
        used = {one.base_key for one in self.requests}
        days = (self.since, self.day) if self.new else (self.day,)
        return next((key for key in (f"{self._base}-since-{day}" for day in days) if key not in used), None)

    @cached_property
    def asked(self) -> Request | None:
        """The request that was made for it already."""
        return None if self.new else self._covering(self.signals.violated[0], self.trigger)

    def answer(self) -> Decision:
        """What to do about it."""
        running = next((one for one in self.history.trainings if one.status == UNDER_WAY), None)
        silence = self.history.silence(self.day)
        change = Change(self._began(), behind(self.history, self.day), silence)
        why = "train again"
        if self.asked is not None:
            decision = self._after(self.asked, running)
            if self.asked.promoted is not False or decision.decision != INVESTIGATE:
                return decision
            lacking = not_worth_another(self.asked, change, self.history, self.policy, self.day)
            if lacking:
                return replace(decision, reason=f"{decision.reason} {lacking}")
            more = "as much more again to learn from" if self.trigger == DATA else "more to learn of it"
            why = f"{self.asked.key_of(self.asked.attempt)} was refused; there is {more} now"
        if running is not None:
            return self._say(BLOCKED, f"a training is under way ({running.run_key or running.run_id})")
        new = self.history.new_rows
        if new is not None and new < self.policy.least_new_rows:
            few = f"{new} new rows to learn from, {self.policy.least_new_rows} are needed"
            return self._say(INVESTIGATE, f"{few}; {silence.words}") if silence else self._say(WAIT, few)
        held = None if self.trigger == DATA else change.too_young(self.policy, self.day)
        if held and change.lacks_outcomes(self.policy.learn_days, self.day):
            return self._say(INVESTIGATE, held)
        held = held or held_back(self.trigger, self.history, self.requests, self.policy, self.day)
        held = held or (None if self.key else "another retraining was asked for on this day; the next may ask for this")
        if held and self.asked is not None:
            return self._say(INVESTIGATE, f"{why}; {held}")
        return self._say(WAIT, held) if held else self._say(RETRAIN, why, self.key, 1)

    def _after(self, asked: Request, running: Training | None) -> Decision:
        """What follows from a request that was made for it."""
        say, last, key = self._say, asked.run, asked.key_of(asked.attempt)
        if last is None and asked.seen:
            return say(INVESTIGATE, f"its retraining ({key}) was known, and its run is gone; {BY_HAND}")
        if last is None:
            if running is not None:
                other = running.run_key or running.run_id
                return say(BLOCKED, f"asked for as {key}; another training is under way ({other})")
            return say(RETRAIN, "asked for, and no run of it is known yet", key, asked.attempt)
        if last.status == UNDER_WAY:
            return say(BLOCKED, f"its retraining is under way ({key})")
        # What failed after the gate had spoken, a card or a page, would be told the same by it.
        if last.status == SUCCEEDED or last.promoted is not None:
            refused = "did not help, the gate refused it or it came to the model that serves"
            told = "was promoted and does not serve" if last.promoted else refused
            return say(INVESTIGATE, f"its retraining ({key}) {told}; the same again would say the same")
        if last.status == TERMINATED:
            return say(INVESTIGATE, f"its retraining ({key}) was terminated by a person; {BY_HAND}")
        # Counted by the keys: of runs that were deleted, the later ones still tell.
        if asked.attempt >= self.policy.attempts:
            return say(INVESTIGATE, f"its retraining failed {asked.attempt} times, last as {key}")
        if running is not None:
            other = running.run_key or running.run_id
            return say(BLOCKED, f"to be tried again; another training is under way ({other})")
        pause = timedelta(hours=self.policy.retry_hours * 2 ** (asked.attempt - 1))
        at = last.ended_at + pause if last.ended_at else self.now
        if self.now < at:
            return say(WAIT, f"its retraining failed ({key}); tried again at {at:%Y-%m-%d %H:%M} UTC")
        again = asked.attempt + 1
        return say(RETRAIN, f"tried again after {key} failed", asked.key_of(again), again)

    def _say(self, decision: str, why: str, run_key: str | None = None, attempt: int = 0) -> Decision:
        names = tuple(sorted(one.signal for one in self.signals.violated))
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        what = {PERFORMANCE: "worse than expected", DATA: "much more to learn from"}.get(
            self.trigger, f"drift in {shown}"
        )
        champion = self.history.champion or 0
        reason = f"{what} since {self.since} against champion {champion}: {why}"
        rows = self.history.labelled_rows
        return Decision(
            self.now, self.day, decision, self.trigger, reason, champion, names, self.since, attempt, run_key, rows
        )

    @property
    def _base(self) -> str:
        return f"{self.use_case}-champion-{self.history.champion or 0}-{self.trigger}"

    def _began(self) -> date:
        """Since when something is other than the champion knows it: features may tell before the performance does."""
        near = self.since - timedelta(days=TOLD_BEFORE_DAYS)
        kinds = ((DRIFT, self.drift), (PERFORMANCE, self.loss))
        episodes = [(kind, one) for kind, signals in kinds for one in signals.violated if one.since >= near]
        return min([self.since, *(one.since for kind, one in episodes if not self._covering(one, kind))])

    def _covering(self, episode: Episode, trigger: str) -> Request | None:
        """The newest request that was made for an episode."""
        made = [
            one
            for one in self.requests
            if (one.trigger, one.champion) == (trigger, self.history.champion or 0)
            and (one.signals is None or episode.signal in one.signals)
            and (one.day or one.since) >= episode.since
        ]
        return made[-1] if made else None
