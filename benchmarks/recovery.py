"""How many nights after a sensor jumps a model that has learned of it serves, through the gate.

Simulated plants, 40 days of milling or 100 of energy before the jump; reports, decisions, trainings, evaluation and
gate are the platform's. Beside the use cases as declared stands what they were before: 30 % of the rows or 28 days held
out, and a retraining that is asked for at once. What is held out and how long it waits was chosen on seeds 1 and 2;
these are others. `python -m benchmarks.recovery`; about ten minutes of CPU. `--choose`: how good models are that
have learned so many days of a jump, on seeds 1 and 2. `--calm`: what is asked for while nothing happens.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from benchmarks.declared import plan_of
from benchmarks.simulated import days_after, energy_lake, milling_lake
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lifecycle.judging import gate
from lakehouse_assets.monitoring.replays.replay import Stage, replay
from lakehouse_assets.monitoring.replays.replay_results import Replayed
from lakehouse_assets.sources.plant.drift import ColumnDrift
from lakehouse_assets.use_case.assets.judging import GateConfig
from lakehouse_assets.use_case.judging import gated, judged
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.policy_replay.night_model import NightModel, loss_name
from lakehouse_assets.use_case.policy_replay.past_nights import PastNights
from lakehouse_assets.use_case.policy_replay.playing import stage_of
from lakehouse_assets.use_case.training.candidate import ingredients, settings_of
from lakehouse_assets.use_case.training.labelled import TRAINING

SEEDS = (3, 4)
#: Nights before the jump from which on it is played, and nights after it.
BEFORE, AFTER = 3, 21
#: Nights in which nothing happens, and days of a jump that models learn.
CALM, LEARNED = 45, (0, 1, 2, 3, 4, 6, 10)


@dataclass(frozen=True)
class Jump:
    """A use case, its days before the jump, and the column that jumps by how many of its spreads."""

    use_case: str
    lake: Callable[[Plan, Path, int, date, Sequence[ColumnDrift]], Lake]
    days: int
    column: str
    shift: float
    was: Mapping[str, Any]


SHARE, DAYS = {"share": 0.3, "at_most_days": None}, {"last_days": 28}
JUMPS = (
    Jump("milling_failure", milling_lake, 40, "torque_nm", 3.0, SHARE),
    Jump("energy_demand", energy_lake, 100, "usage_kwh", 0.3, DAYS),
)


def with_gate(plan: Plan, lake: Lake, last: date) -> Stage[NightModel]:
    """The use case's past; a model that its gate refuses does not serve."""
    rules = gated.rules_of(plan, GateConfig())

    def refusal(candidate: NightModel, serving: NightModel) -> str | None:
        rows = candidate.past.training_set(candidate.night)
        data = {judged.HELD_OUT_DATA: judged.held_out_rows(plan, rows)}
        ours, theirs = (judged.Judged(one.number, one.model) for one in (candidate, serving))
        verdict = gate.decide(judged.evaluation(plan, rows, data, ours, theirs), rules, ours.version, theirs.version)
        return None if verdict.promoted else verdict.reason

    return replace(stage_of(plan, lake, last), refusal=refusal)


def before_it_waited(plan: Plan, split: Mapping[str, Any]) -> Plan:
    """The use case as it was: more days held out, and trained at once."""
    declared = plan.declaration
    held_out = declared.split.model_copy(update=dict(split))
    policy = replace(declared.retraining, learn_days=0)
    return replace(plan, declaration=declared.model_copy(update={"split": held_out, "retraining": policy}))


def told(one: Replayed, jump: date, unit: str) -> str:
    def error(first: int, last: int) -> str:
        return f"{one.error(jump + timedelta(days=first), jump + timedelta(days=last)):.4g}"

    served = [(done.day - jump).days for done in one.retrainings if done.day >= jump]
    refused = [(day - jump).days for day in one.refused if day >= jump]
    return (
        f"serves from day {', '.join(map(str, served)) or 'never'}; refused on {', '.join(map(str, refused)) or 'none'}"
        f"; error before {error(-BEFORE, -1)}, days 0 to 6 {error(0, 6)}, 7 to 13 {error(7, 13)}, "
        f"14 to 20 {error(14, 20)} {unit}"
    )


