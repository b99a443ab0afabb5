"""A plant that delivers files, with the platform's real definitions and a Dagster instance of its own."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from lakehouse_assets.operations.nights import asked
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import platform_in

DAY = date(2024, 1, 2)
DONE, FAILED, RUNS = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED


def after(days: int) -> date:
    """So many days after the first."""
    return DAY + timedelta(days=days)


@dataclass
class Plant:
    """What a test does to the platform, and what the platform then asks for."""

    home: Path
    environment: dict[str, str]
    defs: dg.Definitions
    instance: dg.DagsterInstance
    cursor: str | None = None
    told: list[str] = field(default_factory=list)

    @property
    def repository(self) -> dg.RepositoryDefinition:
        return self.defs.get_repository_def()

    @property
    def resources(self) -> dict[str, object]:
        """The platform's own, as its code location configures them."""
        return {name: self.defs.resources[name] for name in ("landing", "lake")}  # type: ignore[index]

    def deliver(self, domain: str, *days: date) -> None:
        """Let a simulated source write its files of the days into the landing folder."""
        folder = self.home / "landing" / domain
        folder.mkdir(parents=True, exist_ok=True)
        for day in days:
            if domain == "milling":
                from lakehouse_assets.defs.milling.zones import simulate
            else:
                from lakehouse_assets.defs.energy.zones import simulate
            simulate(folder, day, day)

    def drop(self, domain: str, name: str, text: str, at: datetime | None = None) -> Path:
        """Put a file there by hand."""
        file = self.home / "landing" / domain / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if at is not None:
            os.utime(file, (at.timestamp(), at.timestamp()))
        return file

    def tick(self, at: datetime) -> list[dg.RunRequest]:
        """What the schedule asks for at this time."""
        schedule = self.repository.get_schedule_def("nightly_schedule")
        # The context opens the instance once more. Left open, it is what every later load of definitions asks.
        with dg.build_schedule_context(
            instance=self.instance,
            scheduled_execution_time=at,
            repository_def=self.repository,
            resources={"landing": self.resources["landing"]},
        ) as context:
            return list(schedule.evaluate_tick(context).run_requests or [])

    def night(self, day: date) -> list[dg.RunRequest]:
        """What it asks for in the night after a day."""
        return self.tick(datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=1))

    def look(self, looks: int = 2) -> list[dg.RunRequest]:
        """What the sensor asks for; a folder has to be still from one look to the next."""
        found: list[dg.RunRequest] = []
        for _ in range(looks):
            context = dg.build_sensor_context(
                instance=self.instance,
                cursor=self.cursor,
                repository_def=self.repository,
                resources=self.resources,
            )
            done = self.repository.get_sensor_def("late_files").evaluate_tick(context)
            self.cursor = done.cursor
            found += done.run_requests or []
        return found

    def recorded(
        self, requests: Sequence[dg.RunRequest], status: dg.DagsterRunStatus = DONE, job: str = "nightly"
    ) -> list[dg.DagsterRun]:
        """Keep the runs that the daemon would make of requests, as if they had come to this."""
        return [create_run_for_test(self.instance, job, status=status, tags=dict(one.tags)) for one in requests]

    def run(self, request: dg.RunRequest, job: str = "nightly") -> dg.ExecuteInProcessResult:
        """Run what was asked for."""
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            tags=dict(request.tags),
            asset_selection=list(request.asset_selection or ()) or None,
            raise_on_error=False,
        )


@contextmanager
def plant_in(home: Path, **settings: str) -> Iterator[Plant]:
    """A plant whose state lies below a folder; with files in a landing folder unless `LANDING` is said to be unset."""
    (home / "landing" / "milling").mkdir(parents=True, exist_ok=True)
    given = {"LANDING": str(home / "landing"), **settings}
    environment = state_in(home, **{name: value for name, value in given.items() if value})
    with platform_in(environment) as (defs, instance):
        yield Plant(home, environment, defs, instance)


def domains_of(request: dg.RunRequest) -> list[str]:
    """Whose files a run takes."""
    return sorted(tag.removeprefix(asked.DOMAIN_PREFIX) for tag in request.tags if tag.startswith(asked.DOMAIN_PREFIX))


def days_of(requests: Sequence[dg.RunRequest]) -> list[str]:
    """The days that runs are about."""
    return [request.tags["dagster/partition"] for request in requests]
