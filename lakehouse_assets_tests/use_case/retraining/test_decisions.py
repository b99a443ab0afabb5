"""What the sensor decides, why, and where that stands: in its table, on the asset, on the run."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from lakehouse_assets.contracts import audit
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets_tests.use_case.retraining.ticks import KEY, Ticks
from lakehouse_assets_tests.use_case.shop import shop_in


def test_before_anything_serves_nothing_is_asked_for_and_no_registry_is_made(tmp_path: Path) -> None:
    registry = ModelRegistry(tracking_uri=f"sqlite:///{tmp_path / 'm.db'}", artifact_root="file:///none")
    ticks = Ticks(shop_in(tmp_path / "shop"), registry, tmp_path / "instance")
    assert ticks.tick() == []
    assert "nothing serves yet" in ticks.said[-1]
    assert not (tmp_path / "m.db").exists()


def test_calm_reports_ask_for_nothing_and_the_table_says_so_each_day_once(wear: Ticks) -> None:
    for _ in range(3):
        wear.report()
        assert wear.tick() == wear.tick() == []
    assert wear.rows()["decision"].tolist() == ["wait"] * 3
    assert wear.rows()["reason"].tolist() == ["nothing drifts"] * 3


def test_drift_asks_for_one_run_which_names_champion_signal_and_day(wear: Ticks) -> None:
    started = wear.drift(6)
    (run,) = wear.runs()
    assert started == [run.run_id]
    assert run.tags["dagster/run_key"] == KEY
    assert run.tags["use_case"] == "wear"
    assert run.tags["retraining_day"] == "2024-05-03"
    assert "drift in load since 2024-05-02 against champion 1" in run.tags["retraining_reason"]


def test_the_asset_of_the_decisions_shows_the_newest_with_its_reason(wear: Ticks) -> None:
    wear.drift(1)
    wear.report(load="drift")
    found = wear.look()
    assert isinstance(found, dg.SensorResult)
    (event,) = found.asset_events
    assert event.asset_key.path == ["monitoring", "wear", "decisions"]
    assert event.metadata["decision"].value == "retrain"
    assert event.metadata["run_key"].value == KEY
    assert event.metadata["decisions"].value.count("\n") == 3, "a head of two lines, and the two decisions"


def test_after_a_promotion_the_new_champions_reports_decide(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {cool_down_days: 3}\n  gate:"})
    (run,) = wear.drift(2)
    wear.end(run)
    wear.serve(2)
    wear.decided("promote", 2, run, promoted=True)
    assert wear.drift(3) == [], "reports against the champion before say nothing of this one"
    assert "no report against champion 2 yet" in wear.rows()["reason"].tolist()[-1]
    started = wear.drift(5, champion=2)
    assert len(started) == 1
    assert wear.keys()[-1].startswith("wear-champion-2-drift-since-")


def test_a_retraining_that_does_not_help_is_told_and_not_repeated(wear: Ticks) -> None:
    (run,) = wear.drift(2)
    wear.end(run)
    wear.decided("refuse", 2, run, promoted=False)
    assert wear.drift(20) == []
    last = wear.rows().iloc[-1]
    assert last["decision"] == "investigate"
    assert f"{KEY} was refused; there is more to learn of it now" in last["reason"]
    assert "cool-down until 2024-05-31, doubled 1 times" in last["reason"]


@pytest.mark.parametrize("fault", ["stuck", "unit change", "nulls", "no readings", "out of range"])
def test_data_at_fault_are_to_be_looked_into_and_train_nothing(wear: Ticks, fault: str) -> None:
    for _ in range(4):
        wear.report(load=fault, mean_load="drift")
        assert wear.tick() == []
    assert wear.rows()["decision"].tolist()[-1] == "investigate"
    assert f"load ({fault})" in wear.rows()["reason"].tolist()[-1]


def test_lost_performance_outranks_drift(wear: Ticks) -> None:
    for _ in range(2):
        wear.report(realised="worse than expected", load="drift")
        wear.tick()
    assert wear.keys() == ["wear-champion-1-performance-since-2024-05-02"]


def test_much_more_to_learn_from_asks_once_for_each_champion(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {on_more_data: 0.5}\n  gate:"})
    wear.report()
    wear.outcomes(49)
    assert wear.tick() == []
    wear.outcomes(1)
    (run,) = wear.tick()
    wear.end(run)
    wear.outcomes(100)
    wear.report()
    assert wear.tick() == []
    assert wear.keys() == ["wear-champion-1-data-since-2024-05-02"]


def test_labels_that_were_corrected_are_no_more_to_learn_from(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {on_more_data: 0.5}\n  gate:"})
    wear.report()
    wear.outcomes(30)
    wear.corrected("outcomes", "predicted_day")
    wear.corrected("training_set", "day")
    assert wear.tick() == []
    wear.outcomes(20)
    assert len(wear.tick()) == 1
    assert wear.rows()["labelled_rows"].tolist()[-1] == 150


def test_a_refused_one_is_asked_for_again_at_as_much_more_again(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {on_more_data: 0.5, cool_down_days: 1}\n  gate:"})
    wear.report()
    wear.outcomes(50)
    (run,) = wear.tick()
    wear.end(run)
    wear.decided("refuse", 2, run, promoted=False)
    # It had 150 rows; 225 are half as many again.
    wear.outcomes(74)
    for _ in range(3):
        wear.report()
        assert wear.tick() == []
    assert (
        wear.rows()
        .iloc[-1]["reason"]
        .endswith("until there are 225 labelled rows to learn from, as many more again as it had")
    )
    shutil.rmtree(wear.lake.table_uri(["monitoring", "wear", "decisions"]))
    assert wear.tick() == []
    wear.outcomes(1)
    assert len(wear.tick()) == 1
    wear.cursor = None
    assert wear.tick() == []
    assert wear.keys() == [f"wear-champion-1-data-since-2024-05-0{day}" for day in (2, 5)]
    assert [run.tags["retraining_rows"] for run in wear.runs()] == ["150", "225"]
    assert wear.rows()["labelled_rows"].tolist()[-1] == 225


def nights_of_drift(wear: Ticks, nights: int) -> list[str]:
    """Nights that say drift, each with the labels that came with it: of the predictions of the day before."""
    started: list[str] = []
    for _ in range(nights):
        wear.report(load="drift")
        wear.outcomes(6, wear.day - timedelta(days=1))
        started += wear.tick()
    return started


def test_a_retraining_waits_until_it_would_learn_of_what_changed_and_says_until_when(wear: Ticks) -> None:
    wear.shop.change({"share: 0.25": "last_days: 5"})
    assert nights_of_drift(wear, 7) == []
    # The newest five days with a label are held out, and the label of the newest day is still to come.
    told = wear.rows()["reason"].tolist()
    assert all("learn 0 days of what changed on 2024-05-02, as the newest 6 days are held" in one for one in told[3:-1])
    assert all(one.endswith("it waits until 2024-05-09") for one in told[3:])
    assert "learn 1 day of what changed" in told[-1]
    assert len(nights_of_drift(wear, 1)) == 1
    assert wear.keys() == [KEY]


def test_labels_that_stop_coming_are_told_and_end_when_they_come_again(wear: Ticks) -> None:
    wear.shop.change({"share: 0.25": "last_days: 5"})
    nights_of_drift(wear, 3)
    wear.drift(9)
    told = wear.rows().tail(3)
    # The first label came three days after those of the training set: six days without one may be.
    assert told["decision"].tolist() == ["wait", "investigate", "investigate"]
    assert (
        told["reason"]
        .iloc[-1]
        .endswith(
            "as no outcome has become known since 2024-05-05, and usually one does within 3 days: see why none comes"
        )
    )
    rows = len(wear.rows())
    wear.cursor = None
    assert wear.tick() == []
    assert len(wear.rows()) == rows
    for day in range(4, 12):
        wear.outcomes(6, date(2024, 5, day))
    assert len(wear.tick()) == 1


def test_a_refused_one_is_tried_again_when_it_would_learn_twice_as_much_and_the_doubled_pause_is_over(
    wear: Ticks,
) -> None:
    wear.shop.change(
        {"share: 0.25": "last_days: 5", "  gate:": "  retraining: {cool_down_days: 1, per_week: 5}\n  gate:"}
    )
    (run,) = nights_of_drift(wear, 8)
    wear.end(run)
    wear.decided("refuse", 2, run, promoted=False)
    assert nights_of_drift(wear, 1) == []
    last = wear.rows().iloc[-1]
    assert last["decision"] == "investigate"
    assert last["reason"].endswith("until there is more to learn of it, from 2024-05-11 on")
    (again,) = nights_of_drift(wear, 1)
    wear.cursor = None
    assert wear.tick() == []
    wear.end(again)
    wear.decided("refuse", 3, again, promoted=False)
    # It had learned four days: eight are worth a third, and four days pass after a second refusal.
    assert nights_of_drift(wear, 3) == []
    assert len(nights_of_drift(wear, 1)) == 1
    days = ["2024-05-02", "2024-05-11", "2024-05-15"]
    assert wear.keys() == [f"wear-champion-1-drift-since-{day}" for day in days]


def test_the_policy_is_the_yamls_and_stands_beside_each_decision(wear: Ticks) -> None:
    wear.shop.change({"  gate:": "  retraining: {on_drift: false, cool_down_days: 5}\n  gate:"})
    assert wear.drift(5) == []
    assert wear.rows()["policy_on_drift"].tolist() == [False] * 5
    assert set(wear.rows()["policy_cool_down_days"]) == {5}


def test_a_paused_use_case_decides_nothing(wear: Ticks) -> None:
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    audit.record(
        wear.lake,
        action="pause",
        subject="wear",
        who="ann",
        reason="a new machine",
        details={"until": until},
        run_id="r",
        entry="pause wear r",
    )
    assert wear.drift(5) == []
    assert "wear is paused" in wear.said[-1]
    assert not wear.lake.exists(["monitoring", "wear", "decisions"])
