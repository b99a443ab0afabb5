"""The figures of docs/energy_model.md: day-ahead forecasts of August and September 2018 from what came before.

`LAKEHOUSE_REAL_DATA=... python -m benchmarks.energy_figures`; about a minute. Nothing is chosen here.
"""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd

from benchmarks.declared import settings
from benchmarks.real_data import harmonized, real_file
from lakehouse_assets.defs.energy import harmonize
from lakehouse_assets.defs.energy.days import SOURCE, contract
from lakehouse_assets.defs.energy.energy_demand import demand
from lakehouse_assets.defs.energy.energy_demand.day_ahead import feature_names
from lakehouse_assets.lifecycle.judging.bootstrap import metric_interval
from lakehouse_assets.lifecycle.learning.quantile_forecast import QUANTILES, coverage, fit_quantiles, pinball_loss

SETTINGS = settings("energy_demand")
FIRST_DAY, TEST_FROM, LAST_DAY = date(2018, 1, 8), date(2018, 8, 1), date(2018, 9, 30)


def labelled() -> pd.DataFrame:
    """Every forecast's features with the local day and week that it is for, what was drawn, and a week before."""
    file = real_file("energy", "Steel_industry_data.csv")
    readings = harmonized(file, SOURCE, harmonize.readings, contract("harmonized", "readings"))
    rows = demand.features({"readings": readings}, FIRST_DAY - timedelta(days=1), LAST_DAY - timedelta(days=1))
    usage = readings.set_index("event_time")["usage"]
    return rows.assign(
        day=rows["day"] + pd.Timedelta(days=1),
        kwh=usage.reindex(rows["target_at"]).to_numpy(),
        naive=rows["lag_7"],
    )


def forecasts(rows: pd.DataFrame, retrain_every: int | None) -> np.ndarray:
    """Quantiles of the test rows, each from a model trained on the days before its training day alone."""
    parts = []
    begin = pd.Timestamp(TEST_FROM)
    while begin <= pd.Timestamp(LAST_DAY):
        end = pd.Timestamp(LAST_DAY) + timedelta(days=1) if retrain_every is None else begin + timedelta(retrain_every)
        past, due = rows[rows["day"] < begin], rows[(rows["day"] >= begin) & (rows["day"] < end)]
        told = SETTINGS.params, SETTINGS.rounds, SETTINGS.quantiles
        model = fit_quantiles(past[feature_names()], past["kwh"], past["day"], *told)
        parts.append(model.predict(due[feature_names()]))
        begin = end
    return np.vstack(parts)


def told(what: str, bands: np.ndarray, test: pd.DataFrame) -> dict[str, str | float]:
    truth, naive, low, middle, high = test["kwh"].to_numpy(), test["naive"].to_numpy(), *bands.T
    week = test["day"].dt.strftime("%G-%V")

    def gain(both: np.ndarray, y: np.ndarray) -> float:
        return float(1 - np.abs(both[:, 0] - y).mean() / np.abs(both[:, 1] - y).mean())

    months = {
        f"{what}: below baseline, {name}": round(gain(np.column_stack([middle, naive])[inside], truth[inside]), 3)
        for name, inside in (("August", test["day"].dt.month.eq(8)), ("September", test["day"].dt.month.eq(9)))
    }
    return {
        f"{what}: MAE, kWh": round(float(np.abs(middle - truth).mean()), 2),
        f"{what}: below baseline (weeks resampled)": str(
            metric_interval(gain, np.column_stack([middle, naive]), truth, week)
        ),
        **months,
        f"{what}: band of 80 % covers": round(coverage(low, high, truth), 3),
        f"{what}: below the band, above it": f"{np.mean(truth < low):.3f}, {np.mean(truth > high):.3f}",
        f"{what}: mean width of the band, kWh": round(float(np.mean(high - low)), 1),
        f"{what}: pinball loss at {QUANTILES}": ", ".join(
            f"{pinball_loss(bands[:, n], truth, q):.2f}" for n, q in enumerate(QUANTILES)
        ),
    }


def main() -> None:
    rows = labelled()
    test = rows[rows["day"] >= pd.Timestamp(TEST_FROM)]
    baseline = round(float((test["naive"] - test["kwh"]).abs().mean()), 2)
    figures = {"same quarter a week before: MAE, kWh": baseline}
    figures |= told("trained once, before 1 August", forecasts(rows, None), test)
    figures |= told("trained again every week", forecasts(rows, 7), test)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
