"""One decision to train is one run, whatever happens between, before and after the looks of the sensor."""

import shutil

import dagster as dg
import pytest

from lakehouse_assets_tests.use_case.retraining.ticks import FAILED, KEY, Ticks, training


def test_a_look_at_what_was_decided_on_already_reads_nothing_anew(wear: Ticks) -> None:
    wear.report()
    wear.tick()
    wear.tick()
    assert wear.said[-1] == "nothing new since wait: nothing drifts"
    wear.report_again(load="stuck")
    wear.tick()
    assert "the data are at fault" in wear.said[-1]


def test_a_daemon_that_is_started_anew_asks_for_nothing_twice(wear: Ticks) -> None:
    wear.drift(2)
    for _ in range(3):
        wear.restart()
        assert wear.drift(1) == []
    assert wear.keys() == [KEY]


def test_a_lost_cursor_asks_for_nothing_twice(wear: Ticks) -> None:
    wear.drift(3)
    wear.cursor = None
    assert wear.tick() == []
    wear.cursor = None
    wear.end(wear.runs()[0].run_id)
    assert wear.tick() == []
    assert wear.keys() == [KEY]


def test_a_daemon_that_dies_before_it_starts_the_run_asks_again_for_the_same(wear: Ticks) -> None:
    wear.drift(1)
    wear.report(load="drift")
    found = wear.look()
    assert isinstance(found, dg.SensorResult)
    assert wear.rows()["decision"].tolist()[-1] == "retrain"
    assert wear.keys() == []
    wear.cursor = found.cursor
    assert len(wear.tick()) == 1
    assert wear.keys() == [KEY]


def test_a_daemon_that_dies_before_it_keeps_the_cursor_asks_for_nothing_more(wear: Ticks) -> None:
    wear.drift(1)
    wear.report(load="drift")
    found = wear.look()
    assert isinstance(found, dg.SensorResult)
    for request in found.run_requests or []:
        wear.start(request)
    assert wear.tick() == []
    assert wear.keys() == [KEY]


def test_a_lost_table_of_decisions_asks_for_nothing_twice(wear: Ticks) -> None:
    (run,) = wear.drift(2)
    wear.end(run)
    wear.decided("refuse", 2, run, promoted=False)
    shutil.rmtree(wear.lake.table_uri(["monitoring", "wear", "decisions"]))
    assert wear.drift(5) == []
    assert wear.keys() == [KEY]


def test_the_same_report_made_again_asks_for_nothing_more(wear: Ticks) -> None:
    (run,) = wear.drift(2)
    for _ in range(3):
        wear.report_again(load="drift")
        assert wear.tick() == []
    wear.end(run)
    wear.report_again(load="drift")
    assert wear.tick() == []


def test_a_second_and_different_drift_asks_for_a_run_of_its_own_when_the_pause_is_over(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {cool_down_days: 3}\n  gate:"})
    (run,) = wear.drift(2)
    wear.end(run)
    wear.decided("refuse", 2, run, promoted=False)
    started = wear.drift(8, columns=("load", "mean_load"))
    assert len(started) == 1
    assert wear.keys() == [KEY, "wear-champion-1-drift-since-2024-05-04"]
    waited = wear.rows()["reason"]
    assert waited.str.contains("cool-down until 2024-05-09, doubled 1 times").any()


def test_drift_during_a_retraining_waits_for_its_end(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {cool_down_days: 3}\n  gate:"})
    (run,) = wear.drift(2)
    assert wear.drift(4, columns=("mean_load",)) == []
    assert "a training is under way" in wear.rows()["reason"].tolist()[-1]
    wear.end(run)
    assert len(wear.drift(1, columns=("mean_load",))) == 1


def test_a_training_that_somebody_started_holds_the_next_one_back(wear: Ticks) -> None:
    by_hand = wear.instance.create_run_for_job(training, status=dg.DagsterRunStatus.STARTED).run_id
    assert wear.drift(3) == []
    assert wear.rows()["decision"].tolist()[-1] == "blocked"
    wear.end(by_hand)
    assert len(wear.tick()) == 1


def test_a_failed_retraining_is_tried_again_when_its_pause_is_over_and_not_for_ever(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {attempts: 3, retry_hours: 0}\n  gate:"})
    (run,) = wear.drift(2)
    for attempt in (2, 3):
        wear.end(run, FAILED)
        (run,) = wear.tick()
        assert wear.keys()[-1] == f"{KEY}-try-{attempt}"
        assert wear.tick() == []
    wear.end(run, FAILED)
    assert wear.tick() == []
    assert wear.drift(5) == []
    assert wear.rows()["decision"].tolist()[-1] == "investigate"
    assert "failed 3 times" in wear.rows()["reason"].tolist()[-1]


def test_until_then_a_failed_retraining_waits(wear: Ticks) -> None:
    (run,) = wear.drift(2)
    wear.end(run, FAILED)
    assert wear.tick() == []
    assert "its retraining failed" in wear.said[-1]
    assert wear.keys() == [KEY]


def test_a_run_that_dagster_starts_again_in_place_of_a_dead_one_is_the_same_try(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {retry_hours: 0}\n  gate:"})
    (run,) = wear.drift(2)
    wear.instance.add_run_tags(run, {"dagster/will_retry": "true"})
    wear.end(run, FAILED)
    assert wear.tick() == [], "Dagster starts it again itself"
    first = wear.instance.get_run_by_id(run)
    assert first is not None
    again = wear.instance.create_run_for_job(
        training,
        tags={**first.tags, "dagster/will_retry": "false"},
        root_run_id=run,
        parent_run_id=run,
        status=dg.DagsterRunStatus.STARTED,
    ).run_id
    assert wear.tick() == []
    wear.end(again, FAILED)
    wear.tick()
    assert sorted(set(wear.keys())) == [KEY, f"{KEY}-try-2"]


def test_a_sensor_that_was_off_for_a_week_asks_once_for_what_is_still_so(wear: Ticks) -> None:
    for _ in range(7):
        wear.report(load="drift")
    assert len(wear.tick()) == 1
    assert wear.drift(3) == []
    assert wear.keys() == [KEY]


def test_a_sensor_that_was_off_for_a_week_leaves_what_is_over(wear: Ticks) -> None:
    for verdict in ("drift", "drift", "drift", "stable", "stable", "stable"):
        wear.report(load=verdict)
    assert wear.tick() == []


@pytest.mark.parametrize("cursor", ["{}", "no cursor of ours", '{"tables": 3, "runs": [], "policy": "", "at": "x"}'])
def test_a_cursor_of_another_version_is_as_good_as_lost(wear: Ticks, cursor: str) -> None:
    wear.drift(1)
    wear.cursor = cursor
    assert len(wear.drift(1)) == 1
