"""Training with LightGBM: progress shown, the uncertainty band from engines that a fold did not see."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]

#: Folds of the out-of-fold predictions that the uncertainty band is fitted on.
FOLDS = 3


def train_booster(
    features: "pd.DataFrame",
    label: Floats,
    params: Mapping[str, Any],
    rounds: int,
    progress: Progress,
    name: str = "training",
) -> Any:
    """Train one booster.

    Args:
        features: Rows x features, numbers; NaN where unknown.
        label: One value per row.
        params: LightGBM's parameters.
        rounds: Number of trees.
        progress: Is told in words about ten times how far the training has come.
        name: What is being trained, for those words.
    """
    import lightgbm

    every = max(1, rounds // 5)

    def tell(environment: Any) -> None:
        done = environment.iteration + 1
        if done % every == 0 or done == rounds:
            loss = environment.evaluation_result_list[0][2] if environment.evaluation_result_list else float("nan")
            progress(f"{name}: {done} of {rounds} trees, {environment.evaluation_result_list[0][1]} {loss:.2f}")

    data = lightgbm.Dataset(features.to_numpy(dtype="float64"), label, feature_name=list(features.columns))
    booster = lightgbm.train(
        {**params, "is_provide_training_metric": True, "metric": params.get("metric", "rmse")},
        data,
        num_boost_round=rounds,
        valid_sets=[data],
        valid_names=["training"],
        callbacks=[tell],
    )
    if booster.num_trees() < rounds:
        # LightGBM drops a tree that cannot split and says nothing at verbosity -1: of 110 rows, a bag of a quarter
        # seldom held the 40 that two leaves of 20 need, and 700 rounds gave 6 trees and 15 different predictions.
        progress(
            f"{name}: only {booster.num_trees()} of {rounds} trees grew, the other rounds found no split: {len(label)} "
            "rows are few for min_data_in_leaf and bagging_fraction as they are set"
        )
    return booster


def out_of_fold(
    features: "pd.DataFrame",
    label: Floats,
    groups: "pd.Series",
    params: Mapping[str, Any],
    rounds: int,
    progress: Progress,
    folds: int = FOLDS,
) -> Floats:
    """Predict every row by a booster that saw no row of its group (engine).

    Groups are dealt to the folds in the order of their keys, so the folds are the same every time.
    """
    order = {group: number % folds for number, group in enumerate(sorted(groups.unique()))}
    fold_of = groups.map(order).to_numpy()
    predicted = np.full(len(features), np.nan)
    for fold in range(min(folds, len(order))):
        inside = fold_of == fold
        booster = train_booster(
            features[~inside], label[~inside], params, rounds, progress, f"fold {fold + 1} of {folds}"
        )
        predicted[inside] = booster.predict(features[inside].to_numpy(dtype="float64"))
    return predicted
