"""What the sensor sees of a real Dagster instance: runs, checks, freshness and decisions, each told once."""

import importlib
import pkgutil
from datetime import UTC, datetime
from unittest import mock

import dagster as dg
import pyarrow as pa
import pytest
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange
from dagster._core.test_utils import create_run_for_test

import lakehouse_assets
from lakehouse_assets.defs.platform import repairs
from lakehouse_assets.lake.errors import RequestRefusedError
from lakehouse_assets.monitoring.deciding.history import RETRAINING_REASON
from lakehouse_assets.operations.alerts.book import INCIDENTS
from lakehouse_assets.operations.alerts.seen_runs import REFUSALS
from lakehouse_assets.operations.asset_graph import graph_of
from lakehouse_assets.operations.lost_retries import report_again
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, RAW, Platform


def test_a_night_without_trouble_tells_nothing(platform: Platform) -> None:
    assert platform.night()
    assert platform.tick() == []
    assert not platform.lake.exists(INCIDENTS)


def test_a_failed_run_is_told_once_and_over_when_the_job_succeeds_for_that_day(platform: Platform) -> None:
    BROKEN.add("clean")
    assert not platform.night()
    assert not platform.night()
    assert platform.tick() == ["a_nightly 2024-03-05: run failed"]
    body = platform.told.messages[-1]["message"]
    assert "harmonized__a__rows: ValueError: torn" in body
    assert "Downstream of it: monitoring/u/drift" in body
    BROKEN.clear()
    assert platform.night("2024-03-06")
    assert platform.tick() == []
    assert platform.night()
    assert platform.tick() == ["Over: a_nightly 2024-03-05: run failed"]
    assert platform.tick() == []


@pytest.mark.parametrize("use_case", ["x y", ""])
def test_a_request_that_is_refused_is_told_to_who_asked_and_to_nobody_else(platform: Platform, use_case: str) -> None:
    for dry_run in (True, False):
        asked = {"use_case": use_case, "dry_run": dry_run, "who": "ann", "reason": "a slip"}
        job = platform.defs.resolve_job_def("retrain_now")
        with mock.patch.object(repairs, "graph", return_value=graph_of(platform.defs.resolve_asset_graph())):
            refused = job.execute_in_process(
                instance=platform.instance,
                run_config={"ops": {"retraining": {"config": asked}}},
                raise_on_error=False,
            )
        assert not refused.success
        assert platform.tick() == []


def test_every_refusal_is_known_by_its_name() -> None:
    for one in pkgutil.walk_packages(lakehouse_assets.__path__, "lakehouse_assets."):
        if not one.name.endswith("__main__"):
            importlib.import_module(one.name)
    assert {one.__name__ for one in RequestRefusedError.__subclasses__()} == REFUSALS


@pytest.mark.parametrize("cursor", ["{}", "no cursor of ours", '{"runs_after": "yesterday"}'])
def test_a_cursor_of_another_form_costs_one_look_and_stops_nothing(platform: Platform, cursor: str) -> None:
    BROKEN.add("clean")
    platform.night()
    platform.cursor = cursor
    assert platform.tick() == ["a_nightly 2024-03-05: run failed"]


def test_a_run_that_dagster_will_start_again_is_not_told(platform: Platform) -> None:
    BROKEN.add("clean")
    platform.night(**{"dagster/will_retry": "true"})
    assert platform.tick() == []


def test_a_run_that_nothing_can_start_again_is_told_though_it_was_seen_while_it_was_to_be(platform: Platform) -> None:
    started, tags = dg.DagsterRunStatus.STARTED, {"dagster/partition": "2024-03-05", "dagster/will_retry": "true"}
    run = create_run_for_test(platform.instance, "a_nightly", status=started, tags=tags)
    platform.instance.report_run_failed(run, "its process is gone")
    assert platform.tick() == []
    report_again(platform.instance, run)
    assert platform.tick() == ["a_nightly 2024-03-05: run failed"]
    assert platform.tick() == []


def test_a_password_in_an_error_is_not_told(platform: Platform) -> None:
    BROKEN.add("raw")
    platform.night()
    platform.tick()
    told = platform.told.messages[-1]["message"]
    assert "cannot open postgresql://bot:•••@db/x" in told
    assert "hunter22" not in told + repr(platform.lake.read(INCIDENTS).to_pylist())


def test_a_failed_check_fails_no_run_and_is_told_with_its_rows_for_its_day(platform: Platform) -> None:
    BROKEN.add("readable")
    assert platform.night()
    assert platform.tick() == ["raw/a/rows readable 2024-03-05: check failed"]
    body = platform.told.messages[-1]["message"]
    assert body.startswith("not kept: No line is torn.")
    assert "Rows concerned: 3" in body
    BROKEN.clear()
    platform.night("2024-03-06")
    assert platform.tick() == []  # the other day's rows are still torn
    platform.night()
    assert platform.tick() == ["Over: raw/a/rows readable 2024-03-05: check failed"]


@pytest.mark.parametrize(("broken", "what"), [("readable", "raw/a/rows readable"), ("clean", "a_nightly")])
def test_what_failed_for_several_days_is_over_once_when_each_of_them_was_repaired(
    platform: Platform, broken: str, what: str
) -> None:
    BROKEN.add(broken)
    platform.nights("2024-03-01", "2024-03-03")
    (began,) = platform.tick()
    assert began.startswith(f"{what} 2024-03-01 to 2024-03-03: ")
    BROKEN.clear()
    for day in ("2024-03-03", "2024-03-01"):
        platform.night(day)
        assert platform.tick() == []
    platform.night("2024-03-02")
    assert platform.tick() == [f"Over: {began}"]
    platform.cursor = None
    assert platform.tick() == []


