"""A champion is troubled as its runbooks say, people are told, and the pages are followed till it is over."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.sources.plant.milling import Shop, day_file
from lakehouse_assets_tests.conftest import Road
from lakehouse_assets_tests.end_to_end.on_call import OnCall
from lakehouse_assets_tests.end_to_end.own_platform import copy_of
from lakehouse_assets_tests.operations.alerts.receiver import receiver

pytestmark = pytest.mark.slow

USE_CASE = "milling_failure"
#: The day after the road's last; these two are what a training would hold out.
DAY = "2024-01-31"
CHAMPION, PREDICTIONS = ["models", USE_CASE, "champion"], ["delivery", USE_CASE, "predictions"]
#: Columns of a file: its torque, and where what the inspection found begins.
TORQUE, FOUND = 6, 8


@pytest.fixture
def on_call(road: Road, tmp_path: Path) -> Iterator[OnCall]:
    with receiver() as told:
        one = OnCall(copy_of(road, tmp_path / "state"), told, "milling_nightly", DAY)
        one.hears()  # what the demo promoted
        yield one


def files(on_call: OnCall, day: str) -> dict[Path, bytes]:
    """What the machines deliver of a day, by where it lands."""
    shop = Shop()
    return {
        on_call.landing / "milling" / f"ai4i_{name}_{day}.csv": day_file(shop, name, date.fromisoformat(day))
        for name in shop.machines
    }


def drop(delivered: Mapping[Path, bytes], changed: Callable[[list[list[bytes]]], list[list[bytes]]]) -> None:
    """Deliver files whose rows are not what they should be."""
    for file, good in delivered.items():
        head, *rows = good.rstrip(b"\r\n").split(b"\r\n")
        wrong = changed([row.split(b",") for row in rows])
        file.write_bytes(b"\r\n".join([head, *(b",".join(row) for row in wrong)]) + b"\r\n")


def put_right(delivered: Mapping[Path, bytes]) -> None:
    """At the source, and dropped again under their names."""
    for file, good in delivered.items():
        file.write_bytes(good)


def found_at_another(rows: list[list[bytes]]) -> list[list[bytes]]:
    """What the inspection found stands at the product forty places further on."""
    return [row[:FOUND] + other[FOUND:] for row, other in zip(rows, rows[-40:] + rows[:-40], strict=True)]


def shown_too_high(rows: list[list[bytes]]) -> list[list[bytes]]:
    """The torque by a sensor that was exchanged: 12 Nm too much, each as sharp as ever."""
    return [[*row[:TORQUE], b"%.1f" % (float(row[TORQUE]) + 12.0), *row[TORQUE + 1 :]] for row in rows]


def serving(on_call: OnCall) -> int:
    """Whom the last row of the record names."""
    return int(on_call.lake.read_pandas(CHAMPION).sort_values("decided_at")["to_version"].iloc[-1])


def compared_with(on_call: OnCall) -> int:
    """The version whose training data drift is measured by."""
    return int(on_call.lake.read_pandas(["monitoring", USE_CASE, "thresholds"])["model_version"].iloc[0])


def test_a_champion_that_labels_of_other_rows_make_look_bad_is_as_expected_when_its_page_was_followed(
    on_call: OnCall,
) -> None:
    delivered = files(on_call, DAY)
    drop(delivered, found_at_another)
    assert on_call.night()
    [told] = on_call.hears()
    assert told == f"monitoring/{USE_CASE}/performance as_good_as_expected: check failed"
    assert "Owner: team:machining" in on_call.told.messages[-1]["message"]
    assert re.search(rf"WORSE THAN EXPECTED monitoring/{USE_CASE}/performance since", on_call.health()["in_words"])

    put_right(delivered)
    on_call.does_what_the_page_says("worse_than_expected", "rerun_from")
    assert on_call.hears() == [f"Over: {told}"]
    assert "WORSE THAN EXPECTED" not in on_call.health()["in_words"]


def test_drift_of_a_sensor_that_was_exchanged_is_over_when_its_page_was_followed(on_call: OnCall) -> None:
    delivered = files(on_call, DAY)
    drop(delivered, shown_too_high)
    assert on_call.night()
    told = on_call.hears()
    assert f"monitoring/{USE_CASE}/drift no_drift: check failed" in told
    assert re.search(rf"DRIFTING monitoring/{USE_CASE}/drift since .*torque", on_call.health()["in_words"])

    put_right(delivered)
    on_call.does_what_the_page_says("failed_check", "rerun_from")  # to which the page of drift leads
    assert sorted(on_call.hears()) == sorted(f"Over: {one}" for one in told)
    assert "DRIFTING" not in on_call.health()["in_words"]


def test_a_refused_candidate_and_the_promotion_that_nobody_wanted_are_over_when_their_pages_were_followed(
    on_call: OnCall,
) -> None:
    delivered = files(on_call, DAY)
    drop(delivered, found_at_another)
    assert on_call.night()
    assert on_call.trains(USE_CASE)
    refused = f"{USE_CASE} candidate 2: candidate refused"
    assert refused in on_call.hears()
    body = on_call.told.messages[on_call.told.titles.index(refused)]["message"]
    assert "does not keep the bound at least 0.6; version 1 goes on serving" in body
    assert body.splitlines()[-2].endswith("/runbooks/refusal.html")

    put_right(delivered)
    on_call.does_what_the_page_says("failed_check", "rerun_from")  # to which the page of refusals leads
    on_call.hears()
    a_training_fails_and_its_page_is_followed(on_call)
    heard = on_call.hears()
    assert f"Over: {refused}" in heard
    assert f"{USE_CASE}: champion changed" in heard
    assert serving(on_call) == 2

    assert compared_with(on_call) == 2
    on_call.does_what_the_page_says("promotion", f"{USE_CASE}_roll_back")
    assert compared_with(on_call) == 1
    assert on_call.hears() == [f"{USE_CASE}: champion changed"]
    assert "roll_back by ann: version 1 serves, before it 2" in on_call.told.messages[-1]["message"]
    on_call.does_what_the_page_says("failed_check", "rerun_from", table="/".join(PREDICTIONS))
    scored = on_call.lake.read_pandas(PREDICTIONS, where={"day": date.fromisoformat(DAY)})
    assert set(scored["model_version"]) == {1}
    assert serving(on_call) == 1
    assert "champion    version 1 since" in of_the_use_case(on_call.health()["in_words"])
    deeds = ["rerun", "retrain", "retrain", "roll_back_begun", "roll_back", "rerun"]
    assert entries(on_call.lake)["action"].tolist() == deeds


def a_training_fails_and_its_page_is_followed(on_call: OnCall) -> None:
    """The page of refusal says to train again; the disk is full at that moment."""
    table = Path(on_call.lake.table_uri(["delivery", USE_CASE, "training_set"]))
    table.rename(table.with_name("away"))
    table.write_text("a disk that went away")
    assert not on_call.asks_as_the_page_says("refusal", "retrain_now", use_case=USE_CASE)
    [asked, failed] = on_call.hears()
    assert {asked.rpartition(": ")[2], failed.rpartition(": ")[2]} == {"retraining asked for", "run failed"}
    table.unlink()
    table.with_name("away").rename(table)
    on_call.does_what_the_page_says("retraining", "retrain_now", use_case=USE_CASE)


def of_the_use_case(words: str) -> str:
    """Its part of the page of health."""
    return words.partition(f"{USE_CASE} (use case)")[2].partition("\n\n")[0]
