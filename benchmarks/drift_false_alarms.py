"""How often reports flag and decisions retrain while nothing drifts, and how soon a shift is found.

AR(1) with phi 0.98, 20 features, 10,000 reference rows, windows of 500; beside it quantiles over overlapping windows of
the reference, and Evidently's defaults. `python -m benchmarks.drift_false_alarms`; about four minutes of CPU.
"""

import json
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from lakehouse_assets.monitoring.calibration import calibrate, normed_wasserstein
from lakehouse_assets.monitoring.deciding.decision import Policy, decide
from lakehouse_assets.monitoring.deciding.history import RETRAIN, SUCCEEDED, History, Training

PHI, FEATURES, REFERENCE, WINDOW, ROWS_A_DAY, SAMPLE = 0.98, 20, 10_000, 500, 50, 5000
NAMES = [f"f{number:02}" for number in range(FEATURES)]
RATES = (0.01, 0.05)
SERIES, REPORTS, GAP = 20, 200, 1000
CASES, SHIFT, CASES_A_REFERENCE = 100, 0.5, 10
EVIDENTLY_REPORTS = 20
FIRST = date(2024, 1, 1)


def series(random: np.random.Generator, rows: int, phi: float) -> np.ndarray:
    noise = random.standard_normal((rows + 2000, FEATURES)) * np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise, axis=0)[2000:]


def as_history(rows: np.ndarray) -> pd.DataFrame:
    days = pd.Timestamp(FIRST) + pd.to_timedelta(np.arange(len(rows)) // ROWS_A_DAY, unit="D")
    return pd.DataFrame(rows, columns=NAMES).assign(day=days)


def thresholds(history: pd.DataFrame, sample: pd.DataFrame, rate: float, seed: int) -> np.ndarray:
    made = calibrate(history, sample, NAMES, seed, false_alarm_rate=rate, window_days=WINDOW // ROWS_A_DAY)
    return made["threshold"].to_numpy()


def distances(sample: pd.DataFrame, window: np.ndarray) -> np.ndarray:
    return np.array([normed_wasserstein(sample[name], window[:, place]) for place, name in enumerate(NAMES)])


def of_overlapping_windows(rows: np.ndarray, sample: pd.DataFrame) -> list[np.ndarray]:
    return [distances(sample, rows[start : start + WINDOW]) for start in range(0, REFERENCE - WINDOW + 1, 50)]


def blocks(random: np.random.Generator, rows: np.ndarray, length: int) -> np.ndarray:
    starts = random.integers(0, len(rows) - length + 1, size=WINDOW // length)
    return np.concatenate([rows[start : start + length] for start in starts])


def decisions(flags: np.ndarray) -> list[int]:
    """The reports after which a retraining is asked for; each is promoted at once, and the reference stays."""
    policy, asked, trainings, version = Policy(), [], [], 1
    reports: list[tuple[date, int, str, str]] = []
    columns = ["day", "model_version", "column_name", "verdict"]
    for number, row in enumerate(flags):
        day = FIRST + timedelta(days=number)
        reports += [(day, version, name, "drift" if bad else "stable") for name, bad in zip(NAMES, row, strict=True)]
        known = pd.DataFrame(reports[-10 * FEATURES :], columns=columns)
        empty = pd.DataFrame(columns=["day", "model_version", "verdict"])
        history = History(known, empty, pd.DataFrame(columns=["decision"]), trainings, version)
        decision = decide(history, policy, "bench", datetime.combine(day, datetime.min.time(), UTC))
        if decision.decision == RETRAIN:
            asked.append(number)
            trainings.append(Training(str(number), SUCCEEDED, decision.run_key, promoted=True, day=day))
            version += 1
    return asked


def without_drift(phi: float) -> dict[str, str]:
    told: dict[str, list[np.ndarray]] = {}
    retrained: dict[str, int] = {}
    for seed in range(SERIES):
        random = np.random.default_rng(seed)
        rows = series(random, REFERENCE + GAP + REPORTS * WINDOW, phi)
        history, later = as_history(rows[:REFERENCE]), rows[REFERENCE + GAP :]
        sample = history.sample(SAMPLE, random_state=seed)
        fresh = np.array([distances(sample, one) for one in later.reshape(REPORTS, WINDOW, FEATURES)])
        again = {
            length: np.array([distances(sample, blocks(random, rows[:REFERENCE], length)) for _ in range(REPORTS // 4)])
            for length in (WINDOW, 100)
        }
        own = of_overlapping_windows(rows[:REFERENCE], sample)
        for rate in RATES:
            limits = thresholds(history, sample, rate, seed)
            kinds = {"later windows": fresh} | {f"blocks of {length} rows": far for length, far in again.items()}
            for what, far in kinds.items():
                told.setdefault(f"{rate:.0%}, {what}", []).append(far > limits)
            name = f"{rate:.0%}, later windows"
            retrained[name] = retrained.get(name, 0) + len(decisions(fresh > limits))
            quantiles = np.quantile(own, 1 - rate / FEATURES, axis=0)
            told.setdefault(f"{rate:.0%}, quantiles of overlapping windows", []).append(fresh > quantiles)
        told.setdefault("threshold 0.1", []).append(fresh > 0.1)
    return {f"phi {phi}: {name}": words(np.concatenate(flags), retrained.get(name)) for name, flags in told.items()}


def words(flags: np.ndarray, retrained: int | None) -> str:
    told = f"reports {flags.any(axis=1).mean():.2%}, single features {flags.mean():.3%} of {len(flags)} reports"
    return told if retrained is None else f"{told}, {retrained * 200 / len(flags):.2f} decisions in 200 reports"


def shifts() -> Iterator[int | None]:
    """After how many reports a shift of half a standard deviation in one of 20 independent features is decided on."""
    for number in range(CASES // CASES_A_REFERENCE):
        random = np.random.default_rng(1000 + number)
        history = as_history(random.standard_normal((REFERENCE, FEATURES)))
        sample = history.sample(SAMPLE, random_state=number)
        limits = thresholds(history, sample, RATES[0], number)
        for _ in range(CASES_A_REFERENCE):
            windows = random.standard_normal((3, WINDOW, FEATURES))
            windows[:, :, random.integers(FEATURES)] += SHIFT
            found = decisions(np.array([distances(sample, one) > limits for one in windows]))
            yield found[0] + 1 if found else None


def evidently_defaults() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from evidently import Dataset, Report
        from evidently.metrics import ValueDrift

        flagged = []
        for seed in range(EVIDENTLY_REPORTS):
            rows = series(np.random.default_rng(seed), REFERENCE + GAP + WINDOW, PHI)
            frames = (as_history(one)[NAMES] for one in (rows[-WINDOW:], rows[:REFERENCE]))
            current, reference = map(Dataset.from_pandas, frames)
            made = (
                Report([ValueDrift(column=name) for name in NAMES], include_tests=True).run(current, reference).dict()
            )
            flagged.append([test["status"] != "SUCCESS" for test in made["tests"]])
    flags = np.array(flagged)
    return f"reports {flags.any(axis=1).mean():.0%}, single features {flags.mean():.0%} of {len(flags)} reports"


def main() -> None:
    found = without_drift(PHI)
    found[f"phi {PHI}: Evidently's defaults"] = evidently_defaults()
    waited = list(shifts())
    within = sum(one is not None for one in waited)
    found["shift of 0.5 in 1 of 20 iid features: decided within three reports"] = f"{within} of {len(waited)}"
    print(json.dumps(found))


if __name__ == "__main__":
    main()
