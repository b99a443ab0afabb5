"""What policies would have done, on a world whose level jumps once."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.monitoring.decision import Policy
from lakehouse_assets.monitoring.replay import Every, Never, Replayed, Stage, replay, summary
from lakehouse_assets.monitoring.replay_plot import replay_plot

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

        def report(model: float, day: date) -> pd.DataFrame:
            self.asked.append(("report", day))
            return pd.DataFrame(
                {"column_name": ["load"], "verdict": ["drift" if self.level(day) != model else "stable"]}
            )

        def performance(_: float, errors: list[float]) -> str:
            return "worse than expected" if errors and errors[-1] > 5 else "as expected"

        def predict(model: float, _: date) -> np.ndarray:
            return np.full(4, model + 1)

        return Stage(train, predict, lambda day: np.full(4, self.level(day)), report, performance)


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
    known: list[date] = []
    stage = world.stage()
    base = stage.drift_report
    assert base is not None

    def report(model: float, day: date) -> pd.DataFrame:
        known.append(day)
        return base(model, day)

    (one,) = replay(Stage(stage.train, stage.predict, stage.truth, report), {"drift": Policy()}, FIRST, LAST)
    assert max(known) == LAST - timedelta(days=1)
    assert [decision.day for decision in one.decisions if decision.day] == sorted(set(known))
    assert all(decision.decided_at.date() - timedelta(days=1) == decision.day for decision in one.decisions)


def test_a_retraining_after_which_nothing_is_better_is_a_false_alarm() -> None:
    told = summary(list(played().values())).set_index("policy")
    assert told["retrainings"].to_dict() == {"never": 0, "weekly": 8, "drift": 1, "performance": 1}
    # Only the one week after the jump gains: by 5 April the level is another.
    assert told["false_alarms"].to_dict() == {"never": 0, "weekly": 7, "drift": 0, "performance": 0}


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
