"""Average precision and area under the curve are scikit-learn's, ties and all."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.lifecycle.judging.ranking import area_under_curve, average_precision

rows = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]) | st.floats(0, 1), st.integers(0, 1)), min_size=2)


@given(rows.filter(lambda drawn: len({label for _, label in drawn}) == 2))
def test_the_figures_are_those_of_scikit_learn(drawn: list[tuple[float, int]]) -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    predicted, truth = (np.array(one, dtype="float64") for one in zip(*drawn, strict=True))
    assert average_precision(predicted, truth) == pytest.approx(average_precision_score(truth, predicted))
    assert area_under_curve(predicted, truth) == pytest.approx(roc_auc_score(truth, predicted))


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_ranks_nothing(label: int) -> None:
    for figure in (average_precision, area_under_curve):
        assert math.isnan(figure([0.1, 0.2], [label, label]))


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="n of each"):
        average_precision([0.1], [0, 1])
