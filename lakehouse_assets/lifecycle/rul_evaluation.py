"""Evaluation of one remaining-useful-life model on all the data that it is measured on."""

from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lifecycle import plots
from lakehouse_assets.lifecycle.evaluation import held_out_cuts, official_cuts, score_table

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.booster_registry import LoadedModel


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
        Columns role, model_version, decides, and those of `evaluation.score_table`.
    """
    tables = [
        score_table(cuts, model.predict(cuts), data)
        for data, cuts in _measured_on(rows, tested, lives).items()
        if len(cuts)
    ]
    scores = pd.concat(tables, ignore_index=True) if tables else score_table(rows.iloc[:0], [], "held_out")
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
            found[f"{data}_predictions"] = plots.prediction_against_truth(cuts, predicted, f"{words} engines")
            found[f"{data}_residuals"] = plots.residuals(cuts, predicted, f"{words} engines")
    return found


def _measured_on(rows: pd.DataFrame, tested: pd.DataFrame | None, lives: pd.DataFrame) -> dict[str, pd.DataFrame]:
    official = official_cuts(tested, lives) if tested is not None else rows.iloc[:0]
    return {"held_out": held_out_cuts(rows), "official_test": official}
