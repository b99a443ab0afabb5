"""Whether to train again, for each of the cases that make such systems fire twice or never again."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from lakehouse_assets.monitoring.deciding.decision import Decision, worth_a_row
from lakehouse_assets.monitoring.deciding.history import FAILED, SUCCEEDED, TERMINATED, UNDER_WAY, Training
from lakehouse_assets_tests.monitoring.deciding.decision_cases import (
    DRIFTED,
    FIRST,
    KEY,
    NOW,
    POLICY,
    asked,
    decisions,
    history,
    realised,
    reports,
)


def test_nothing_is_decided_before_a_model_serves_or_a_report_is_there() -> None:
    assert asked(history(champion=None)).reason == "nothing serves yet"
    assert asked(history()).reason == "no report against champion 1 yet"


def test_a_column_that_drifts_in_two_of_three_reports_and_now_asks_for_one_run() -> None:
    decision = asked(history(reports("drift", "stable", "drift")))
    assert (decision.decision, decision.trigger, decision.run_key) == ("retrain", "drift", KEY)
    assert decision.reason == "drift in t50 since 2024-05-01 against champion 1: train again"


@pytest.mark.parametrize("verdicts", [("drift",), ("drift", "drift", "stable"), ("drift", "drift", "too few rows")])
def test_one_report_or_drift_that_is_not_there_now_waits(verdicts: tuple[str, ...]) -> None:
    decision = asked(history(reports(*verdicts)))
    assert (decision.decision, decision.run_key) == ("wait", None)


def test_two_columns_that_drift_once_each_are_not_one_that_drifts_twice() -> None:
    both = pd.concat([reports("drift", "stable"), reports("stable", "drift", column="t30")])
    assert asked(history(both)).decision == "wait"


def test_predictions_that_cannot_be_judged_yet_hold_back_no_retraining_and_are_no_fault() -> None:
    few = reports(*["predictions not judged"] * 2, column="wear")
    quiet = asked(history(pd.concat([reports("stable", "stable"), few])))
    assert (quiet.decision, quiet.reason) == ("wait", "not judged: wear")
    assert asked(history(pd.concat([reports("drift", "drift"), few]))).decision == "retrain"


def test_the_same_report_twice_is_one_report() -> None:
    assert asked(history(pd.concat([reports("drift")] * 2))).decision == "wait"


def test_the_same_history_gives_the_same_key_in_whatever_order_its_days_are_told() -> None:
    assert asked(history(DRIFTED.iloc[::-1])).run_key == asked(history(DRIFTED)).run_key == KEY


def test_a_decision_without_a_run_asks_under_its_key_again() -> None:
    first = asked(history(DRIFTED))
    later = asked(history(reports("drift", "drift", "drift"), made=(first,)))
    assert (later.decision, later.run_key) == ("retrain", KEY)


def test_a_training_under_way_blocks_and_so_does_one_that_a_person_started() -> None:
    for training in (Training("r1", UNDER_WAY, KEY), Training("r1", UNDER_WAY)):
        decision = asked(history(DRIFTED, made=(asked(history(DRIFTED)),), trainings=(training,)))
        assert (decision.decision, decision.run_key) == ("blocked", None)


def test_an_episode_is_known_by_its_run_alone_should_the_decisions_be_lost() -> None:
    refused = Training("r1", SUCCEEDED, KEY, NOW, promoted=False, day=date(2024, 5, 2))
    assert asked(history(reports(*["drift"] * 9), trainings=(refused,))).decision == "investigate"


def test_a_single_stable_report_ends_no_episode() -> None:
    first = asked(history(DRIFTED))
    refused = Training("r1", SUCCEEDED, KEY, NOW, promoted=False, day=first.day)
    flickering = reports("drift", "drift", *["stable", "drift", "drift"] * 4)
    decision = asked(history(flickering, made=(first,), trainings=(refused,)))
    assert (decision.decision, decision.since) == ("investigate", FIRST)


def test_a_second_and_different_drift_later_asks_anew_after_the_doubled_cool_down() -> None:
    first = asked(history(DRIFTED))
    refused = Training("r1", SUCCEEDED, KEY, NOW, promoted=False, day=first.day)

    def with_second(days: int) -> Decision:
        other = reports(*["stable"] * (days - 2), "drift", "drift", column="t30")
        return asked(history(pd.concat([reports(*["drift"] * days), other]), made=(first,), trainings=(refused,)))

    assert with_second(8).decision == "wait"
    assert "cool-down until 2024-05-16, doubled 1 times" in with_second(8).reason
    later = with_second(16)
    assert (later.decision, later.run_key) == ("retrain", "pumps-champion-1-drift-since-2024-05-15")


def test_a_refusal_against_an_earlier_champion_doubles_no_cool_down() -> None:
    first = asked(history(DRIFTED))
    refused = Training("r1", SUCCEEDED, KEY, NOW, promoted=False, day=first.day)
    for days, said in ((5, "wait"), (10, "retrain")):
        against_the_second = reports(*["drift"] * days, model=2)
        known = history(against_the_second, made=(first,), trainings=(refused,), champion=2)
        assert asked(known).decision == said, asked(known).reason


def test_the_same_column_asks_anew_after_a_calm_stretch() -> None:
    first = asked(history(DRIFTED))
    refused = Training("r1", SUCCEEDED, KEY, NOW, promoted=False, day=first.day)
    verdicts = ["drift", "drift", *["stable"] * 14, "drift", "drift"]
    decision = asked(history(reports(*verdicts), made=(first,), trainings=(refused,)))
    assert (decision.decision, decision.run_key) == ("retrain", "pumps-champion-1-drift-since-2024-05-17")


def test_a_new_champion_is_not_judged_by_the_reports_against_the_last() -> None:
    both = pd.concat([DRIFTED, reports("stable", model=2, start=date(2024, 5, 3))])
    assert asked(history(both, champion=2)).decision == "wait"


def test_a_failed_run_is_tried_again_with_back_off_and_then_left_to_people() -> None:
    first = asked(history(DRIFTED))
    made, trainings, at = [first], [Training("r1", FAILED, KEY, NOW)], NOW

    def now(hours: float) -> Decision:
        known = history(DRIFTED, made=tuple(made), trainings=tuple(trainings))
        return asked(known, now=at + timedelta(hours=hours))

    assert now(0.9).decision == "wait"
    second = now(1)
    assert (second.decision, second.run_key, second.attempt) == ("retrain", f"{KEY}-try-2", 2)
    made.append(second)
    assert now(1).run_key == second.run_key, "asked for and not yet run: the same key"
    trainings.append(Training("r2", FAILED, second.run_key, NOW))
    assert now(1.9).decision == "wait"
    third = now(2)
    assert third.run_key == f"{KEY}-try-3"
    made.append(third)
    trainings.append(Training("r3", FAILED, third.run_key, NOW))
    assert now(100).decision == "investigate"
    assert "failed 3 times" in now(100).reason


def test_a_failed_run_of_which_nobody_knows_when_it_ended_is_tried_again_and_not_for_ever() -> None:
    for attempt in (1, 2, 3):
        key = KEY if attempt == 1 else f"{KEY}-try-{attempt}"
        # The runs before it were deleted, and the decisions lost.
        decision = asked(history(DRIFTED, trainings=(Training("r", FAILED, key, None, day=date(2024, 5, 2)),)))
        expected = ("retrain", f"{KEY}-try-{attempt + 1}") if attempt < 3 else ("investigate", None)
        assert (decision.decision, decision.run_key) == expected


def test_what_a_person_terminated_is_left_to_people_until_its_episode_is_over() -> None:
    stopped = Training("r1", TERMINATED, KEY, NOW, day=date(2024, 5, 2))
    decision = asked(history(reports(*["drift"] * 60), trainings=(stopped,)))
    assert (decision.decision, decision.run_key) == ("investigate", None)
    assert decision.reason.endswith(f"({KEY}) was terminated by a person; ask for it by retrain_now")
    anew = asked(history(reports("drift", "drift", *["stable"] * 30, "drift", "drift"), trainings=(stopped,)))
    assert (anew.decision, anew.run_key) == ("retrain", "pumps-champion-1-drift-since-2024-06-02")


def test_a_sensor_that_was_off_for_a_week_asks_once_for_what_is_so_now() -> None:
    week = reports("stable", *["drift"] * 7)
    first = asked(history(week))
    assert first.run_key == "pumps-champion-1-drift-since-2024-05-02"
    assert asked(history(week, made=(first,))).run_key == first.run_key
    over = reports("stable", *["drift"] * 4, "stable", "stable", "stable")
    assert asked(history(over)).decision == "wait"


def test_too_few_new_rows_wait() -> None:
    policy = replace(POLICY, least_new_rows=500)
    assert asked(history(DRIFTED, new_rows=499), policy).reason.endswith("499 new rows to learn from, 500 are needed")
    assert asked(history(DRIFTED, new_rows=500), policy).decision == "retrain"


def test_lost_performance_outranks_drift_and_has_a_shorter_cool_down() -> None:
    worse = realised("worse than expected", "worse than expected")
    decision = asked(history(DRIFTED, worse))
    assert (decision.trigger, decision.run_key) == ("performance", "pumps-champion-1-performance-since-2024-05-01")
    by_hand = Training("r0", SUCCEEDED, None, NOW, True, date(2024, 4, 29))
    assert asked(history(DRIFTED, worse, trainings=(by_hand,))).decision == "retrain"
    assert asked(history(DRIFTED, trainings=(by_hand,))).decision == "wait"


def test_the_week_has_a_budget() -> None:
    by_hand = tuple(Training(f"r{day}", SUCCEEDED, None, NOW, True, date(2024, 4, day)) for day in (26, 28))
    worse = realised("worse than expected", "worse than expected")
    decision = asked(history(loss=worse, trainings=by_hand))
    assert (decision.decision, "budget" in decision.reason) == ("wait", True)
    assert asked(history(loss=worse, trainings=by_hand[:1])).decision == "retrain"


@pytest.mark.parametrize("fault", ["stuck", "unit change", "nulls", "no readings", "out of range"])
def test_a_fault_of_the_data_is_looked_into_whatever_drifts_beside_it(fault: str) -> None:
    worse = realised("worse than expected", "worse than expected")
    decision = asked(history(pd.concat([DRIFTED, reports("stable", fault, column="t30")]), worse))
    assert (decision.decision, decision.run_key) == ("investigate", None)
    assert f"t30 ({fault})" in decision.reason


def test_a_policy_may_look_at_one_of_the_two_alone() -> None:
    worse = realised("worse than expected", "worse than expected")
    assert asked(history(DRIFTED, worse), replace(POLICY, on_performance=False)).trigger == "drift"
    assert asked(history(DRIFTED), replace(POLICY, on_drift=False)).decision == "wait"


def test_a_decision_is_a_row_once_until_something_changes() -> None:
    first = asked(history(DRIFTED))
    assert worth_a_row(first, decisions())
    assert not worth_a_row(replace(first, decided_at=NOW + timedelta(minutes=5)), decisions(first))
    assert worth_a_row(replace(first, day=date(2024, 5, 3)), decisions(first))


def test_much_more_data_asks_once_for_a_champion_and_only_where_a_policy_wants_it() -> None:
    calm = realised("as expected", "as expected")
    quarter = replace(POLICY, on_more_data=0.25)
    known = replace(history(loss=calm, new_rows=250), learned_rows=1000)
    assert asked(known).decision == "wait"
    assert asked(replace(known, new_rows=249), quarter).decision == "wait"
    first = asked(known, quarter)
    assert (first.trigger, first.run_key) == ("data", "pumps-champion-1-data-since-2024-05-01")
