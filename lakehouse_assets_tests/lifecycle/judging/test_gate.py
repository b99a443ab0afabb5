"""The gate: what it lets through, what it refuses, and that it gives every reason."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.lifecycle.judging.evaluation import EVALUATION_COLUMNS, difference_table, of_role, score_table
from lakehouse_assets.lifecycle.judging.gate import Rules, decide
from lakehouse_assets_tests.lifecycle.judging.judged import MAE, predictions_of, rows_of

AT_MOST = Rules("mae", at_most=1.0)
NAN = float("nan")


def row(role: str, value: float, part: str = "all", low: float = NAN, high: float = NAN) -> dict[str, object]:
    version = {"candidate": 2, "champion": 1}.get(role)
    told = (role, version, "held_out", part, 500, 40, "mae", value, low, high, True)
    return dict(zip(EVALUATION_COLUMNS, told, strict=True))


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(EVALUATION_COLUMNS))


def measured(candidate: float, champion: float, half: float = 0.05) -> pd.DataFrame:
    off = candidate - champion
    return table(
        row("candidate", candidate), row("champion", champion), row("difference", off, "all", off - half, off + half)
    )


def test_a_first_candidate_has_only_the_bound_to_keep() -> None:
    verdict = decide(table(row("candidate", 0.9)), AT_MOST, 2, None)
    assert (verdict.promoted, verdict.action, verdict.failures) == (True, "promote", ())
    assert verdict.reason == "mae 0.900 keeps the bound at most 1, and there is no champion to compare with"
    refused = decide(table(row("candidate", 1.1)), AT_MOST, 2, None)
    assert (refused.promoted, refused.action) == (False, "refuse")
    assert refused.reason == "mae 1.100 does not keep the bound at most 1"


@pytest.mark.parametrize(
    ("candidate", "champion", "margin", "promoted"),
    [(0.80, 0.82, 0.0, True), (0.84, 0.80, 0.0, True), (0.90, 0.80, 0.0, False), (0.90, 0.80, 0.06, True)],
)
def test_a_candidate_may_be_worse_than_the_champion_only_within_doubt_and_margin(
    candidate: float, champion: float, margin: float, promoted: bool
) -> None:
    verdict = decide(measured(candidate, champion), Rules("mae", at_most=1.0, margin=margin), 2, 1)
    assert verdict.promoted is promoted
    assert (verdict.candidate_value, verdict.champion_value) == (candidate, champion)
    assert ("beyond what chance explains" in verdict.reason) is not promoted


def test_where_higher_is_better_worse_is_lower() -> None:
    rules = Rules("mae", at_least=0.5)
    assert decide(measured(0.90, 0.80), rules, 2, 1).promoted
    assert not decide(measured(0.70, 0.80), rules, 2, 1).promoted
    assert not decide(measured(0.49, 0.49), rules, 2, 1).promoted


def test_without_an_interval_any_worse_figure_is_refused() -> None:
    rows = table(row("candidate", 0.81), row("champion", 0.80), row("difference", 0.01))
    verdict = decide(rows, AT_MOST, 2, 1)
    assert not verdict.promoted
    assert "too few rows or groups" in verdict.reason


def test_a_slice_that_collapses_is_refused_though_the_whole_is_better() -> None:
    rows = [row("candidate", 0.7), row("champion", 0.8), row("difference", -0.1, "all", -0.2, 0.0)]
    rows += [row("candidate", 1.2, "quality=L"), row("champion", 0.8, "quality=L")]
    surely = row("difference", 0.4, "quality=L", 0.2, 0.6)
    verdict = decide(table(*rows, surely), AT_MOST, 2, 1)
    assert verdict.reason == "mae collapses in slice quality=L: 1.200 against the champion's 0.800"
    by_chance = row("difference", 0.4, "quality=L", -0.1, 0.9)
    assert decide(table(*rows, by_chance), AT_MOST, 2, 1).promoted
    assert decide(table(*rows, surely), Rules("mae", at_most=1.0, slice_tolerance=0.6), 2, 1).promoted


def test_a_slice_that_the_candidate_leaves_undefined_collapses() -> None:
    rows = [row("candidate", 0.7), row("champion", 0.8), row("difference", -0.1, "all", -0.2, 0.0)]
    rows += [row("candidate", NAN, "quality=L"), row("champion", 0.8, "quality=L"), row("difference", NAN, "quality=L")]
    assert "quality=L: nan" in decide(table(*rows), AT_MOST, 2, 1).reason


def test_a_champion_that_reads_other_features_cannot_be_asked_and_the_bound_alone_decides() -> None:
    verdict = decide(table(row("candidate", 0.9)), AT_MOST, 2, 1)
    assert verdict.promoted
    assert "champion 1 cannot be asked on these features" in verdict.reason
    assert verdict.champion_value is None


@pytest.mark.parametrize(("rows", "why"), [(table(row("candidate", NAN)), "not define"), (table(), "no row")])
def test_a_metric_that_is_unknown_is_refused(rows: pd.DataFrame, why: str) -> None:
    for champion in (None, 1):
        verdict = decide(rows, AT_MOST, 2, champion)
        assert not verdict.promoted
        assert why in verdict.reason


def test_all_reasons_are_given_and_not_just_the_first() -> None:
    verdict = decide(measured(1.3, 0.8), AT_MOST, 2, 1, "ModuleNotFoundError: lightgbm", "it alarmed all night")
    assert len(verdict.failures) == 4
    assert verdict.reason == "; ".join(verdict.failures)
    for word in ("does not keep the bound", "worse than the champion", "lightgbm", "rolled back from before"):
        assert word in verdict.reason


def test_a_dry_run_says_what_it_would_do_and_promotes_nothing() -> None:
    rules = Rules("mae", at_most=1.0, mode="dry_run")
    good = decide(measured(0.7, 0.8), rules, 2, 1)
    assert (good.promoted, good.action, good.failures) == (False, "dry_run", ())
    assert good.reason.startswith("dry run, would be promoted: mae 0.700 keeps")
    assert decide(measured(1.7, 0.8), rules, 2, 1).reason.startswith("dry run, would be refused: mae 1.700")


def test_a_gate_that_is_off_promotes_nothing_and_says_so() -> None:
    verdict = decide(measured(0.7, 0.8), Rules("mae", at_most=1.0, mode="off"), 2, 1)
    assert (verdict.promoted, verdict.action) == (False, "refuse")
    assert verdict.reason.startswith("the gate is off, so nothing is promoted; on, this would be promoted")


def test_the_champion_itself_is_held_to_the_bound_only() -> None:
    verdict = decide(table(row("candidate", 0.9), row("champion", 0.9)), AT_MOST, 2, 2)
    assert verdict.promoted
    assert "is the champion already" in verdict.reason


def test_rows_that_do_not_decide_are_not_looked_at() -> None:
    other = row("candidate", 5.0) | {"data": "published", "decides": False}
    assert decide(table(other, row("candidate", 0.9)), AT_MOST, 2, None).promoted


def test_rules_with_no_bound_or_two_or_an_unknown_mode_are_refused() -> None:
    for bounds in ({}, {"at_most": 1.0, "at_least": 1.0}):
        with pytest.raises(ValueError, match="exactly one bound"):
            Rules("mae", **bounds)
    with pytest.raises(ValueError, match="'maybe'; expected on"):
        Rules("mae", at_most=1.0, mode="maybe")


@given(st.floats(0, 2), st.floats(0, 2), st.floats(0, 2), st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_better_candidate_is_never_refused_where_a_worse_one_is_promoted(
    one: float, other: float, champion: float, half: float, margin: float
) -> None:
    better, worse = sorted((one, other))
    rules = Rules("mae", at_most=1.0, margin=margin)
    if decide(measured(worse, champion, half), rules, 2, 1).promoted:
        assert decide(measured(better, champion, half), rules, 2, 1).promoted


def test_the_gate_reads_what_the_evaluation_writes() -> None:
    rows = rows_of(900)

    def evaluation(candidate: float, in_slice: float) -> pd.DataFrame:
        error = np.where(rows["quality"].eq("L"), in_slice, candidate)
        new, old = predictions_of(rows, error, 1), predictions_of(rows, 0.8, 2)
        told = (rows["label"], rows, {"mae": MAE}, ["quality"], rows["unit"])
        difference = difference_table(new, old, rows["label"], rows, "mae", MAE, ["quality"], rows["unit"])
        parts = [
            of_role(score_table(new, *told), "candidate", 2, "held_out", "mae"),
            of_role(score_table(old, *told), "champion", 1, "held_out", "mae"),
            of_role(difference, "difference", 2, "held_out", "mae"),
        ]
        return pd.concat(parts, ignore_index=True)

    assert decide(evaluation(0.5, 0.5), AT_MOST, 2, 1).promoted
    worse = decide(evaluation(1.2, 1.2), AT_MOST, 2, 1)
    assert ["worse than the champion" in one for one in worse.failures] == [True, False, False]
    assert all("collapses in slice" in one for one in worse.failures[1:])
    assert math.isclose(worse.champion_value or 0, 0.64, abs_tol=0.05)
    one_slice = decide(evaluation(0.3, 1.3), AT_MOST, 2, 1)
    assert [one.split(":")[0] for one in one_slice.failures] == ["mae collapses in slice quality=L"]
