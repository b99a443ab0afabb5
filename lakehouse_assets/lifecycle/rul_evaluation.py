"""Evaluation of one remaining-useful-life model on all the data that it is measured on."""

from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lifecycle import plots
from lakehouse_assets.lifecycle.evaluation import score_table
from lakehouse_assets.lifecycle.rul_cuts import METRICS, held_out_cuts, official_cuts

if TYPE_CHECKING:
    import numpy.typing as npt

    from lakehouse_assets.lifecycle.registry import LoadedModel


def evaluate(
    model: "LoadedModel", role: str, rows: pd.DataFrame, tested: pd.DataFrame | None, lives: pd.DataFrame
) -> pd.DataFrame:
    """Score a model on the held-out cuts and, where there are any, on the official test engines.

    Args:
        model: The model.
        role: "candidate" or "champion", for the table.
        rows: The training set, of which only held-out engines are used.
        tested: Feature rows of the official test engines, or None without any.
        lives: Their stated remaining lives.

    Returns:
        Columns role, model_version, data, slice ("all" or a fleet), engines, rows, metric, value, decides.
    """
    measured = _measured_on(rows, tested, lives)
    if any(map(len, measured.values())):
        measured = {data: cuts for data, cuts in measured.items() if len(cuts)}
    tables = [fleet_scores(cuts, model.predict(cuts) if len(cuts) else [], data) for data, cuts in measured.items()]
    scores = pd.concat(tables, ignore_index=True)
    scores.insert(0, "role", role)
    scores.insert(1, "model_version", model.version.version)
    return scores.assign(decides=scores["data"].eq("held_out"))


def pictures(
    model: "LoadedModel", rows: pd.DataFrame, tested: pd.DataFrame | None, lives: pd.DataFrame
) -> dict[str, bytes]:
    """Prediction against truth and residuals for each data that the model is measured on, as PNG by name."""
    found = {}
    for data, cuts in _measured_on(rows, tested, lives).items():
        if len(cuts):
            predicted, words = model.predict(cuts), data.replace("_", " ")
            told = (predicted, cuts["rul"], f"{words} engines", cuts["fleet"], "cycles")
            found[f"{data}_predictions"] = plots.prediction_against_truth(*told)
            found[f"{data}_residuals"] = plots.residuals(*told)
    return found


def fleet_scores(cuts: pd.DataFrame, predicted: "npt.ArrayLike", data: str) -> pd.DataFrame:
    """All metrics over all cuts and per fleet, as the contract of the table has them."""
    predictions = pd.DataFrame({"prediction": predicted}, dtype="float64")
    scores = score_table(predictions, cuts["rul"], cuts, METRICS, ["fleet"], cuts["engine_id"], data)
    scores["slice"] = scores["slice"].str.removeprefix("fleet=")
    named = scores.rename(columns={"groups": "engines"})
    return named[["data", "slice", "engines", "rows", "metric", "value"]]


def _measured_on(rows: pd.DataFrame, tested: pd.DataFrame | None, lives: pd.DataFrame) -> dict[str, pd.DataFrame]:
    official = official_cuts(tested, lives) if tested is not None else rows.iloc[:0]
    return {"held_out": held_out_cuts(rows), "official_test": official}
