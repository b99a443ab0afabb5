"""What retraining policies would have done with a use case: past nights played from the lake, and what they came to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lakehouse_assets.monitoring.deciding.policy import Policy
from lakehouse_assets.monitoring.replays.replay import AnyPolicy, Every, Never, Stage, replay
from lakehouse_assets.monitoring.replays.replay_results import Replayed
from lakehouse_assets.use_case.policy_replay.refusal import ReplayRequestError

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.use_case.plan import Plan
    from lakehouse_assets.use_case.policy_replay.night_model import NightModel
    from lakehouse_assets.use_case.policy_replay.past_nights import PastNights

NEVER, DRIFT, PERFORMANCE, EITHER, OWN = "never", "drift", "performance", "drift or performance", "own"
USUAL = (NEVER, "every 30 days", "every 7 days", DRIFT, PERFORMANCE, EITHER, OWN)
#: Entries of a policy that a replay plays: in it no run fails.
PLAYED = tuple(one.name for one in fields(Policy) if one.name not in ("attempts", "retry_hours"))
_EVERY = re.compile(r"every ([1-9]\d*) days")


@dataclass(frozen=True)
class Asked:
    """Which days to play, by which policies.

    Attributes:
        first: The first night; its model is the first one.
        last: The last night.
        policies: Name -> policy.
        apart_from: The first day that had no part in choosing the policies; None: no such day.
        cpu_seconds: No night but the first begins after so many.
    """

    first: date
    last: date
    policies: Mapping[str, AnyPolicy]
    apart_from: date | None = None
    cpu_seconds: float = float("inf")

    def __post_init__(self) -> None:
        """Refuse days that are none.

        Raises:
            ReplayRequestError: the last day lies before the first, or the day between them does not.
        """
        if self.last < self.first:
            raise ReplayRequestError(
                f"first_day {self.first}, last_day {self.last}: expected the last one not before the first"
            )
        if self.apart_from is not None and not self.first < self.apart_from <= self.last:
            raise ReplayRequestError(
                f"apart_from {self.apart_from}: expected a day after {self.first}, up to {self.last}"
            )


def policy_named(name: str, own: Policy) -> AnyPolicy:
    """One of `USUAL`, or `every n days` for any n.

    Those that look at drift or performance alone have the use case's own cool-downs and counts, and never ask because
    there is more to learn from.

    Args:
        name: Its name.
        own: The use case's own policy.

    Raises:
        ReplayRequestError: there is none of that name.
    """
    looks = {DRIFT: (True, False), PERFORMANCE: (False, True), EITHER: (True, True)}
    every = _EVERY.fullmatch(name)
    if name == NEVER:
        return Never()
    if every is not None:
        return Every(int(every.group(1)))
    if name == OWN:
        return own
    if name in looks:
        drift, performance = looks[name]
        return replace(own, on_drift=drift, on_performance=performance, on_more_data=None)
    raise ReplayRequestError(f"policy {name!r}; expected one of {', '.join(USUAL)}, or `every n days` for any n")


def changed(own: Policy, changes: Mapping[str, Any]) -> tuple[str, Policy]:
    """The use case's own policy with some entries in place of its own, and the name that says which.

    Raises:
        ReplayRequestError: nothing is changed, or the policy can never be met.
    """
    if not changes:
        entries = ", ".join(PLAYED)
        raise ReplayRequestError(
            f"changed: {{}} changes nothing of the use case's own policy; expected some of {entries}"
        )
    told = ", ".join(f"{name} {value}" for name, value in sorted(changes.items()))
    try:
        return f"own with {told}", replace(own, **changes)
    except ValueError as error:
        raise ReplayRequestError(f"changed: {{{told}}}, with the other entries the use case's own: {error}") from error


def named_once(policies: Sequence[tuple[str, AnyPolicy]]) -> dict[str, AnyPolicy]:
    """The policies by name.

    Raises:
        ReplayRequestError: one is named twice, or none at all.
    """
    if not policies:
        raise ReplayRequestError("no policy to play: `policies` and `changed` are empty; expected one or more")
    names = [name for name, _ in policies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ReplayRequestError(
            f"policies, changed: {', '.join(map(repr, twice))} stands there twice; expected each once"
        )
    return dict(policies)


def stage_of(plan: Plan, lake: Lake, last: date) -> Stage[NightModel]:
    """The use case's past as the engine plays it; the lake is read once, here."""
    from lakehouse_assets.use_case.policy_replay.past_nights import PastNights

    return _stage(PastNights.read(plan, lake, last))


