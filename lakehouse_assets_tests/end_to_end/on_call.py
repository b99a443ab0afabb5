"""The whole platform, and the person who is told of incidents and follows the runbooks."""

import re
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import yaml

from lakehouse_assets import definitions
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.health.reports import RUNBOOKS
from lakehouse_assets_tests.end_to_end.own_platform import platform_in, run_days
from lakehouse_assets_tests.operations.alerts.receiver import Receiver

#: How the op of a use case's job that rolls its champion back is named, after the use case.
ROLLING_BACK = "_rolling_back"


class OnCall:
    """The whole platform in a folder of its own, and the person who is told."""

    def __init__(self, environment: dict[str, str], told: Receiver, night: str, day: str) -> None:
        self.environment = environment | {"ALERT_URLS": told.url}
        self.job, self.day = night, day
        self.landing, self.told = Path(environment["PLANT_LANDING"]), told
        self.cursors: dict[str, str | None] = {}
        self.lake = Lake(self.environment["LAKE_URI"])

    def night(self) -> bool:
        return run_days(self.environment, self.job, self.day, self.day, raise_on_error=False).success

    def trains(self, use_case: str) -> bool:
        """As its schedule does it."""
        with platform_in(self.environment) as (defs, instance):
            return defs.resolve_job_def(f"{use_case}_training").execute_in_process(instance=instance).success

    def tick(self, sensor: str) -> list[dg.RunRequest]:
        with platform_in(self.environment) as (defs, instance):
            wanted = ("lake", "landing", "registry")
            context = dg.build_sensor_context(
                instance=instance, cursor=self.cursors.get(sensor), definitions=defs,
                resources={name: one for name, one in (defs.resources or {}).items() if name in wanted},
            )  # fmt: skip
            found = defs.resolve_sensor_def(sensor).evaluate_tick(context)
            self.cursors[sensor] = found.cursor or self.cursors.get(sensor)
            return list(found.run_requests or [])

    def hears(self) -> list[str]:
        before = len(self.told.messages)
        self.tick("alerts")
        return self.told.titles[before:]

    def starts(self, page: str, job: str, **said: str) -> None:
        """Paste the page's run config, with the day of today, and the subject where the page's example has another.

        The op of a use case's own job carries its name: what the page says of one holds for each.
        """
        text = (RUNBOOKS / f"{page}.md").read_text(encoding="utf-8")
        pasted = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.S)]
        with platform_in(self.environment) as (defs, _):
            [op] = [node.name for node in defs.resolve_job_def(job).nodes]
        config: dict[str, Any] = next(one for one in pasted if op in one["ops"] or _of_another(op, one["ops"]))
        config["ops"] = {op: next(iter(config["ops"].values()))}
        if "first_day" in config["ops"][op]["config"]:
            config["ops"][op]["config"]["first_day"] = self.day
        config["ops"][op]["config"] |= said
        # What a job makes anew is made by the definitions as they stand in the module.
        with platform_in(self.environment) as (defs, instance), mock.patch.object(definitions, "defs", defs):
            assert defs.resolve_job_def(job).execute_in_process(instance=instance, run_config=config).success

    def asks_as_the_page_says(self, page: str, job: str, **said: str) -> bool:
        """The same, and let the sensor start what was asked for; whether that succeeded."""
        self.starts(page, job, **said)
        [asked] = self.tick("repairs_asked_for")
        with platform_in(self.environment) as (defs, instance):
            whole = defs.resolve_implicit_global_asset_job_def()
            return whole.execute_in_process(
                instance=instance, asset_selection=asked.asset_selection, tags=asked.tags, raise_on_error=False
            ).success

    def does_what_the_page_says(self, page: str, job: str, **said: str) -> None:
        """The same; it succeeds."""
        assert self.asks_as_the_page_says(page, job, **said)

    def health(self) -> dict[str, Any]:
        """What the asset says of itself."""
        with platform_in(self.environment) as (defs, instance):
            made = defs.resolve_job_def("platform_health").execute_in_process(instance=instance)
            [event] = made.asset_materializations_for_node("monitoring__platform__health")
            return {name: value.value for name, value in event.metadata.items()}


def _of_another(op: str, pasted: dict[str, Any]) -> bool:
    """Whether a page shows this job of another use case."""
    return op.endswith(ROLLING_BACK) and any(one.endswith(ROLLING_BACK) for one in pasted)
