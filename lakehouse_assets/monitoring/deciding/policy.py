"""The rules by which a use case trains again, and what a decision by them says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from math import isfinite

#: Entry -> the least and the most that makes sense. More than ten years of days, doubled by refusals, end no wait.
WHOLE_NUMBERS = {
    **dict.fromkeys(("drift_at_least", "drift_of_last", "loss_at_least", "loss_of_last"), (1, 366)),
    **dict.fromkeys(("calm_reports", "per_week"), (1, 366)),
    **dict.fromkeys(("learn_days", "cool_down_days", "loss_cool_down_days"), (0, 3660)),
    "least_new_rows": (0, 10**12),
    "attempts": (1, 10),
}
#: A week; the ninth pause is 256 times as long.
MOST_HOURS = 168


@dataclass(frozen=True)
class Policy:
    """When to train again.

    `drift_at_least` of `drift_of_last` reports, and the newest, must flag the same column; `loss_…` likewise for the
    realised performance. `calm_reports` in a row end an episode. After a retraining `cool_down_days` pass before the
    next for drift, `loss_cool_down_days` before the next for lost performance; each refusal in a row by the gate
    doubles them. `on_more_data` is the share of new rows, of those that the champion learned from, at which it is
    trained again though nothing is wrong; None: never. After a refusal the share is of the rows that there were then.
    A training for drift or lost performance must learn at least `learn_days` days of what changed; it waits until the
    change is so much older than what is held out. A failed run is tried again after `retry_hours`, doubled each time,
    `attempts` times in all.
    """

    on_drift: bool = True
    on_performance: bool = True
    on_more_data: float | None = None
    drift_at_least: int = 2
    drift_of_last: int = 3
    loss_at_least: int = 2
    loss_of_last: int = 3
    calm_reports: int = 3
    least_new_rows: int = 1
    learn_days: int = 2
    cool_down_days: int = 14
    loss_cool_down_days: int = 3
    attempts: int = 3
    retry_hours: float = 1.0
    per_week: int = 2

    def __post_init__(self) -> None:
        """Refuse what can never be met, or would be met always.

        Raises:
            ValueError: an entry is of another type or lies outside what makes sense; the message names it, what it
                says and what is expected.
        """
        for name in ("on_drift", "on_performance"):
            self._refuse_unless(isinstance(getattr(self, name), bool), name, "true or false")
        for name, (least, most) in WHOLE_NUMBERS.items():
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            self._refuse_unless(whole and least <= value <= most, name, f"a whole number from {least:,} to {most:,}")
        share, hours = self.on_more_data, self.retry_hours
        self._refuse_unless(share is None or (_number(share) and share > 0), "on_more_data", "a share above 0, or none")
        fits = _number(hours) and 0 <= hours <= MOST_HOURS
        self._refuse_unless(fits, "retry_hours", f"hours from 0 to {MOST_HOURS}")
        for kind in ("drift", "loss"):
            name, last = f"{kind}_at_least", getattr(self, f"{kind}_of_last")
            self._refuse_unless(getattr(self, name) <= last, name, f"no more than {kind}_of_last, which is {last}")

    def _refuse_unless(self, fits: bool, name: str, expected: str) -> None:
        if not fits:
            raise ValueError(f"{name}: {getattr(self, name)!r}; expected {expected}")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


@dataclass(frozen=True)
class Decision:
    """One decision with its reason in words; `run_key` where a run is asked for, `signals` what it is for.

    `labelled_rows` there were to learn from by then; None where nobody counted, or nothing is violated.
    """

    decided_at: datetime
    day: date | None
    decision: str
    trigger: str | None
    reason: str
    champion_version: int | None
    signals: tuple[str, ...] = ()
    since: date | None = None
    attempt: int = 0
    run_key: str | None = None
    labelled_rows: int | None = None

    def row(self, policy: Policy) -> dict[str, object]:
        """The decision as a row of the table, the policy's fields beside it."""
        own = asdict(self) | {"signals": ", ".join(self.signals)}
        return own | {f"policy_{name}": value for name, value in asdict(policy).items()}