def _stage(past: PastNights) -> Stage[NightModel]:
    from lakehouse_assets.use_case.policy_replay.night_model import NightModel

    return Stage(
        train=lambda night: NightModel.trained(past, night),
        losses=lambda model, day: model.losses(day),
        drift_report=lambda model, day, served: model.drift_report(day, served),
        performance=lambda model, day: model.performance(day),
        rows_known=past.rows_known,
        learns_until=past.learns_until,
    )


def play(plan: Plan, lake: Lake, asked: Asked, progress: Callable[[str], None]) -> list[Replayed]:
    """Play the nights; registers, promotes and writes nothing.

    Raises:
        ReplayRequestError: too little was known on the first night to train a model, or nights are asked for that
            have no rows.
    """
    from lakehouse_assets.use_case.policy_replay.past_nights import PastNights

    past = PastNights.read(plan, lake, asked.last)
    past.hold(lake, asked.first, asked.last)
    progress(f"{plan.name}: everything up to {asked.last} is read; the first model is trained on {asked.first}")
    return replay(_stage(past), asked.policies, asked.first, asked.last, asked.cpu_seconds, progress)


def as_rows(plan: Plan, asked: Asked, played: Sequence[Replayed], run_id: str, played_at: datetime) -> pd.DataFrame:
    """The replays as rows of monitoring/<use case>/policy_replays."""
    import pandas as pd

    from lakehouse_assets.use_case.policy_replay.night_model import loss_name

    measure, unit = loss_name(plan)
    day_before = asked.apart_from - timedelta(days=1) if asked.apart_from else date.max
    rows = []
    for one in played:
        policy = asked.policies[one.name]
        days = sorted(one.errors)
        rows.append(
            {
                "run_id": run_id,
                "policy": one.name,
                "played_at": pd.Timestamp(played_at).as_unit("us"),
                "settings": json.dumps(asdict(policy) if isinstance(policy, (Policy, Every)) else {}, sort_keys=True),
                "first_day": pd.Timestamp(asked.first),
                "last_day": pd.Timestamp(asked.last),
                "days": len(days),
                "complete": len(days) == (asked.last - asked.first).days + 1,
                "rows": sum(one.rows.values()),
                "measure": measure,
                "unit": unit,
                "error": one.error(),
                "apart_from": pd.Timestamp(asked.apart_from) if asked.apart_from else pd.NaT,
                "error_before": one.error(last=day_before) if asked.apart_from else float("nan"),
                "error_apart": one.error(first=asked.apart_from) if asked.apart_from else float("nan"),
                "error_by_month": json.dumps(by_month(one)),
                "retrainings": len(one.retrainings),
                "retrained_on": ", ".join(str(done.day) for done in one.retrainings),
                "false_alarms": one.false_alarms,
                "not_known_yet": one.not_known_yet,
                "training_cpu_seconds": sum(done.cpu_seconds for done in one.retrainings),
            }
        )
    return pd.DataFrame(rows).astype({"apart_from": "datetime64[us]"})


def by_month(one: Replayed) -> dict[str, float | None]:
    """The error of each month that was played; None where no outcome of it is known."""
    months = sorted({(day.year, day.month) for day in one.errors})
    found = {}
    for year, month in months:
        first = date(year, month, 1)
        error = one.error(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))
        found[f"{first:%Y-%m}"] = None if error != error else round(error, 6)
    return found


def markdown(rows: pd.DataFrame) -> str:
    """The rows as a page shows them."""
    apart = rows["apart_from"].notna().any()
    columns = ["policy", "error", *(["before", "apart"] if apart else []), "retrainings", "without gain", "CPU-s"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for one in rows.to_dict("records"):
        periods = [f"{one[name]:.4g}" for name in ("error_before", "error_apart")] if apart else []
        unknown = f", {one['not_known_yet']} not known yet" if one["not_known_yet"] else ""
        told = [str(one["retrainings"]), f"{one['false_alarms']}{unknown}", f"{one['training_cpu_seconds']:.1f}"]
        cells = [str(one["policy"]), f"{one['error']:.4g}", *periods, *told]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
