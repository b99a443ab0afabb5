"""Evidently's page of a day shows what came beside features and predictions, and says where it does not."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.monitoring.calibration import normed_wasserstein
from lakehouse_assets.monitoring.reports.compared import Compared
from lakehouse_assets.monitoring.reports.drift import DriftReport, compare_with_outcomes, distances

DAY = date(2024, 5, 1)


def side(current: int, shift: float = 0.0, reference: int = 2000, **limits: float) -> Compared:
    """So many rows that lie so far off, against a reference, by these thresholds."""
    random = np.random.default_rng(current)
    made = {name: (random.normal(0, 1, reference), random.normal(shift, 1, current)) for name in limits}
    ours, theirs = (pd.DataFrame({name: one[place] for name, one in made.items()}) for place in (0, 1))
    return Compared(ours, theirs, pd.DataFrame({"column_name": list(limits), "threshold": list(limits.values())}))


FEATURES = side(400, load=0.3, predicted_wear=0.3)


def page_of(home: Path, outcomes: Compared, features: Compared = FEATURES) -> tuple[str, DriftReport]:
    report = compare_with_outcomes(features, outcomes, DAY, 3, home / "page.html")
    assert report.html == home / "page.html"
    return report.html.read_text(encoding="utf-8"), report


def test_what_came_stands_beside_features_and_predictions_with_its_own_rows(tmp_path: Path) -> None:
    outcomes = side(350, shift=1.0, reference=900, label=0.3)
    page, report = page_of(tmp_path, outcomes)
    for name in ("load", "predicted_wear", "label"):
        assert f"Drift in column '{name}'" in page
    assert "Outcomes (label) stand last: the 350 that became known on the days of this window." in page
    assert "Not judged" not in page
    told = report.rows.set_index("column_name")
    assert told["verdict"].to_dict() == {"load": "stable", "predicted_wear": "stable", "label": "drift"}
    assert told.loc["label", ["current_rows", "reference_rows"]].tolist() == [350, 900]
    exact = normed_wasserstein(outcomes.reference["label"], outcomes.current["label"])
    assert told.loc["label", "value"] == pytest.approx(exact, abs=1e-6)
    assert f"Drift score: {round(exact, 3)}" in page


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (
            side(24, label=0.3),
            "are not here: 24 became known on the days of this window, and fewer than 200 are not judged.",
        ),
        (side(0, label=0.3), "are not here: none became known on the days of this window."),
        (side(300, reference=0, label=0.3), "Outcomes are not compared: the reference has none."),
        (side(300, reference=0), "Outcomes are not compared: the reference has none."),
    ],
)
def test_where_outcomes_are_not_there_the_page_says_so(tmp_path: Path, outcomes: Compared, words: str) -> None:
    page, report = page_of(tmp_path, outcomes)
    assert words in page
    assert "Drift in column 'label'" not in page
    assert "Drift in column 'load'" in page
    assert set(report.rows["verdict"].iloc[2:]) <= {"outcomes not judged"}
    assert report.verdict == "stable"


def test_what_has_no_threshold_is_not_called_drift_by_evidentlys_own(tmp_path: Path) -> None:
    features = side(400, shift=2.0, load=5.0, short=float("nan"))
    page, report = page_of(tmp_path, side(350, label=float("nan")), features)
    assert "Not judged, whatever is said below: short, label." in page
    assert "Data drift detected" not in page
    assert dict(zip(report.rows["column_name"], report.rows["verdict"], strict=True)) == {
        "load": "stable",
        "short": "not calibrated",
        "label": "outcomes not judged",
    }


def test_outcomes_are_judged_though_the_features_are_too_few_for_a_page(tmp_path: Path) -> None:
    report = compare_with_outcomes(side(20, load=0.3), side(350, shift=1.0, label=0.3), DAY, 3, tmp_path / "page.html")
    assert report.html is None
    assert not (tmp_path / "page.html").exists()
    assert report.rows["verdict"].tolist() == ["too few rows", "drift"]


def test_a_report_that_is_made_again_of_too_few_rows_leaves_no_page_of_the_one_before(tmp_path: Path) -> None:
    page_of(tmp_path, side(350, label=0.3))
    again = compare_with_outcomes(side(20, load=0.3), side(350, label=0.3), DAY, 3, tmp_path / "page.html")
    assert again.html is None
    assert not (tmp_path / "page.html").exists()


def test_a_window_without_any_reading_links_no_page(tmp_path: Path) -> None:
    unread = side(400, load=0.3)
    unread.current["load"] = np.nan
    report = compare_with_outcomes(unread, side(0, label=0.3), DAY, 3, tmp_path / "page.html")
    assert report.verdict == "no readings"
    assert report.html is None


@pytest.mark.parametrize("rows", [400, 30_000])
def test_the_fast_way_gives_the_distances_of_evidently(rows: int) -> None:
    features, outcomes = side(rows, 0.2, load=0.3, predicted_wear=0.3), side(350, label=0.3)
    slow, fast = (compare_with_outcomes(features, outcomes, DAY, 3, measure=one) for one in (None, distances))
    pd.testing.assert_frame_equal(slow.rows, fast.rows, rtol=1e-6)


def test_a_page_cannot_be_had_the_fast_way(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pages are made by Evidently"):
        compare_with_outcomes(FEATURES, side(350, label=0.3), DAY, 3, tmp_path / "page.html", measure=distances)
