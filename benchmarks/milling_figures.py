"""The figures of docs/milling_model.md: AI4I in time order (first 70 % to last 30 %) and in five random folds.

`LAKEHOUSE_REAL_DATA=... python -m benchmarks.milling_figures`; about a minute. Nothing is chosen here.
"""

import json
import sys

import numpy as np
import pandas as pd

from benchmarks.declared import settings
from benchmarks.real_data import harmonized, real_file
from lakehouse_assets.defs.milling import harmonize
from lakehouse_assets.defs.milling.days import SOURCE, contract
from lakehouse_assets.defs.milling.milling_failure.failure import KEYS, features
from lakehouse_assets.lifecycle.judging.bootstrap import metric_interval
from lakehouse_assets.lifecycle.learning.calibrated_classifier import fit_classifier, stratified_folds
from lakehouse_assets.lifecycle.learning.probability import alarm_threshold
from lakehouse_assets.lifecycle.learning.tasks import task_named

SETTINGS = settings("milling_failure")
THRESHOLD = alarm_threshold(SETTINGS.cost_of_miss, SETTINGS.cost_of_false_alarm)
PARAMS = {**SETTINGS.params, "objective": "binary"}


def told(data: str, predicted: np.ndarray, truth: np.ndarray) -> dict[str, str]:
    def measure(name: str) -> str:
        metric = task_named("classification").metrics(SETTINGS)[name]

        def figure(p: np.ndarray, y: np.ndarray) -> float:
            return metric(pd.DataFrame({"prediction": p, "alarm": p >= THRESHOLD}), y)

        return str(metric_interval(figure, predicted, truth, resamples=200))

    figures = {name: measure(name) for name in ("f1", "average_precision", "auc", "brier")}
    alarm = predicted >= THRESHOLD
    hits, missed, false = (alarm & (truth == 1)).sum(), (~alarm & (truth == 1)).sum(), (alarm & (truth == 0)).sum()
    figures["alarms"] = f"{hits} hits, {missed} missed, {false} false"
    bins = pd.cut(predicted, [0, 0.01, 0.05, 0.2, 0.5, 0.8, 1.0], include_lowest=True)
    curve = pd.DataFrame({"p": predicted, "y": truth}).groupby(bins, observed=True).agg(
        n=("y", "size"), said=("p", "mean"), came=("y", "mean")
    )  # fmt: skip
    figures["said -> came (n)"] = ", ".join(f"{r.said:.3f} -> {r.came:.3f} ({r.n:.0f})" for r in curve.itertuples())
    print(data, figures, file=sys.stderr, flush=True)
    return {f"{data}: {name}": figure for name, figure in figures.items()}


def main() -> None:
    file = real_file("milling", "ai4i2020.csv")
    operations, failures = (
        harmonized(file, SOURCE, getattr(harmonize, table), contract("harmonized", table))
        for table in ("operations", "failures")
    )
    days = operations["day"].min().date(), operations["day"].max().date()
    x = features({"operations": operations}, *days).drop(columns=KEYS)
    y = failures["failed"].to_numpy(dtype="int64")
    cut = int(len(x) * 0.7)
    in_time = fit_classifier(x[:cut], y[:cut], PARAMS, SETTINGS.rounds)
    figures = {
        **told("training 70 %, out of fold", in_time.out_of_fold, y[:cut]),
        **told("last 30 %", in_time.predict(x[cut:]), y[cut:]),
    }
    random = np.full(len(y), np.nan)
    for inside in stratified_folds(y, 5, seed=20240101):
        random[inside] = fit_classifier(x[~inside], y[~inside], PARAMS, SETTINGS.rounds).predict(x[inside])
    print(json.dumps({**figures, **told("five random folds", random, y)}))


if __name__ == "__main__":
    main()
