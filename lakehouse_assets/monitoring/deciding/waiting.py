"""What keeps a retraining waiting: too little to learn of what changed, the cool-down, the week's budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from lakehouse_assets.monitoring.deciding.history import DATA, PERFORMANCE, History, Request
from lakehouse_assets.monitoring.deciding.policy import Policy
from lakehouse_assets.monitoring.deciding.silence import Silence


@dataclass(frozen=True)
class Change:
    """A change as far as a training can learn of it.

    Attributes:
        since: First day of it, by the first bad report; it may have begun a little earlier.
        behind: Days at the end of which a training learns nothing: held out, or their labels are not known yet.
        silence: If no outcome has become known for much longer than usual.
    """

    since: date
    behind: int
    silence: Silence | None = None

    def learned_by(self, day: date) -> int:
        """How many days of it a training learns that is asked for when this is the newest day."""
        return max(0, (day - self.since).days + 1 - self.behind)

    def first_day_with(self, days: int) -> date:
        """The first day on which a training learns so many days of it, were outcomes known as they usually are."""
        return self.since + timedelta(days=days + self._usually_behind - 1)

    def had_learned_by(self, day: date) -> int:
        """How many days of it a training learned that was asked for on an earlier day, when outcomes still came."""
        return max(0, (day - self.since).days + 1 - self._usually_behind)

    @property
    def _usually_behind(self) -> int:
        return max(0, self.behind - self.silence.days) if self.silence else self.behind

    def lacks_outcomes(self, days: int, day: date) -> bool:
        """Whether a training would learn so many days of it by now, and does not because outcomes stopped coming."""
        return self.silence is not None and self.learned_by(day) < days and self.first_day_with(days) <= day

    def too_young(self, policy: Policy, day: date) -> str | None:
        """Why a training now would come too early; None if it would not.

        What is promoted without having learned of the change is no better and is measured on changed days alone, so
        that its loss looks like what was to be expected; and a refusal tells nothing.
        """
        learned = self.learned_by(day)
        if learned >= policy.learn_days:
            return None
        what = f"a training now would learn {_days(learned)} of what changed on {self.since}"
        later = self.first_day_with(policy.learn_days)
        if self.silence is None:
            return (
                f"{what}, as the newest {_days(self.behind)} are held out or have no label yet; it waits until {later}"
            )
        if self.lacks_outcomes(policy.learn_days, day):
            return f"{what}, as {self.silence.words}"
        return f"{what}; it waits until {later}, and {self.silence.words}"


def behind(history: History, day: date) -> int:
    """How many days before the newest report ends what a training now would learn."""
    return 0 if history.learns_until is None else max(0, (day - history.learns_until).days)


def not_worth_another(refused: Request, change: Change, history: History, policy: Policy, day: date) -> str | None:
    """What there must be before a training is asked for after one that the gate refused; None if it is there.

    Twice as many days of the change as the refused one learned; where there was just more to learn from, as many more
    rows again as the policy wants. So attempts become rarer for as long as it lasts: each is due after as long as all
    before it took.
    """
    if refused.trigger == DATA:
        share = policy.on_more_data or 0.0
        # Of a request of before its rows were written down only so much is known: that it had enough.
        had = refused.labelled_rows or (history.learned_rows or 0) * (1.0 + share)
        wanted = ceil(round(had * (1.0 + share), 6))
        if (history.labelled_rows or 0) >= wanted:
            return None
        return f"until there are {wanted} labelled rows to learn from, as many more again as it had"
    had = change.had_learned_by(refused.last_day or refused.since)
    wanted = had + max(had, policy.learn_days, 1)
    if change.learned_by(day) >= wanted:
        return None
    if change.silence is not None and change.lacks_outcomes(wanted, day):
        return f"until there is more to learn of it; {change.silence.words}"
    return f"until there is more to learn of it, from {change.first_day_with(wanted)} on"


def held_back(trigger: str, history: History, requests: Sequence[Request], policy: Policy, day: date) -> str | None:
    """Why not yet: cool-down or budget."""
    # One that was asked for on an earlier day and never ran is none; nor is one by hand that changed nothing.
    ran = [one for one in requests if one.trainings or one.seen or one.last_day == day]
    by_hand = [one.day for one in history.trainings if one.run_key is None and one.promoted]
    known = [one for one in (*(one.day for one in ran), *by_hand) if one is not None and one <= day]
    # A failed one may have been tried again days later: what came of it came then.
    last = max([*known, *(one.last_day for one in ran if one.last_day and one.last_day <= day)], default=None)
    refused = 0
    own = [one for one in requests if one.champion == history.champion]
    for request in sorted(own, key=lambda one: one.day or date.min, reverse=True):
        if request.promoted is not False:
            break
        refused += 1
    pause = (policy.loss_cool_down_days if trigger == PERFORMANCE else policy.cool_down_days) * 2 ** min(refused, 5)
    if last is not None and (day - last).days < pause:
        until = last + timedelta(days=pause)
        doubled = f", doubled {refused} times as the gate refused so often in a row" if refused else ""
        return f"the last retraining was on {last}; cool-down until {until}{doubled}"
    week = sum(one > day - timedelta(days=7) for one in known)
    if week >= policy.per_week:
        return f"{week} retrainings in the last seven days are the week's budget"
    return None


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
