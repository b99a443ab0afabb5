"""A metric: a function of predictions and truth, and which way is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Metric:
    """What a model is measured by.

    ``function`` takes n rows as the model predicts them (``prediction``, and ``lower``, ``upper`` or ``alarm`` where it
    gives them) and n truths. It gives NaN where the rows do not define it, such as a ranking without a positive. It is
    called some thousand times in one evaluation, on resampled rows: at most some tenths of a millisecond for 5,000 rows
    are wanted (`ranking` has the slow ones of scikit-learn). ``decides`` is False for figures that describe and do not
    judge: of bias and coverage neither more nor less is better.
    """

    function: Callable[[pd.DataFrame, npt.ArrayLike], float]
    lower_is_better: bool = True
    decides: bool = True

    def __call__(self, predictions: pd.DataFrame, truth: npt.ArrayLike) -> float:
        """The figure."""
        return self.function(predictions, np.asarray(truth, dtype=np.float64))


def of_prediction(
    function: Callable[[npt.NDArray[np.float64], npt.ArrayLike], float], lower_is_better: bool = True
) -> Metric:
    """A metric of the column ``prediction`` alone, from a function of two arrays."""
    return Metric(
        lambda predictions, truth: function(predictions["prediction"].to_numpy(dtype=np.float64), truth),
        lower_is_better,
    )
