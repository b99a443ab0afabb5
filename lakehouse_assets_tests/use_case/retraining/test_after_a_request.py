"""What a request that was made, lost or in vain means for those after it."""

import shutil
from datetime import timedelta

import pytest
from dagster._core.events import DagsterEventType
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunsTable

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


def test_what_was_refused_is_known_and_tried_again_in_time_though_its_run_was_deleted(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {cool_down_days: 3}\n  gate:"})
    (run,) = wear.drift(2)
    wear.tick()
    refused(wear, run)
    wear.instance.delete_run(run)
    assert wear.drift(5) == []
    last = wear.rows().iloc[-1]
    assert last["decision"] == "investigate"
    assert f"{KEY} was refused; there is more to learn of it now" in last["reason"]
    assert "cool-down until 2024-05-09, doubled 1 times" in last["reason"]
    assert len(wear.drift(1)) == 1
    assert wear.keys() == ["wear-champion-1-drift-since-2024-05-09"]


def test_what_came_of_a_run_that_was_deleted_before_the_gate_spoke_nobody_knows(wear: Ticks) -> None:
    (run,) = wear.drift(2)
    wear.tick()
    wear.end(run, FAILED)
    wear.instance.delete_run(run)
    assert wear.drift(5) == []
    assert f"({KEY}) was known, and its run is gone; ask for it by retrain_now" in wear.rows().iloc[-1]["reason"]


def test_a_run_that_a_person_terminated_is_not_tried_again_and_a_later_drift_asks_anew(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {retry_hours: 0, cool_down_days: 3}\n  gate:"})
    (run,) = wear.drift(2)
    wear.cancel(run)
    assert wear.tick() == []
    assert wear.drift(20) == []
    last = wear.rows().iloc[-1]
    assert last["decision"] == "investigate"
    assert f"its retraining ({KEY}) was terminated by a person; ask for it by retrain_now" in last["reason"]
    for _ in range(3):
        wear.report()
    assert wear.tick() == []
    assert wear.rows().iloc[-1]["decision"] == "wait"
    assert len(wear.drift(2)) == 1


def test_a_run_that_was_stopped_for_running_too_long_failed_and_is_tried_again(wear: Ticks) -> None:
    """Dagster terminates it as a person does, with other words."""
    wear.shop.change({"  gate:": "  retraining: {retry_hours: 0}\n  gate:"})
    (run,) = wear.drift(2)
    wear.cancel(run, "Canceling due to exceeding maximum runtime of 43200 seconds.")
    (again,) = wear.tick()
    assert wear.keys() == [KEY, f"{KEY}-try-2"]
    wear.cancel(again)
    assert wear.tick() == []
    assert "was terminated by a person" in wear.rows().iloc[-1]["reason"]


def test_a_run_whose_process_was_told_to_end_by_nobody_is_tried_again(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {retry_hours: 0}\n  gate:"})
    (run,) = wear.drift(2)
    wear.end(run, DagsterEventType.RUN_CANCELED)
    assert len(wear.tick()) == 1


def test_a_try_is_asked_for_under_a_key_that_no_run_has_though_decisions_and_first_run_are_gone(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {retry_hours: 0}\n  gate:"})
    (first,) = wear.drift(2)
    wear.end(first, FAILED)
    (second,) = wear.tick()
    wear.end(second, FAILED)
    shutil.rmtree(wear.lake.table_uri(["monitoring", "wear", "decisions"]))
    wear.instance.delete_run(first)
    (third,) = wear.tick()
    assert wear.keys() == [f"{KEY}-try-2", f"{KEY}-try-3"]
    wear.end(third, FAILED)
    assert wear.tick() == []
    assert "failed 3 times" in wear.rows().iloc[-1]["reason"]


def test_a_failed_run_whose_end_was_not_written_down_is_tried_again(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {retry_hours: 0}\n  gate:"})
    (run,) = wear.drift(2)
    wear.end(run, FAILED)
    storage = wear.instance.run_storage
    assert isinstance(storage, SqlRunStorage)
    with storage.connect() as connection:
        connection.execute(RunsTable.update().where(RunsTable.c.run_id == run).values(end_time=None))
    assert len(wear.tick()) == 1


def told(wear: Ticks) -> list[str]:
    """The decisions since the first that wanted something looked into."""
    found = wear.rows()["decision"].tolist()
    return found[found.index("investigate") :]


def test_what_is_to_be_looked_into_is_told_once_for_each_episode_though_it_flickers(wear: Ticks) -> None:
    (run,) = wear.drift(2)
    refused(wear, run)
    wear.tick()
    for verdict in ("stable", "drift", "stable", "stable", "drift", "too few rows", "drift"):
        wear.report(load=verdict)
        wear.tick()
    assert set(told(wear)) == {"investigate"}
    assert wear.rows().iloc[-2]["reason"].endswith("; it is over after 3 calm reports in a row")
    for _ in range(3):
        wear.report()
        wear.tick()
    assert told(wear)[-2:] == ["investigate", "wait"]


def test_another_signal_that_waits_ends_no_investigation(wear: Ticks) -> None:
    (run,) = wear.drift(2)
    refused(wear, run)
    wear.tick()
    for other in ("drift", "drift", "stable", "drift"):
        wear.report(load="drift", mean_load=other)
        wear.tick()
    assert set(told(wear)) == {"investigate"}
    last = wear.rows().iloc[-1]["reason"]
    assert f"its retraining ({KEY}) did not help" in last or f"{KEY} was refused" in last
    assert "drift in load, mean_load since 2024-05-04 against champion 1: the last retraining was on" in last


def test_a_fault_that_flickers_is_told_once(wear: Ticks) -> None:
    for verdict in ("stuck", "stable", "stuck", "stable", "stable"):
        wear.report(load=verdict)
        assert wear.tick() == []
    assert set(told(wear)) == {"investigate"}
    assert wear.rows().iloc[-1]["reason"] == "the data were at fault: load (stuck); it is over after 3 reports without"
    wear.report()
    wear.tick()
    assert wear.rows().iloc[-1]["decision"] == "wait"


def test_one_flagged_report_before_an_outage_of_weeks_and_one_after_it_ask_for_nothing(wear: Ticks) -> None:
    wear.drift(1)
    wear.day += timedelta(days=60)
    assert wear.drift(1) == []
    assert wear.rows().iloc[-1]["decision"] == "wait"


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