def lake_of(jump: Jump, folder: str, seed: int, nights: int, shift: float) -> tuple[Lake, date, date]:
    """The lake with so many nights after a jump; the day of the jump, and the last one."""
    plan = plan_of(jump.use_case)
    on = days_after(plan, jump.days)
    last = on + timedelta(days=nights)
    return jump.lake(plan, Path(folder), seed, last, [ColumnDrift(jump.column, on, shift)]), on, last


def choose(jump: Jump, seed: int) -> str:
    """The metric on the days from the 15th after the jump on, of models that have learned so many days of it."""
    plan = plan_of(jump.use_case)
    metric = plan.declaration.evaluation.metric
    with TemporaryDirectory() as folder:
        lake, on, last = lake_of(jump, folder, seed, 24, jump.shift)
        rows = PastNights.read(plan, lake, last).rows
    day = pd.to_datetime(rows["day"])
    later = rows[day >= pd.Timestamp(on) + pd.Timedelta(days=15)]
    found = {}
    for learned in LEARNED:
        own = rows[day < pd.Timestamp(on) + pd.Timedelta(days=learned)].assign(split=TRAINING)
        own = own.sort_values(["day", *plan.declaration.keys], ignore_index=True)
        made_of = ingredients(plan, own, settings_of(plan.declaration))
        model = made_of.rows.fit(made_of.task, made_of.settings)
        measure = judged.metrics_of(plan, model.settings)[metric].function
        found[learned] = measure(model.predict(later), later["label"].to_numpy())
    return ", ".join(f"{learned} days {value:.2f}" for learned, value in found.items())


def calm(jump: Jump, seed: int) -> dict[str, str]:
    """What is asked for in so many nights in which nothing happens."""
    declared, found = plan_of(jump.use_case), {}
    with TemporaryDirectory() as folder:
        lake, on, last = lake_of(jump, folder, seed, CALM, 0.0)
        for name, plan in (("as declared", declared), ("before", before_it_waited(declared, jump.was))):
            policies = {name: replace(plan.declaration.retraining, on_more_data=None)}
            (one,) = replay(with_gate(plan, lake, last), policies, on, last - timedelta(days=1))
            asked = len(one.retrainings) + len(one.refused)
            found[name] = f"{asked} asked for in {CALM} nights, error {one.error():.4g} {loss_name(plan)[1]}"
    return found


def main() -> None:
    if "--choose" in sys.argv:
        milling = JUMPS[0]
        curves = {(days, seed): choose(replace(milling, days=days), seed) for days in (30, 150) for seed in (1, 2)}
        print(json.dumps({f"{days} days before, seed {seed}": told for (days, seed), told in curves.items()}))
        return
    if "--calm" in sys.argv:
        print(json.dumps({f"{one.use_case}, seed {seed}": calm(one, seed) for one in JUMPS for seed in SEEDS}))
        return
    figures = {}
    for jump in JUMPS:
        declared = plan_of(jump.use_case)
        plans = {"as declared": declared, "before": before_it_waited(declared, jump.was)}
        for seed in SEEDS:
            with TemporaryDirectory() as folder:
                lake, on, last = lake_of(jump, folder, seed, AFTER, jump.shift)
                for name, plan in plans.items():
                    policies = {name: replace(plan.declaration.retraining, on_more_data=None)}
                    first = on - timedelta(days=BEFORE)
                    (one,) = replay(with_gate(plan, lake, last), policies, first, last - timedelta(days=1))
                    what = f"{jump.use_case}, {jump.column} by {jump.shift:g}, seed {seed}, {name}"
                    figures[what] = told(one, on, loss_name(plan)[1])
                    print(f"{what}: {figures[what]}", file=sys.stderr)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
