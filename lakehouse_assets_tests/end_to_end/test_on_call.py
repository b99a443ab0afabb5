"""The platform is broken as a runbook says, people are told, and the page is followed to the letter till it is over."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.audit import entries
from lakehouse_assets.operations.health.reports import RUNBOOKS
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import platform_in, run_days
from lakehouse_assets_tests.operations.alerts.receiver import Receiver, receiver

pytestmark = pytest.mark.slow

DAY, FILE = "2024-01-02", "milling/ai4i_M03_2024-01-02.csv"


class OnCall:
    """The whole platform in a folder of its own, and the person who is told."""

    def __init__(self, folder: Path, told: Receiver) -> None:
        self.environment = state_in(folder, ALERT_URLS=told.url)
        self.landing, self.told, self.cursors = folder / "landing", told, dict[str, str | None]()
        self.lake = Lake(self.environment["LAKE_URI"])

    def night(self) -> bool:
        return run_days(self.environment, "milling_nightly", DAY, DAY).success

    def tick(self, sensor: str) -> list[dg.RunRequest]:
        with platform_in(self.environment) as (defs, instance):
            context = dg.build_sensor_context(
                instance=instance, cursor=self.cursors.get(sensor), definitions=defs,
                resources={"lake": defs.resources["lake"]} if defs.resources else {},
            )  # fmt: skip
            found = defs.resolve_sensor_def(sensor).evaluate_tick(context)
            self.cursors[sensor] = found.cursor or self.cursors.get(sensor)
            return list(found.run_requests or [])

    def hears(self) -> list[str]:
        before = len(self.told.messages)
        self.tick("alerts")
        return self.told.titles[before:]

    def starts(self, page: str, job: str) -> None:
        """Paste the page's run config, with the day of today."""
        text = (RUNBOOKS / f"{page}.md").read_text(encoding="utf-8")
        config: dict[str, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", text, re.S)[0])
        [op] = config["ops"]
        if "first_day" in config["ops"][op]["config"]:
            config["ops"][op]["config"]["first_day"] = DAY
        with platform_in(self.environment) as (defs, instance):
            assert defs.resolve_job_def(job).execute_in_process(instance=instance, run_config=config).success

    def does_what_the_page_says(self, page: str, job: str) -> None:
        """The same, and let the sensor start what was asked for."""
        self.starts(page, job)
        [asked] = self.tick("repairs_asked_for")
        with platform_in(self.environment) as (defs, instance):
            whole = defs.resolve_implicit_global_asset_job_def()
            assert whole.execute_in_process(
                instance=instance, asset_selection=asked.asset_selection, tags=asked.tags
            ).success

    def health(self) -> dict[str, Any]:
        """What the asset says of itself."""
        with platform_in(self.environment) as (defs, instance):
            made = defs.resolve_job_def("platform_health").execute_in_process(instance=instance)
            [event] = made.asset_materializations_for_node("monitoring__platform__health")
            return {name: value.value for name, value in event.metadata.items()}


@pytest.fixture
def on_call(tmp_path: Path) -> Iterator[OnCall]:
    with receiver() as told:
        yield OnCall(tmp_path, told)


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
         "No row of the day breaks the contract."),
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
