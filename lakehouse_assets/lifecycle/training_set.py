"""Training rows: every failed entity's feature rows with their true label and the side of the split they are on."""

from hashlib import sha256
from typing import TYPE_CHECKING

from lakehouse_assets.lifecycle.rul import remaining_life
from lakehouse_assets.lifecycle.split import is_held_out

if TYPE_CHECKING:
    import pandas as pd

TRAINING, HELD_OUT = "training", "held_out"


def labelled_rows(features: "pd.DataFrame", failures: "pd.DataFrame") -> "pd.DataFrame":
    """Join feature rows of failed engines with their true remaining life.

    Args:
        features: Feature view rows: engine_id, day, cycle, features.
        failures: engine_id and the cycle at which it failed.

    Returns:
        The rows of failed engines with `rul` (cycles, not capped) and `split` (by engine, never by row), ordered by
        engine and day. Contradictory engines are left out: one wrong file must not stop the training of all.
    """
    doubtful = contradictory_engines(features, failures)
    end = failures[~failures["engine_id"].isin(doubtful)].set_index("engine_id")["cycle"]
    rows = features[features["engine_id"].isin(end.index)]
    split = {engine: HELD_OUT if is_held_out(engine) else TRAINING for engine in end.index}
    labelled = rows.assign(
        rul=remaining_life(rows["cycle"], rows["engine_id"].map(end)), split=rows["engine_id"].map(split)
    )
    return labelled.sort_values(["engine_id", "day"], ignore_index=True)


def contradictory_engines(features: "pd.DataFrame", failures: "pd.DataFrame") -> list[str]:
    """Engines that failed twice, or flew on after their failure: their label would be wrong, whichever is right."""
    twice = failures.loc[failures["engine_id"].duplicated(keep=False), "engine_id"]
    end = failures.drop_duplicates("engine_id").set_index("engine_id")["cycle"]
    flown = features.groupby("engine_id")["cycle"].max()
    both = flown.index.intersection(end.index)
    beyond = both[(flown[both] > end[both]).to_numpy()]
    return sorted({*twice, *beyond})


def recipe(rows: "pd.DataFrame", *ingredients: str) -> str:
    """A hash of everything that decides what a model becomes: the training rows and the other ingredients.

    Two trainings with one recipe give the same model, so the second need not be registered again.
    """
    import pandas as pd

    digest = sha256(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    for ingredient in (",".join(rows.columns), *ingredients):
        digest.update(ingredient.encode())
    return digest.hexdigest()


def one_feature_version(rows: "pd.DataFrame", what: str) -> str:
    """The feature version that all rows carry.

    Args:
        rows: Rows with `feature_version`; none give "".
        what: What they are, for the error.

    Raises:
        ValueError: rows of several versions lie side by side, as after a refit of the regimes for some days only.
    """
    found = sorted(rows["feature_version"].unique())
    if len(found) > 1:
        raise ValueError(
            f"{what} mixes the feature versions {', '.join(found)}: the operating regimes were refitted, and only some "
            "days were made anew. Materialise distilled/turbofan/normalised_readings and what follows for all days."
        )
    return str(found[0]) if found else ""


def feature_version(regimes: "pd.DataFrame", names: list[str]) -> str:
    """The version of a feature view: its columns and the regimes that they are normalised by, as 12 hex digits."""
    return recipe(regimes, *names)[:12]
