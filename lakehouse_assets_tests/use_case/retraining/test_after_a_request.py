"""What a request that was made, lost or in vain means for those after it."""

import pytest

from lakehouse_assets_tests.use_case.retraining.ticks import FAILED, KEY, Ticks, training


def refused(wear: Ticks, run: str) -> None:
    wear.end(run)
    wear.decided("refuse", 2, run, promoted=False)


def test_lost_performance_that_no_training_helps_hides_no_later_drift(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {cool_down_days: 3, loss_cool_down_days: 30}\n  gate:"})
    for _ in range(2):
        wear.report(realised="worse than expected")
        runs = wear.tick()
    refused(wear, runs[0])
    for _ in range(10):
        wear.report(realised="worse than expected", load="drift")
        wear.tick()
    assert wear.keys() == [
        "wear-champion-1-drift-since-2024-05-04",
        "wear-champion-1-performance-since-2024-05-02",
    ]


def test_drift_that_no_training_helps_hides_nothing_new_to_learn_from(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {on_more_data: 0.5, cool_down_days: 3}\n  gate:"})
    (run,) = wear.drift(2)
    refused(wear, run)
    wear.outcomes(1000)
    assert len(wear.drift(10)) == 1
    assert wear.keys()[0].startswith("wear-champion-1-data-since-")


def test_two_signals_that_began_on_one_day_and_were_asked_for_apart_get_a_run_each(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {cool_down_days: 3}\n  gate:"})
    wear.report(load="drift", mean_load="drift")
    wear.tick()
    wear.report(load="drift", mean_load="stable")
    (run,) = wear.tick()
    refused(wear, run)
    started = wear.drift(9, columns=("load", "mean_load"))
    assert len(started) == 1
    assert len(wear.keys()) == len(set(wear.keys())) == 2


def test_a_request_of_an_earlier_day_that_never_ran_holds_nothing_back(wear: Ticks) -> None:
    wear.drift(1)
    wear.report(load="drift")
    wear.look()  # and the daemon dies: a row, and no run
    for _ in range(3):
        wear.report()
        wear.tick()
    assert wear.keys() == []
    assert len(wear.drift(2, columns=("mean_load",))) == 1


@pytest.mark.parametrize("ends", ["failed", "refused"])
def test_a_training_by_hand_that_changed_nothing_holds_nothing_back(wear: Ticks, ends: str) -> None:
    by_hand = wear.instance.create_run_for_job(training, tags={"retraining_day": "2024-05-01"}).run_id
    if ends == "failed":
        wear.end(by_hand, FAILED)
    else:
        refused(wear, by_hand)
    assert len(wear.drift(2)) == 1


def test_a_run_that_was_deleted_is_not_asked_for_again(wear: Ticks) -> None:
    (run,) = wear.drift(2)
    wear.tick()
    refused(wear, run)
    wear.drift(1)
    wear.instance.delete_run(run)
    assert wear.drift(5) == []
    assert f"({KEY}) was known, and its run is gone" in wear.rows()["reason"].tolist()[-1]


def test_drift_of_a_report_long_ago_asks_for_nothing_today(wear: Ticks) -> None:
    wear.drift(1)
    wear.report(load="drift")
    # From here on no drift report is made any more; the performance goes on being measured.
    for _ in range(20):
        wear.measure()
    assert wear.tick() == []
    last = wear.rows().iloc[-1]
    assert last["decision"] == "wait"
    assert last["reason"] == "no drift report of the last 7 days tells anything"


def test_a_fault_of_a_report_long_ago_hides_no_lost_performance(wear: Ticks) -> None:
    wear.report(load="stuck")
    for _ in range(20):
        wear.measure("worse than expected")
    assert len(wear.tick()) == 1
