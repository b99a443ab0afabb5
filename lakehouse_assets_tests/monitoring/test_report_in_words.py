"""What a drift report says in a few words."""

import pytest

from lakehouse_assets.monitoring.report_in_words import report_in_words


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ({"s4": "stable", "s9": "stable"}, "stable"),
        ({"s4": "stable", "label": "outcomes not judged"}, "stable"),
        ({"s9": "stable", "mean_7": "not calibrated"}, "stable but for mean_7 (not calibrated)"),
        (
            {"s9": "too few rows", "mean_7": "not calibrated", "s4": "stable"},
            "stable but for mean_7 (not calibrated), s9 (too few rows)",
        ),
        ({"s4": "not calibrated", "label": "outcomes not judged"}, "not calibrated"),
        ({"s4": "not calibrated", "s9": "too few rows"}, "too few rows"),
        ({"label": "outcomes not judged"}, "too few rows"),
        ({"s9": "drift", "s4": "drift", "s1": "stable"}, "drift in s4, s9"),
        (
            {"s9": "drift", "s4": "nulls", "s1": "stuck", "s2": "not calibrated"},
            "nulls in s4; stuck in s1; drift in s9",
        ),
    ],
)
def test_it_names_what_is_wrong_first_and_what_could_not_be_judged_beside_what_is_stable(
    verdicts: dict[str, str], words: str
) -> None:
    assert report_in_words(verdicts) == words
