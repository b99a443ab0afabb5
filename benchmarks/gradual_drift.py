"""Whether a drift of the inputs over 30 days is found before a trained model's error has risen by a fifth.

Eight sensors, five of which say what comes; 36 rows a day, 280 days to learn from, windows of 14 days (504 rows). One
of the five moves by three standard deviations in 30 days. Model, evaluation, thresholds, reports (with the faults
of the data) and realised performance are those of the platform, and so is the policy. The error is the
expected one of each day, from 5,000 rows drawn for it, so that chance crosses no line.
Beside it stands what no rule can do better than, whatever it looks at.
`python -m benchmarks.gradual_drift`; about ten minutes of CPU.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from scipy.special import logsumexp

from lakehouse_assets.lifecycle.judging.evaluation import CANDIDATE, of_role, score_table
from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.lifecycle.learning.model import TrainedModel
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.learning.tasks import task_named
from lakehouse_assets.lifecycle.learning.training_rows import TrainingRows
from lakehouse_assets.monitoring.calibration import WINDOW_DAYS, calibrate
from lakehouse_assets.monitoring.deciding.decision import decide
from lakehouse_assets.monitoring.deciding.history import RETRAIN
from lakehouse_assets.monitoring.deciding.policy import Policy
from lakehouse_assets.monitoring.performance import performance
from lakehouse_assets.monitoring.reference import SAMPLE_ROWS, window_of
from lakehouse_assets.monitoring.replays.replayed_nights import Nights
from lakehouse_assets.monitoring.reports.drift import compare, distances
from lakehouse_assets.use_case.training.candidate import REPEATABLE

SENSORS, TELLING, ROWS_A_DAY, LEARNED_DAYS, HELD_OUT_DAYS = 8, 5, 36, 280, 28
CALM_DAYS, DRIFT_DAYS, DRIFT, RISE, DRAWN = 20, 30, 3.0, 0.2, 5000
#: Of how many rows each sensor remembers the last: none, about 20, about 100.
PHIS = (0.0, 0.9, 0.98)
REFERENCES, FIRST = 10, date(2024, 1, 1)
NAMES = [f"s{number}" for number in range(SENSORS)]
BEGINS = FIRST + timedelta(days=LEARNED_DAYS + CALM_DAYS)
SETTINGS = ModelSettings({**REPEATABLE, "objective": "l2", "num_leaves": 15, "min_data_in_leaf": 20}, rounds=200)


@dataclass(frozen=True)
class Watch:
    """How it is watched: days of a window, and whether outcomes of a day are resampled together."""

    window_days: int = WINDOW_DAYS
    by_day: bool = True


@dataclass(frozen=True)
class Plant:
    """What a seed made: history, model, what its evaluation promised, thresholds."""

    history: pd.DataFrame
    model: TrainedModel
    evaluation: pd.DataFrame
    thresholds: pd.DataFrame
    metrics: Mapping[str, Metric]
    calm: np.ndarray
    random: np.random.Generator
    watch: Watch


@dataclass(frozen=True)
class Case:
    """One drift: the day on which a retraining was asked for and why, and that on which the error was a fifth higher.

    Both in days since the drift began; None: not in its 30 days.
    """

    asked: int | None
    reason: str
    risen: int | None
    error_when_asked: float

    @property
    def in_time(self) -> bool:
        """Whether it was asked for before."""
        return self.asked is not None and (self.risen is None or self.asked < self.risen)


def came(rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """What the sensors say will come: more by each of the five, and more than in proportion."""
    own = rows[:, :TELLING]
    return (own + 0.4 * own**2).sum(axis=1) + random.standard_normal(len(rows))


def sensors(random: np.random.Generator, rows: int, phi: float) -> np.ndarray:
    noise = random.standard_normal((rows + 2000, SENSORS)) * np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise, axis=0)[2000:]


def frame(rows: np.ndarray, first: date, random: np.random.Generator) -> pd.DataFrame:
    days = pd.Timestamp(first) + pd.to_timedelta(np.arange(len(rows)) // ROWS_A_DAY, unit="D")
    return pd.DataFrame(rows, columns=NAMES).assign(day=days, label=came(rows, random))


def plant(seed: int, phi: float, watch: Watch = Watch()) -> Plant:
    random = np.random.default_rng([seed, round(phi * 100)])
    rows = sensors(random, (LEARNED_DAYS + CALM_DAYS + DRIFT_DAYS) * ROWS_A_DAY, phi)
    learned = LEARNED_DAYS * ROWS_A_DAY
    history = frame(rows[:learned], FIRST, random)
    last = history["day"] >= history["day"].max() - pd.Timedelta(days=HELD_OUT_DAYS - 1)
    own, held_out = history[~last], history[last].reset_index(drop=True)
    model = TrainingRows(own[NAMES], own["label"], own["day"]).fit("regression", SETTINGS)
    mae = {"mae": task_named("regression").metrics(SETTINGS)["mae"]}
    scores = score_table(
        model.predict(held_out), held_out["label"], held_out, mae, (), held_out["day"] if watch.by_day else None
    )
    history["prediction"] = model.predict(history)["prediction"]
    sample = history.sample(SAMPLE_ROWS, random_state=seed)
    limits = calibrate(history, sample, [*NAMES, "prediction"], seed, window_days=watch.window_days)
    evaluation = of_role(scores, CANDIDATE, 1, "held_out", "mae")
    return Plant(sample, model, evaluation, limits, mae, rows[learned:], random, watch)


def error_at(made: Plant, sensor: int, level: float) -> float:
    """The expected absolute error while a sensor is off by so many standard deviations."""
    random = np.random.default_rng(7)
    rows = random.standard_normal((DRAWN, SENSORS))
    rows[:, sensor] += level
    off = made.model.predict(pd.DataFrame(rows, columns=NAMES))["prediction"] - came(rows, random)
    return float(off.abs().mean())


def case(made: Plant, sensor: int) -> Case:
    """Let one sensor drift, and see when a retraining is asked for."""
    level = np.clip((np.arange(len(made.calm)) // ROWS_A_DAY - CALM_DAYS + 1) / DRIFT_DAYS, 0, 1) * DRIFT
    rows = made.calm.copy()
    rows[:, sensor] += level
    days = frame(rows, FIRST + timedelta(days=LEARNED_DAYS), made.random)
    days["prediction"] = made.model.predict(days)["prediction"]
    before = error_at(made, sensor, 0.0)

    def rise(day: int) -> float:
        return error_at(made, sensor, (day + 1) / DRIFT_DAYS * DRIFT) / before - 1

    # The farther off, the larger the error.
    risen = bisect_right(range(DRIFT_DAYS), RISE, key=rise)
    asked, reason = first_request(made, days)
    at_request = float("nan") if asked is None else rise(max(asked, 0))
    return Case(asked, reason, risen if risen < DRIFT_DAYS else None, at_request)


def first_request(made: Plant, days: pd.DataFrame) -> tuple[int | None, str]:
    """The first retraining, by the default policy; what came is known the day after. Negative: before the drift."""
    nights, reason = Nights(), ""
    for number in range(-3, DRIFT_DAYS):
        day = BEGINS + timedelta(days=number)
        window = window_of(days, day, made.watch.window_days)
        report = compare(made.history, window, made.thresholds, day, 1, measure=distances, prediction="prediction")
        nights.reported(day, report.rows)
        known = days[days["day"] < pd.Timestamp(day)].assign(model_version=1)
        known = known.assign(predicted_day=known["day"], day=known["day"] + pd.Timedelta(days=1))
        told = performance(
            known,
            day,
            1,
            made.metrics,
            made.evaluation,
            "prediction",
            group="day" if made.watch.by_day else None,
            window_days=made.watch.window_days,
        )
        nights.measured(day, str(told["verdict"].iloc[0]))
        decision = decide(nights.history(), Policy(), "bench", datetime.combine(day, datetime.min.time(), UTC))
        reason = decision.reason
        if decision.decision == RETRAIN:
            return number, reason
    return None, reason


def cases(phi: float, seeds: range, watch: Watch = Watch()) -> Iterator[Case]:
    for seed in seeds:
        made = plant(seed, phi, watch)
        for sensor in range(TELLING):
            yield case(made, sensor)


def told(found: list[Case]) -> str:
    fair = [one for one in found if one.asked is None or one.asked >= 0]
    hurt = [one for one in fair if one.risen is not None]
    asked = [one.asked for one in hurt if one.asked is not None]
    rises = [one.error_when_asked for one in hurt if one.asked is not None]
    by_loss = sum("worse than expected" in one.reason for one in hurt if one.asked is not None)
    days = [one.risen for one in hurt if one.risen is not None]
    on, rise, when = (_median(values) for values in (asked, rises, days))
    return (
        f"in time in {sum(one.in_time for one in hurt)} of {len(hurt)}; asked in {len(asked)}, on median on day "
        f"{on + 1:.0f} with the error at {rise:+.0%}, {by_loss} for lost performance; the error was a fifth higher on "
        f"median on day {when + 1:.0f}; {len(found) - len(fair)} asked before the drift"
    )


def best_possible(phi: float, days: int, false_alarms: float) -> float:
    """In which share of cases the best test of all finds the drift by its first so many days (Neyman and Pearson 1933).

    It knows phi, every sensor's level, the day on which the drift began and its shape, but neither which of the eight
    sensors moves nor whether up or down; it looks once. Outcomes would tell it nothing: given what sensors say, they
    come as before.

    Args:
        phi: How the sensors remember.
        days: Days of drift that it sees.
        false_alarms: In which share of cases it may ask without a drift.
    """
    moved = (np.arange(days * ROWS_A_DAY) // ROWS_A_DAY + 1) / DRIFT_DAYS * DRIFT
    surprise = np.r_[moved[0], (moved[1:] - phi * moved[:-1]) / np.sqrt(1 - phi**2)]
    told = float(np.sqrt((surprise**2).sum()))
    calm = np.random.default_rng(7).standard_normal((200_000, SENSORS))
    drifting = calm + told * (np.arange(SENSORS) == 0)

    def likelihood(seen: np.ndarray) -> np.ndarray:
        both = told * np.concatenate([seen, -seen], axis=1)
        return np.asarray(logsumexp(both, axis=1))

    return float((likelihood(drifting) > np.quantile(likelihood(calm), 1 - false_alarms)).mean())


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else float("nan")


def main() -> None:
    figures = {}
    for phi in PHIS:
        found = list(cases(phi, range(REFERENCES)))
        # The reports that come before: one a day, up to the day before the error is a fifth higher.
        days = int(_median([one.risen for one in found if one.risen is not None]))
        best = " and ".join(f"{best_possible(phi, days, share):.0%} at {share:.0%}" for share in (0.01, 0.01 * days))
        figures[f"phi {phi}: a sensor moves by {DRIFT:g} in {DRIFT_DAYS} days"] = (
            f"{told(found)}; by then no test finds more than {best} false alarms"
        )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
