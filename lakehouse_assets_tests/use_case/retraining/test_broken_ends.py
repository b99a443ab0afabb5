"""Trainings that broke off where nobody expects it: before they began, and after all was decided."""

from datetime import timedelta

import dagster as dg
import pyarrow as pa
import pytest
from dagster._core.events import DagsterEventType
from deltalake import write_deltalake

from lakehouse_assets.use_case.retraining import trainings
from lakehouse_assets_tests.use_case.retraining.ticks import FAILED, KEY, Ticks, training

NOT_STARTED = dg.DagsterRunStatus.NOT_STARTED


def test_a_run_that_was_written_down_and_not_launched_is_asked_for_again_under_its_key(wear: Ticks) -> None:
    wear.drift(1)
    wear.report(load="drift")
    found = wear.look()
    assert isinstance(found, dg.SensorResult)
    (request,) = found.run_requests or []
    tags = {**request.tags, "dagster/run_key": str(request.run_key)}
    run = wear.instance.create_run_for_job(training, tags=tags, status=NOT_STARTED)
    for _ in range(3):
        wear.report(load="drift")
        again = wear.look()
        assert isinstance(again, dg.SensorResult)
        assert [one.run_key for one in again.run_requests or []] == [KEY], "for which Dagster launches the run"
    assert set(wear.rows()["decision"].tolist()[1:]) == {"retrain"}
    wear.end(run.run_id, DagsterEventType.RUN_START)
    assert wear.tick() == []
    assert "its retraining is under way" in wear.said[-1]


def test_one_that_somebody_started_and_that_was_never_launched_holds_nothing_back_for_long(
    wear: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    wear.instance.create_run_for_job(training, status=NOT_STARTED)
    assert wear.drift(2) == []
    assert "a training is under way" in wear.said[-1]
    monkeypatch.setattr(trainings, "LAUNCHED_WITHIN", timedelta(0))
    assert len(wear.drift(1)) == 1


def test_what_fails_after_the_gate_refused_it_is_refused_and_not_tried_again(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {retry_hours: 0}\n  gate:"})
    (run,) = wear.drift(2)
    wear.decided("refuse", 2, run, promoted=False)
    wear.end(run, FAILED)
    assert wear.tick() == []
    assert wear.drift(1) == []
    assert wear.keys() == [KEY]
    last = wear.rows().iloc[-1]
    assert last["decision"] == "investigate"
    assert f"its retraining ({KEY}) did not help" in last["reason"]


def reference_of(wear: Ticks, version: int) -> None:
    """Let reference and thresholds be those of a version."""
    uri = wear.lake.table_uri(["monitoring", "wear", "thresholds"])
    write_deltalake(uri, pa.table({"column_name": ["load", "label"], "model_version": [version] * 2}), mode="overwrite")


STRANGE = (
    "drift is not looked for: reports compare with the reference of version 1, and version 2 serves; "
    "materialise monitoring/wear/reference"
)


def test_after_a_roll_back_reports_against_the_other_version_are_no_silence(wear: Ticks) -> None:
    """As after a training that broke off between the promotion and the reference."""
    reference_of(wear, 1)
    wear.report()
    assert wear.tick() == []
    assert wear.rows().iloc[-1]["reason"] == "nothing drifts"
    wear.serve(2)
    for champion in (1, 2, 2):
        # The performance is that of what serves; the reports are still those of the other.
        wear.report(load="drift")
        wear.measure(champion=champion)
        assert wear.tick() == []
        assert wear.rows().iloc[-1][["decision", "reason"]].tolist() == ["investigate", STRANGE]
    reference_of(wear, 2)
    assert wear.tick() == []
    assert wear.rows().iloc[-1]["decision"] == "wait"
    assert len(wear.drift(2, champion=2)) == 1


def test_while_a_training_is_under_way_the_reference_is_still_to_come(wear: Ticks) -> None:
    reference_of(wear, 1)
    wear.serve(2)
    run = wear.instance.create_run_for_job(training, status=dg.DagsterRunStatus.STARTED).run_id
    wear.report()
    wear.tick()
    assert wear.rows().iloc[-1]["reason"] == "no report against champion 2 yet"
    wear.end(run, FAILED)
    wear.tick()
    assert wear.rows().iloc[-1]["reason"] == STRANGE


def test_lost_performance_is_acted_on_whatever_reference_there_is(wear: Ticks) -> None:
    reference_of(wear, 1)
    wear.serve(2)
    for _ in range(2):
        wear.measure("worse than expected", champion=2)
        started = wear.tick()
    assert len(started) == 1
    assert wear.keys()[0].startswith("wear-champion-2-performance-since-")
