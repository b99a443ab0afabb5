"""Which retraining policy the use cases with simulated plants have: chosen by replay on two plants, shown on two more.

Each plant runs for weeks in which nothing happens, then one sensor jumps and stays where it is. A night's model serves
only if the gate lets it. Chosen is, of the policies whose error stays within 3 % of weekly retraining's, the one with
the fewest trainings, refused ones among them; the plants of `SHOWN` have no part in it.
`python -m benchmarks.policy_choice [use case]`; about half an hour of CPU.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.declared import plan_of
from benchmarks.nights import run
from benchmarks.recovery import with_gate
from benchmarks.simulated import days_after, milling_lake
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.monitoring.replays.replay import AnyPolicy, replay
from lakehouse_assets.monitoring.replays.replay_results import Replayed
from lakehouse_assets.sources.plant.drift import ColumnDrift
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.policy_replay.night_model import loss_name
from lakehouse_assets.use_case.policy_replay.playing import EITHER, NEVER, changed, policy_named

CHOSEN_ON, SHOWN = (1, 2), (3, 4)
WEEKLY = "every 7 days"
SHARES = (0.5, 1.0)
#: How much worse than weekly retraining a policy may be.
WITHIN = 0.03


@dataclass(frozen=True)
class Season:
    """A use case's plant: its days before the first night, before the jump, and in all; the column that jumps."""

    use_case: str
    lake: Callable[[Plan, Path, int, date, Sequence[ColumnDrift]], Lake]
    first: int
    jump: int
    last: int
    column: str
    shift: float


def turbofan_lake(plan: Plan, folder: Path, seed: int, last: date, drifts: Sequence[ColumnDrift]) -> Lake:
    """The engines up to a day, by the domain's own road."""
    os.environ["PLANT_SEED"] = str(seed)
    os.environ["PLANT_DRIFT"] = ",".join(f"{one.column}:{one.from_day}:{one.shift}" for one in drifts)
    run(folder, "turbofan_road", plan.declaration.first_day, last, ("milling", "energy"))
    return Lake(str(folder / "lake"))


SEASONS = (
    Season("milling_failure", milling_lake, 30, 50, 80, "torque_nm", 3.0),
    Season("turbofan_rul", turbofan_lake, 90, 120, 170, "s4", 3.0),
)


def policies(plan: Plan) -> dict[str, AnyPolicy]:
    """By the clock, as the use case declares drift and performance, and that with a share of more data."""
    own = plan.declaration.retraining
    named = {name: policy_named(name, own) for name in (NEVER, WEEKLY, EITHER)}
    return named | dict(changed(own, {"on_more_data": share}) for share in SHARES)


def played_on(season: Season, seed: int) -> list[Replayed]:
    """One plant under every policy."""
    plan = plan_of(season.use_case)
    on, last = days_after(plan, season.jump), days_after(plan, season.last)
    with TemporaryDirectory() as folder:
        lake = season.lake(plan, Path(folder), seed, last, [ColumnDrift(season.column, on, season.shift)])
        first, night = days_after(plan, season.first), last - timedelta(days=1)
        return replay(with_gate(plan, lake, last), policies(plan), first, night)


def chosen(plants: Sequence[Sequence[Replayed]]) -> str:
    """The policy with the fewest trainings on all plants together whose error is near weekly's on each."""
    trained = {}
    for policy in zip(*plants, strict=True):
        weekly = [next(one for one in plant if one.name == WEEKLY).error() for plant in plants]
        if all(one.error() <= (1 + WITHIN) * best for one, best in zip(policy, weekly, strict=True)):
            trained[policy[0].name] = sum(len(one.retrainings) + len(one.refused) for one in policy)
    return min(trained, key=lambda name: trained[name])


def told(season: Season, played: Sequence[Replayed]) -> dict[str, str]:
    """Each policy's error in all, before and after the jump, and what it trained."""
    plan = plan_of(season.use_case)
    jump, unit = days_after(plan, season.jump), loss_name(plan)[1]
    weekly = next(one for one in played if one.name == WEEKLY).error()
    return {
        one.name: f"error {one.error():.4g} {unit} ({one.error() / weekly - 1:+.1%} of weekly), before the jump "
        f"{one.error(last=jump - timedelta(days=1)):.4g}, after it {one.error(first=jump):.4g}; {len(one.retrainings)} "
        f"retrainings, {one.false_alarms} without gain, {len(one.refused)} refused"
        for one in played
    }


def main() -> None:
    figures: dict[str, object] = {}
    for season in SEASONS:
        if season.use_case not in (sys.argv[1:] or [season.use_case]):
            continue
        plants = []
        for seed in (*CHOSEN_ON, *SHOWN):
            plants.append(played_on(season, seed))
            figures[f"{season.use_case}, seed {seed}"] = told(season, plants[-1])
            print(json.dumps({f"{season.use_case}, seed {seed}": told(season, plants[-1])}, indent=1), file=sys.stderr)
        figures[f"{season.use_case}, chosen on seeds 1 and 2"] = chosen(plants[: len(CHOSEN_ON)])
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
