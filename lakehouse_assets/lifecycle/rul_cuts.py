"""Rows that a model of remaining life is measured on: held-out engines cut at random, and the official test engines."""

import pandas as pd

from lakehouse_assets.lifecycle.metric import Metric, of_prediction
from lakehouse_assets.lifecycle.rul import REPORTED_CAP, mae, nasa_score, random_cuts, rmse, rmse_capped
from lakehouse_assets.lifecycle.training_set import HELD_OUT

#: Cuts are drawn anew for every evaluation by this seed, so that champion and candidate are asked the same.
CUTS_SEED = 20240101
CUTS_PER_ENGINE = 8

METRICS: dict[str, Metric] = {
    "rmse": of_prediction(rmse),
    f"rmse_capped_{REPORTED_CAP:g}": of_prediction(rmse_capped),
    "mae": of_prediction(mae),
    "nasa_score": of_prediction(nasa_score),
}
#: The metric that the gate decides by. Beyond the cap nothing can be learned, so an uncapped error mostly counts how
#: many young engines were drawn.
DECIDING_METRIC = f"rmse_capped_{REPORTED_CAP:g}"


def held_out_cuts(training_set: pd.DataFrame) -> pd.DataFrame:
    """Feature rows of held-out engines at random cuts, as if they were in service, with the true `rul`.

    Args:
        training_set: Labelled rows (`training_set.labelled_rows`).
    """
    held_out = training_set[training_set["split"].eq(HELD_OUT)]
    last = held_out.assign(last_cycle=held_out["cycle"] + held_out["rul"])
    engines = last.groupby("engine_id", as_index=False)["last_cycle"].max().astype({"last_cycle": "int64"})
    cuts = random_cuts(engines, CUTS_SEED, CUTS_PER_ENGINE)
    keyed = held_out.assign(cycle=held_out["cycle"].astype("int64"))
    return keyed.merge(cuts[["engine_id", "cycle"]], on=["engine_id", "cycle"]).reset_index(drop=True)


def official_cuts(features: pd.DataFrame, lives: pd.DataFrame) -> pd.DataFrame:
    """The last feature row of every engine whose true remaining life the publisher states, with that life as `rul`."""
    stated = lives.set_index("engine_id")["remaining_cycles"]
    rows = features[features["engine_id"].isin(stated.index)]
    last = rows.sort_values("day").drop_duplicates("engine_id", keep="last")
    return last.assign(rul=last["engine_id"].map(stated).astype("float64")).sort_values("engine_id", ignore_index=True)
