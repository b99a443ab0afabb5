"""What a model has to beat, in the model's own columns."""

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.judging.baseline import baseline_predictions


def training() -> tuple[pd.DataFrame, pd.Series]:
    random = np.random.default_rng(1)
    week_ago = random.normal(10, 3, 2000)
    return pd.DataFrame({"week_ago": week_ago}), pd.Series(week_ago + random.normal(0, 1, 2000))


def test_the_mean_of_the_training_labels_is_predicted_for_every_row() -> None:
    features, label = training()
    rows = pd.DataFrame({"week_ago": [1.0, 2.0]}, index=[7, 3])
    found = baseline_predictions("mean", features, label, rows)
    assert found["prediction"].tolist() == [label.mean()] * 2
    assert list(found.index) == [7, 3]


def test_a_feature_is_the_prediction_itself_and_the_mean_where_it_is_missing() -> None:
    features, label = training()
    found = baseline_predictions("week_ago", features, label, pd.DataFrame({"week_ago": [4.0, np.nan]}))
    assert found["prediction"].tolist() == [4.0, pytest.approx(label.mean())]


@pytest.mark.parametrize("kind", ["mean", "week_ago"])
def test_the_band_covers_what_it_says(kind: str) -> None:
    features, label = training()
    found = baseline_predictions(kind, features, label, features, ("prediction", "lower", "upper"), coverage=0.8)
    assert ((found["lower"] <= label) & (label <= found["upper"])).mean() == pytest.approx(0.8, abs=0.01)


def test_a_prior_alarms_only_if_it_is_at_least_the_threshold() -> None:
    rows, label = pd.DataFrame({"a": [1.0, 2.0]}), pd.Series([0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    features = pd.DataFrame({"a": np.zeros(10)})

    def alarms(threshold: float) -> list[bool]:
        found = baseline_predictions("prior", features, label, rows, ("prediction", "alarm"), threshold=threshold)
        assert found["prediction"].tolist() == [0.2, 0.2]
        return found["alarm"].tolist()

    assert alarms(1 / 3) == [False, False]
    assert alarms(0.2) == [True, True]


def test_an_unknown_feature_or_no_label_is_refused() -> None:
    features, label = training()
    with pytest.raises(ValueError, match=r"'last_year' is neither mean nor prior nor a feature.*week_ago"):
        baseline_predictions("last_year", features, label, features)
    with pytest.raises(ValueError, match="no training label"):
        baseline_predictions("mean", features.iloc[:0], label.iloc[:0], features)
