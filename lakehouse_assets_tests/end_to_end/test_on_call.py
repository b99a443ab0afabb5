"""The platform is broken as a runbook says, people are told, and the page is followed to the letter till it is over."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets_tests.conftest import Road, state_in
from lakehouse_assets_tests.end_to_end.on_call import OnCall
from lakehouse_assets_tests.end_to_end.own_platform import copy_of, platform_in
from lakehouse_assets_tests.operations.alerts.receiver import receiver

pytestmark = pytest.mark.slow

DAY, FILE = "2024-01-02", "milling/ai4i_M03_2024-01-02.csv"


@pytest.fixture
def on_call(tmp_path: Path) -> Iterator[OnCall]:
    with receiver() as told:
        yield OnCall(state_in(tmp_path), told, "milling_nightly", DAY)


def torn(lines: list[bytes]) -> list[bytes]:
    """The file with a line that cannot be read."""
    return [*lines[:3], b"3,torn", *lines[4:]]


def no_number(lines: list[bytes]) -> list[bytes]:
    """The file with a line that can be read and breaks the contract: its torque is a word."""
    fields = lines[3].split(b",")
    return [*lines[:3], b",".join([*fields[:6], b"abc", *fields[7:]]), *lines[4:]]


@pytest.mark.parametrize(
    ("page", "broken", "quarantine", "check", "promised"),
    [
        ("quarantined", torn, "raw/milling/quarantine", "every_delivery_is_readable",
         "No line of a delivery that is in force stands in quarantine."),
        ("failed_check", no_number, "harmonized/milling/operations_quarantine", "every_row_keeps_the_contract",
         "No row of these days was set aside."),
    ],
)  # fmt: skip
def test_a_wrong_line_is_told_repaired_by_its_page_and_told_to_be_over(
    on_call: OnCall,
    page: str,
    broken: Callable[[list[bytes]], list[bytes]],
    quarantine: str,
    check: str,
    promised: str,
) -> None:
    assert on_call.night()
    assert on_call.hears() == []
    file = on_call.landing / FILE
    good = file.read_bytes()
    rows = on_call.lake.read_pandas(["harmonized", "milling", "operations"])

    file.write_bytes(b"\n".join(broken(good.split(b"\n"))))
    assert on_call.night()  # a failed check fails no run
    [told] = on_call.hears()
    assert re.fullmatch(f"{quarantine} {check}( {DAY})?: check failed", told)
    assert f"not kept: {promised}" in on_call.told.messages[0]["message"]
    assert f"Asset page: http://127.0.0.1:3000/assets/{quarantine}" in on_call.told.messages[0]["message"]
    assert re.search(f"QUARANTINED {quarantine} since .*, 1 rows", on_call.health()["in_words"])
    assert on_call.hears() == []

    file.write_bytes(good)
    on_call.does_what_the_page_says(page, "rerun_from")
    assert on_call.hears() == [f"Over: {told}"]
    assert "QUARANTINED" not in on_call.health()["in_words"]
    again = on_call.lake.read_pandas(["harmonized", "milling", "operations"])
    places = ["source_file", "source_line"]
    assert again[places].sort_values(places).to_numpy().tolist() == rows[places].sort_values(places).to_numpy().tolist()
    assert entries(on_call.lake)["action"].tolist() == ["rerun"]


def test_a_row_in_quarantine_is_put_right_by_its_page_without_its_file_and_told_to_be_over(on_call: OnCall) -> None:
    assert on_call.night()
    file, key = on_call.landing / FILE, ["harmonized", "milling", "operations"]
    file.write_bytes(b"\n".join(no_number(file.read_bytes().split(b"\n"))))
    assert on_call.night()
    [told] = on_call.hears()
    assert told.startswith("harmonized/milling/operations_quarantine every_row_keeps_the_contract")
    rows = on_call.lake.row_count(key)
    on_call.starts("quarantined", "milling_repair_quarantined_rows")
    assert on_call.hears() == [f"Over: {told}"]
    assert "QUARANTINED" not in on_call.health()["in_words"]
    assert on_call.lake.row_count(key) == rows + 1
    [repaired] = on_call.lake.read(key, where={"source_file": file.name, "source_line": 4}).to_pylist()
    assert repaired["torque"] == 42.8
    on_call.does_what_the_page_says("quarantined", "rerun_from")
    assert on_call.lake.row_count(key) == rows + 1
    assert entries(on_call.lake)["action"].tolist() == ["repair", "rerun"]


def test_a_run_that_failed_is_told_and_over_when_its_page_made_again_what_was_not_made(on_call: OnCall) -> None:
    assert on_call.night()
    table = Path(on_call.lake.table_uri(["raw", "milling", "products"]))
    table.rename(table.with_name("away"))
    table.write_text("a disk that went away")
    assert not on_call.night()
    assert on_call.hears() == [f"milling_nightly {DAY}: run failed"]
    body = on_call.told.messages[0]["message"]
    assert re.search("^Assets: raw/milling/products$", body, re.M)
    assert "delivery/milling_failure/predictions" in body
    assert "What to do: http" in body
    assert body.splitlines()[-2].endswith("/runbooks/failed_run.html")
    words = on_call.health()["in_words"]
    assert re.search(r"FAILING raw/milling/products since .* nor were \d+ made from it", words)

    table.unlink()
    table.with_name("away").rename(table)
    on_call.does_what_the_page_says("failed_run", "rerun_from")
    assert on_call.hears() == [f"Over: milling_nightly {DAY}: run failed"]
    assert "FAILING" not in on_call.health()["in_words"]


def test_nobody_waits_for_a_use_case_that_rests_as_the_page_about_late_tables_says(on_call: OnCall) -> None:
    late = dg.AssetKey(["delivery", "turbofan_rul", "predictions"])
    with platform_in(on_call.environment) as (_, instance):
        change = FreshnessStateChange(
            key=late,
            new_state=FreshnessState.FAIL,
            previous_state=FreshnessState.PASS,
            state_change_timestamp=datetime.now(UTC).timestamp(),
        )
        instance._report_runless_asset_event(change)
    assert on_call.hears() == ["turbofan_rul: late"]
    on_call.starts("broken_freshness", "pause_use_case")
    assert on_call.hears() == ["Over: turbofan_rul: late"]
    assert "turbofan_rul is paused until" in on_call.health()["in_words"]
    assert entries(on_call.lake)["action"].tolist() == ["pause"]


def test_a_stuck_sensor_is_told_looked_into_by_its_page_and_told_to_be_over(road: Road, tmp_path: Path) -> None:
    day, use_case, decides = "2024-01-30", "milling_failure", "milling_failure_retraining"
    with receiver() as told:
        on_call = OnCall(copy_of(road, tmp_path / "state"), told, "milling_nightly", day)
        on_call.tick(decides)
        on_call.hears()  # what the demo promoted
        files = {file: file.read_bytes() for file in (on_call.landing / "milling").glob(f"*_{day}.csv")}
        for file, good in files.items():
            head, *rows = good.split(b"\n")
            stuck = [b",".join([*row.split(b",")[:6], b"40.0", *row.split(b",")[7:]]) if row else row for row in rows]
            file.write_bytes(b"\n".join([head, *stuck]))
        assert on_call.night()
        on_call.tick(decides)
        heard = on_call.hears()
        assert f"{use_case}: to be looked into" in heard
        body = told.messages[told.titles.index(f"{use_case}: to be looked into")]["message"]
        assert body.startswith("the data are at fault, not the model: torque (stuck)")
        assert f"Asset page: http://127.0.0.1:3000/assets/monitoring/{use_case}/decisions" in body
        assert re.search(rf"DATA AT FAULT monitoring/{use_case}/drift .* stuck in torque", on_call.health()["in_words"])
        on_call.tick(decides)
        assert on_call.hears() == []

        for file, good in files.items():
            file.write_bytes(good)
        on_call.does_what_the_page_says("investigate", "rerun_from", table="landing/milling/files")
        on_call.tick(decides)
        assert f"Over: {use_case}: to be looked into" in on_call.hears()
        assert "DATA AT FAULT" not in on_call.health()["in_words"]
