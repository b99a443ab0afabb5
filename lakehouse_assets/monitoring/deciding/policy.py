"""The rules by which a use case trains again, and what a decision by them says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime


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
        """Refuse what can never be met.

        Raises:
            ValueError: more violated reports are asked for than are looked at, or a number is too small.
        """
        for kind in ("drift", "loss"):
            least, last = getattr(self, f"{kind}_at_least"), getattr(self, f"{kind}_of_last")
            if not 1 <= least <= last:
                raise ValueError(f"{kind}: at least {least} of the last {last} reports; expected 1 <= k <= n")
        if min(self.calm_reports, self.attempts, self.per_week) < 1:
            raise ValueError("calm_reports, attempts and per_week are at least 1")
        if self.learn_days < 0:
            raise ValueError(f"learn_days: {self.learn_days}; expected 0 or more")


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