def test_a_blocking_check_that_stops_its_run_is_one_incident_not_two(platform: Platform) -> None:
    BROKEN.add("must_hold")
    assert not platform.night()
    assert platform.tick() == ["raw/a/rows must_hold 2024-03-05: check failed"]


def test_drift_is_one_incident_however_many_days_it_lasts_and_over_on_the_first_day_without(
    platform: Platform,
) -> None:
    BROKEN.add("drift")
    for day in ("2024-03-05", "2024-03-06", "2024-03-07"):
        platform.night(day)
    assert platform.tick() == ["monitoring/u/drift no_drift: check failed"]
    BROKEN.clear()
    platform.night("2024-03-08")
    assert platform.tick() == ["Over: monitoring/u/drift no_drift: check failed"]


def test_a_retraining_is_told_with_its_reason_and_over_when_a_training_succeeded(platform: Platform) -> None:
    BROKEN.add("champion")
    platform.train(**{RETRAINING_REASON: "drift since 2024-03-05 in s4"})
    assert sorted(platform.tick()) == ["u: retraining asked for", "u_training: run failed"]
    assert any("drift since 2024-03-05 in s4." in one["message"] for one in platform.told.messages)
    BROKEN.clear()
    platform.train()
    assert sorted(platform.tick()) == ["Over: u: retraining asked for", "Over: u_training: run failed"]


def late(platform: Platform, state: FreshnessState) -> None:
    change = FreshnessStateChange(
        key=RAW,
        new_state=state,
        previous_state=FreshnessState.UNKNOWN,
        state_change_timestamp=datetime.now(UTC).timestamp(),
    )
    platform.instance._report_runless_asset_event(change)


def test_a_broken_promise_of_freshness_is_told_once_and_over_when_it_is_kept_again(platform: Platform) -> None:
    late(platform, FreshnessState.FAIL)
    assert platform.tick() == ["a: late"]
    assert platform.tick() == []
    late(platform, FreshnessState.PASS)
    assert platform.tick() == ["Over: a: late"]


def test_promotions_are_told_and_refusals_are_over_with_the_next_decision(platform: Platform) -> None:
    platform.decide("promote", 1, None, 1)
    assert platform.tick() == ["u: champion changed"]
    platform.decide("refuse", 2, 1, 1)
    assert platform.tick() == ["u candidate 2: candidate refused"]
    assert "rmse 12 above its bound 11; version 1 goes on serving." in platform.told.messages[-1]["message"]
    assert platform.tick() == []
    platform.decide("promote", 3, 1, 3)
    assert sorted(platform.tick()) == ["Over: u candidate 2: candidate refused", "u: champion changed"]


def decide_on_training(platform: Platform, decision: str, reason: str) -> None:
    from deltalake import write_deltalake

    row = {"decided_at": [datetime.now(UTC)], "decision": [decision], "reason": [reason]}
    write_deltalake(platform.lake.table_uri(["monitoring", "u", "decisions"]), pa.table(row), mode="append")


def test_what_a_person_has_to_look_into_is_told_once_and_over_when_it_is_decided_otherwise(platform: Platform) -> None:
    fault = "the data are at fault, not the model: t50 (stuck); mend the source, do not train on it"
    decide_on_training(platform, "wait", "nothing drifts")
    assert platform.tick() == []
    decide_on_training(platform, "investigate", fault)
    decide_on_training(platform, "investigate", f"{fault}, p30 (stuck)")
    assert platform.tick() == ["u: to be looked into"]
    body = platform.told.messages[-1]["message"]
    assert body.startswith(fault)
    assert "Asset page: http://127.0.0.1:3000/assets/monitoring/u/decisions" in body
    assert "What to do: http://127.0.0.1:3001/runbooks/investigate.html" in body
    assert (platform.reports / "runbooks" / "investigate.html").exists(), "the page that the message links to"
    assert platform.tick() == []
    decide_on_training(platform, "wait", "nothing drifts")
    assert platform.tick() == ["Over: u: to be looked into"]
    assert "decided since: wait: nothing drifts." in platform.told.messages[-1]["message"]
    platform.cursor = None
    assert platform.tick() == []
    decide_on_training(platform, "investigate", "its retraining failed 3 times")
    assert platform.tick() == ["u: to be looked into"]


def test_a_sensor_that_lost_its_cursor_tells_nothing_twice(platform: Platform) -> None:
    BROKEN.update({"clean", "readable"})
    platform.night()
    platform.decide("promote", 1, None, 1)
    late(platform, FreshnessState.FAIL)
    assert len(platform.tick()) == 4
    BROKEN.clear()
    platform.night()
    late(platform, FreshnessState.PASS)
    assert len(platform.tick()) == 3
    platform.cursor = None
    assert platform.tick() == []


def test_a_look_reads_the_events_only_of_runs_that_changed_since_the_last(platform: Platform) -> None:
    for day in ("2024-03-05", "2024-03-06", "2024-03-07"):
        platform.night(day)
    platform.tick()
    with mock.patch.object(
        type(platform.instance), "all_logs", autospec=True, side_effect=dg.DagsterInstance.all_logs
    ) as read:
        platform.tick()
        assert read.call_count == 0
        platform.night("2024-03-08")
        platform.tick()
        assert read.call_count == 1
