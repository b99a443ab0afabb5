"""The platform is broken as a runbook says, people are told, and the page is followed to the letter till it is over."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.audit import entries
from lakehouse_assets.operations.health.reports import RUNBOOKS
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import platform_in, run_days
from lakehouse_assets_tests.operations.alerts.receiver import Receiver, receiver

pytestmark = pytest.mark.slow

DAY, FILE = "2024-01-02", "milling/ai4i_M03_2024-01-02.csv"
LOADED = "raw/milling/quarantine every_delivery_is_readable"


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

    def does_what_the_page_says(self, page: str, job: str) -> None:
        """Paste the page's run config, with the day of today, and let the sensor start what was asked for."""
        text = (RUNBOOKS / f"{page}.md").read_text(encoding="utf-8")
        config: dict[str, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", text, re.S)[0])
        [op] = config["ops"]
        config["ops"][op]["config"]["first_day"] = DAY
        with platform_in(self.environment) as (defs, instance):
            assert defs.resolve_job_def(job).execute_in_process(instance=instance, run_config=config).success
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


def test_a_torn_line_is_told_repaired_by_its_page_and_told_to_be_over(on_call: OnCall) -> None:
    assert on_call.night()
    assert on_call.hears() == []
    file = on_call.landing / FILE
    good = file.read_bytes()
    rows = on_call.lake.read_pandas(["harmonized", "milling", "operations"])

    lines = good.split(b"\n")
    file.write_bytes(b"\n".join([*lines[:3], b"3,torn", *lines[4:]]))
    assert on_call.night()  # a failed check fails no run
    assert on_call.hears() == [f"{LOADED}: check failed"]
    assert (
        "not kept: No line of a delivery that is in force stands in quarantine." in on_call.told.messages[0]["message"]
    )
    assert re.search(r"QUARANTINED raw/milling/quarantine since .*, 1 rows", on_call.health()["in_words"])
    assert on_call.hears() == []

    file.write_bytes(good)
    on_call.does_what_the_page_says("quarantined", "rerun_from")
    assert on_call.hears() == [f"Over: {LOADED}: check failed"]
    assert "QUARANTINED" not in on_call.health()["in_words"]
    again = on_call.lake.read_pandas(["harmonized", "milling", "operations"])
    places = ["source_file", "source_line"]
    assert again[places].sort_values(places).to_numpy().tolist() == rows[places].sort_values(places).to_numpy().tolist()
    assert entries(on_call.lake)["action"].tolist() == ["rerun"]
