"""What each retraining policy would have done on the real energy data: March to September 2018, first model on 1 March.

`LAKEHOUSE_REAL_DATA=... python -m benchmarks.energy_replay [picture.png]`. The policy's settings were chosen on the
nights up to 30 June (`--choose` shows the candidates on these alone); July to September are shown apart.
"""

import json
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from lakehouse_assets.features.day_ahead import day_ahead_features, feature_names
from lakehouse_assets.features.holidays import SOUTH_KOREA

from benchmarks.energy_figures import FIRST_DAY, LAST_DAY, readings
from lakehouse_assets.lifecycle.learning.quantile_forecast import NUM_ROUNDS, PARAMS, quantile_boosters
from lakehouse_assets.monitoring.calibration import calibrate, normed_wasserstein
from lakehouse_assets.monitoring.decision import Policy
from lakehouse_assets.monitoring.performance import verdict_of
from lakehouse_assets.monitoring.replay import AnyPolicy, Every, Never, Replayed, Stage, replay, summary
from lakehouse_assets.monitoring.replay_plot import replay_plot

FIRST_NIGHT, CHOSEN_UNTIL = date(2018, 3, 1), date(2018, 6, 30)
WINDOW_DAYS, HELD_OUT_DAYS, RESAMPLES = 14, 14, 500
#: What the model reads of the load, in the places where it reads it; calendar columns do not drift.
WATCHED = ["lag_1", "lag_7", "same_type_1", "same_type_mean", "weekday_mean"]


@dataclass(frozen=True)
class Model:
    booster: object
    reference: pd.DataFrame
    expected: tuple[float, float]

    @cached_property
    def limits(self) -> pd.Series:
        """Only policies that look at drift pay for them."""
        made = calibrate(self.reference, self.reference, WATCHED, seed=1, window_days=WINDOW_DAYS)
        return made.set_index("column_name")["threshold"]


def interval(daily: np.ndarray) -> tuple[float, float]:
    random = np.random.default_rng(1)
    means = random.choice(daily, (RESAMPLES, len(daily))).mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def fitted(rows: pd.DataFrame) -> object:
    return quantile_boosters(rows[feature_names()], rows["kwh"].to_numpy(), PARAMS, NUM_ROUNDS, (0.5,))[0.5]


def stage(rows: pd.DataFrame) -> Stage[Model]:
    by_day = dict(list(rows.groupby(rows["day"].dt.date)))

    def before(day: date, days: int = 10_000) -> pd.DataFrame:
        end = pd.Timestamp(day)
        return rows[(rows["day"] < end) & (rows["day"] >= end - pd.Timedelta(days=days))]

    def train(day: date) -> Model:
        past, held_out = before(day), before(day, HELD_OUT_DAYS)
        earlier = fitted(past[past["day"] < held_out["day"].min()])
        off = np.abs(earlier.predict(held_out[feature_names()]) - held_out["kwh"])
        daily = off.groupby(held_out["day"]).mean().to_numpy()
        return Model(fitted(past), past[["day", *WATCHED]], interval(daily))

    def predict(model: Model, day: date) -> np.ndarray:
        return np.maximum(model.booster.predict(by_day[day][feature_names()]), 0)

    def report(model: Model, day: date) -> pd.DataFrame:
        window = before(day + timedelta(days=1), WINDOW_DAYS)
        far = {name: normed_wasserstein(model.reference[name], window[name]) for name in WATCHED}
        told = [
            "not calibrated" if (at := model.limits[n]) != at else "drift" if far[n] > at else "stable" for n in far
        ]
        return pd.DataFrame({"column_name": list(far), "verdict": told})

    def performance(model: Model, errors: list[float]) -> str:
        daily = np.array(errors[-WINDOW_DAYS:])
        if len(daily) < 8:
            return "too few outcomes"
        return verdict_of(float(daily.mean()), interval(daily), model.expected, 96 * len(daily), len(daily), True)

    return Stage(
        train, predict, lambda day: by_day[day]["kwh"].to_numpy(), report, performance, lambda day: len(before(day))
    )


def candidates() -> dict[str, AnyPolicy]:
    paused = {"cool_down_days": 14, "loss_cool_down_days": 14}
    alone = {
        "drift": Policy(on_performance=False, **paused),
        "performance": Policy(on_drift=False, **paused),
        "drift or performance": Policy(**paused),
    }
    return alone | {
        f"drift, performance or {share:.0%} more data": Policy(on_more_data=share, **paused)
        for share in (0.2, 0.3, 0.5, 1.0)
    }


#: The fewest retrainings within 3 % of weekly's error up to June, of those with at most a third of its retrainings.
CHOSEN = "drift, performance or 30% more data"


def told(played: list[Replayed]) -> dict[str, str | float]:
    periods = {
        "March to September": (FIRST_NIGHT, LAST_DAY),
        "March to June (chosen on)": (FIRST_NIGHT, CHOSEN_UNTIL),
        "July to September (apart)": (CHOSEN_UNTIL + timedelta(days=1), LAST_DAY),
    }
    found: dict[str, str | float] = {}
    for period, (first, last) in periods.items():
        for row in summary(played, first, last).itertuples():
            found[f"{row.policy}: {period}"] = (
                f"MAE {row.error:.2f} kWh, {row.retrainings} retrainings, {row.training_cpu_s:.1f} CPU-s, "
                f"{row.false_alarms} without gain"
            )
    return found


def main() -> None:
    given = readings()
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    rows = day_ahead_features(given, days, SOUTH_KOREA)
    rows["kwh"] = given.set_index("ends_at")["kwh"].reindex(rows["ends_at"]).to_numpy()
    if "--choose" in sys.argv:
        played = replay(stage(rows), {"weekly": Every(7)} | candidates(), FIRST_NIGHT, CHOSEN_UNTIL)
        print(summary(played).to_string())
        for one in played:
            print(one.name, [(str(done.day), done.reason[:70]) for done in one.retrainings])
        return
    policies = {"never": Never(), "monthly": Every(30), "weekly": Every(7)}
    policies |= {name: candidates()[name] for name in ("drift or performance", CHOSEN)}
    played = replay(stage(rows), policies, FIRST_NIGHT, LAST_DAY)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_bytes(replay_plot(played, "kWh", CHOSEN_UNTIL + timedelta(days=1)))
    print(json.dumps(told(played)))


if __name__ == "__main__":
    main()
