"""What policies would have done, on a world whose level jumps once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.monitoring.deciding.decision import Policy
from lakehouse_assets.monitoring.replays.replay import Every, Never, Stage, replay
from lakehouse_assets.monitoring.replays.replay_plot import replay_plot
from lakehouse_assets.monitoring.replays.replay_results import Replayed, summary

FIRST, LAST, JUMP = date(2024, 3, 1), date(2024, 4, 29), date(2024, 4, 1)


def level(day: date) -> float:
    return 10.0 if day >= JUMP else 0.0


class World:
    """A model is the level of the day before its training; `asked` notes what each call was allowed to know."""

    def __init__(self, jump: bool = True) -> None:
        self.asked: list[tuple[str, date]] = []
        self.jump = jump

    def level(self, day: date) -> float:
        return level(day) if self.jump else 0.0

    def stage(self) -> Stage[float]:
        def train(day: date) -> float:
            self.asked.append(("train", day))
            return self.level(day - timedelta(days=1))

        def report(model: float, day: date, _: Mapping[date, float]) -> pd.DataFrame:
            self.asked.append(("report", day))
            return pd.DataFrame(
                {"column_name": ["load"], "verdict": ["drift" if self.level(day) != model else "stable"]}
            )

        def losses(model: float, day: date) -> np.ndarray:
            return np.abs(np.full(4, model + 1 - self.level(day)))

        def performance(model: float, day: date) -> str:
            self.asked.append(("performance", day))
            return "worse than expected" if losses(model, day)[0] > 5 else "as expected"

        return Stage(train, losses, report, performance, rows_known=lambda day: (day - date(2024, 2, 1)).days)


POLICIES = {
    "never": Never(),
    "weekly": Every(7),
    "drift": Policy(on_performance=False),
    "performance": Policy(on_drift=False),
}


def played(world: World | None = None) -> dict[str, Replayed]:
    return {one.name: one for one in replay((world or World()).stage(), POLICIES, FIRST, LAST)}


def test_each_policy_trains_when_it_says() -> None:
    nights = {name: [done.day for done in one.retrainings] for name, one in played().items()}
    assert nights["never"] == []
    assert nights["weekly"] == [FIRST + timedelta(days=7 * n) for n in range(1, 9)]
    # 1 and 2 April drift; the second report is there in the night of the third.
    assert nights["drift"] == nights["performance"] == [date(2024, 4, 3)]


def test_the_error_of_each_day_is_that_of_the_model_that_served_then() -> None:
    drift = played()["drift"]
    assert drift.errors[date(2024, 3, 31)] == 1
    assert drift.errors[date(2024, 4, 2)] == 9
    assert drift.errors[date(2024, 4, 3)] == 1
    assert drift.error() == pytest.approx((58 + 2 * 9) / 60)
    assert drift.error(JUMP, date(2024, 4, 2)) == 9


def test_a_night_knows_nothing_of_its_own_day() -> None:
    world = World()
    (one,) = replay(world.stage(), {"drift": Policy()}, FIRST, LAST)
    known = [day for what, day in world.asked if what != "train"]
    assert max(known) == LAST - timedelta(days=1)
    assert [decision.day for decision in one.decisions if decision.day] == sorted(set(known))
    assert all(decision.decided_at.date() - timedelta(days=1) == decision.day for decision in one.decisions)


def test_a_retraining_after_which_nothing_is_better_is_a_false_alarm() -> None:
    told = summary(list(played().values())).set_index("policy")
    assert told["retrainings"].to_dict() == {"never": 0, "weekly": 8, "drift": 1, "performance": 1}
    # Only the one week after the jump gains: by 5 April the level is another.
    assert told["false_alarms"].to_dict() == {"never": 0, "weekly": 7, "drift": 0, "performance": 0}


def test_a_retraining_after_which_no_outcome_is_known_is_neither_a_false_alarm_nor_a_gain() -> None:
    stage = World().stage()
    unknown = replace(
        stage, losses=lambda model, day: stage.losses(model, day) if day < LAST else np.full(4, float("nan"))
    )
    (one,) = replay(unknown, {"often": Every((LAST - FIRST).days)}, FIRST, LAST)
    assert [(done.day, done.helped) for done in one.retrainings] == [(LAST, None)]
    assert (one.false_alarms, one.not_known_yet) == (0, 1)
    assert summary([one])["false_alarms"].tolist() == [0]
    assert replay_plot([one], "kWh").startswith(b"\x89PNG")


def test_a_policy_that_waits_for_more_to_learn_from_trains_as_soon_as_there_is_so_much_more() -> None:
    only = Policy(on_drift=False, on_performance=False, on_more_data=0.5, cool_down_days=0)
    (one,) = replay(World().stage(), {"more": only}, FIRST, LAST)
    # 29 rows on the first night; 44 are half as many again; then 66.
    assert [done.day for done in one.retrainings] == [date(2024, 3, 16), date(2024, 4, 7)]


def test_what_the_gate_refuses_does_not_serve_and_is_no_retraining() -> None:
    stage = replace(World().stage(), refusal=lambda candidate, serving: None if candidate else "it is no better")
    weekly, drift = replay(stage, {"weekly": Every(7), "drift": Policy(on_performance=False)}, FIRST, LAST)
    tried = [FIRST + timedelta(days=7 * n) for n in range(1, 9)]
    assert sorted([*weekly.refused, *(done.day for done in weekly.retrainings)]) == tried
    assert list(weekly.refused) == [day for day in tried if day <= JUMP], "the level of the day before was the old one"
    assert set(weekly.refused.values()) == {"it is no better"}
    assert [done.day for done in drift.retrainings] == [date(2024, 4, 3)]


def test_a_cool_down_counts_from_the_day_of_the_decision_as_it_does_for_real_runs() -> None:
    stage = replace(World().stage(), refusal=lambda candidate, serving: "it is no better")
    policy = Policy(on_performance=False, cool_down_days=5)
    (drift,) = replay(stage, {"drift": policy}, FIRST, LAST)
    # Decided on the 2nd, in the night of the 3rd; ten days later again.
    assert list(drift.refused) == [date(2024, 4, 3), date(2024, 4, 13)]


def test_a_policy_waits_until_its_training_would_learn_of_the_change() -> None:
    stage = replace(World().stage(), learns_until=lambda day: day - timedelta(days=4))
    (drift,) = replay(stage, {"drift": Policy(on_performance=False)}, FIRST, LAST)
    # In the night of the 6th a training learns the 1st and the 2nd.
    assert [done.day for done in drift.retrainings] == [date(2024, 4, 6)]


def test_a_report_is_of_the_models_that_served() -> None:
    seen: dict[date, dict[date, float]] = {}
    stage = World().stage()

    def report(_: float, day: date, served: Mapping[date, float]) -> pd.DataFrame:
        seen[day] = dict(served)
        return pd.DataFrame({"column_name": ["load"], "verdict": ["drift" if day > JUMP else "stable"]})

    watched = Stage(stage.train, stage.losses, report)
    replay(watched, {"drift": Policy()}, FIRST, LAST)
    last = LAST - timedelta(days=1)
    assert sorted(seen[last]) == [FIRST + timedelta(days=n) for n in range((last - FIRST).days + 1)]
    # The reports of 2 and 3 April ask; the model of the 4th serves.
    assert (seen[last][date(2024, 4, 3)], seen[last][date(2024, 4, 4)]) == (0.0, 10.0)


def test_policies_that_run_out_of_time_have_all_come_equally_far() -> None:
    told: list[str] = []
    found = replay(World().stage(), POLICIES, FIRST, LAST, cpu_seconds=0.0, progress=told.append)
    nights = {one.name: len(one.errors) for one in found}
    assert len(set(nights.values())) == 1
    assert nights["never"] == 1, "the first night is played whatever it takes"
    assert "stopped" in told[-1]


def test_models_are_trained_once_for_all_policies() -> None:
    world = World()
    played(world)
    trained = [day for what, day in world.asked if what == "train"]
    assert len(trained) == len(set(trained))


def test_a_quiet_world_is_never_trained_again() -> None:
    quiet = played(World(jump=False))
    assert quiet["drift"].retrainings == quiet["performance"].retrainings == []


def test_the_plot_is_a_picture_with_every_policy() -> None:
    assert replay_plot(list(played().values()), "kWh", JUMP).startswith(b"\x89PNG")
