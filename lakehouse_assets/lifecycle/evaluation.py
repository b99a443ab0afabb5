"""How good a model of remaining life is: on engines held out of training, cut at random, and on the official tests."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.rul import REPORTED_CAP, mae, nasa_score, random_cuts, rmse, rmse_capped
from lakehouse_assets.lifecycle.training_set import HELD_OUT

if TYPE_CHECKING:
    import numpy.typing as npt

#: Cuts are drawn anew for every evaluation by this seed, so that champion and candidate are asked the same.
CUTS_SEED = 20240101
CUTS_PER_ENGINE = 8

METRICS: dict[str, "Callable[[npt.ArrayLike, npt.ArrayLike], float]"] = {
    "rmse": rmse,
    f"rmse_capped_{REPORTED_CAP:g}": rmse_capped,
    "mae": mae,
    "nasa_score": nasa_score,
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


def score_table(cuts: pd.DataFrame, predicted: "npt.ArrayLike", data: str) -> pd.DataFrame:
    """All metrics over all cuts and per fleet: one row per slice and metric.

    Args:
        cuts: Rows with `rul` (truth, cycles) and `fleet`.
        predicted: One prediction per row, cycles.
        data: What the rows are, for the table's column `data`.

    Returns:
        Columns data, slice, engines, rows, metric, value.
    """
    predictions = np.asarray(predicted, dtype="float64")
    slices = [("all", np.ones(len(cuts), dtype=bool))]
    slices += [(fleet, cuts["fleet"].eq(fleet).to_numpy()) for fleet in sorted(cuts["fleet"].unique())]
    rows = [
        (
            data,
            name,
            cuts.loc[chosen, "engine_id"].nunique(),
            int(chosen.sum()),
            metric,
            measure(predictions[chosen], cuts.loc[chosen, "rul"]),
        )
        for name, chosen in slices
        if chosen.any()
        for metric, measure in METRICS.items()
    ]
    return pd.DataFrame(rows, columns=["data", "slice", "engines", "rows", "metric", "value"])


def value_of(scores: pd.DataFrame, data: str, metric: str = DECIDING_METRIC, part: str = "all") -> float | None:
    """One figure out of a score table; None where it was not measured."""
    found = scores[scores["data"].eq(data) & scores["metric"].eq(metric) & scores["slice"].eq(part)]["value"]
    return float(found.iloc[0]) if len(found) else None


def markdown(scores: pd.DataFrame, columns: Sequence[str] = ("data", "slice")) -> str:
    """A score table as a page shows it: one line per slice, one column per metric."""
    wide = scores.pivot_table(index=[*columns, "engines"], columns="metric", values="value", sort=False).reset_index()
    head = "| " + " | ".join(map(str, wide.columns)) + " |\n" + "|---" * len(wide.columns) + "|"
    lines = [
        "| " + " | ".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row) + " |" for row in wide.to_numpy()
    ]
    return "\n".join([head, *lines])
