"""A platform that delimited files are dropped to, with the job that puts quarantined rows right as people start it."""

from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import pandas as pd

from lakehouse_assets import definitions
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.defs.kept_platform import error_of
from lakehouse_assets_tests.end_to_end.own_platform import platform_in, run_days

ZONES = ("landing", "raw", "harmonized")


class Dropping:
    """One domain's zones raw and harmonized, of files that a test drops."""

    def __init__(self, folder: Path, domain: str, header: str, days: tuple[str, str]) -> None:
        self.folder, self.domain, self.header, self.days = folder / "landing" / domain, domain, header, days
        self.folder.mkdir(parents=True)
        self.environment = state_in(folder, LANDING=str(self.folder.parent))
        self.lake = Lake(self.environment["LAKE_URI"])
        self.repairs = ["raw", domain, "repairs"]

    def drop(self, name: str, *lines: str) -> None:
        (self.folder / name).write_text("\n".join((self.header, *lines, "")))

    def ingest(self, *zones: str) -> dict[str, dg.AssetCheckEvaluation]:
        """Run these zones for all days; the checks by asset and name."""
        with platform_in(self.environment) as (defs, _):
            keys = defs.resolve_job_def(f"{self.domain}_nightly").asset_layer.executable_asset_keys
        only = [key for key in keys if key.path[0] in (zones or ZONES)]
        done = run_days(self.environment, f"{self.domain}_nightly", *self.days, only=only)
        return {f"{one.asset_key.path[-1]} {one.check_name}": one for one in done.get_asset_check_evaluations()}

    def repair(self, *rows: dict[str, Any], fails: bool = False, **config: Any) -> str:
        """Start the job; what it said in its log, or why it failed."""
        asked = {"who": "ines", "reason": "read off the gauge", "rows": list(rows), "dry_run": False, **config}
        # What is made anew is made by the definitions as they stand in the module: those of this process's environment.
        with platform_in(self.environment) as (defs, instance), mock.patch.object(definitions, "defs", defs):
            job = defs.resolve_job_def(f"{self.domain}_repair_quarantined_rows")
            done = job.execute_in_process(
                instance=instance,
                run_config={"ops": {"repair_quarantined_rows": {"config": asked}}},
                raise_on_error=False,
            )
            if fails:
                return error_of(done)
            assert done.success, error_of(done)
            told = instance.all_logs(done.run_id)
            return "\n".join(one.user_message for one in told)

    def runs(self) -> list[dict[str, str]]:
        """The days of each run since the platform began, the newest first."""
        with platform_in(self.environment) as (_, instance):
            return [dict(run.tags) for run in instance.get_runs()]

    def rows(self, table: str) -> pd.DataFrame:
        """A harmonized table by the line that each row came from."""
        rows = self.lake.read_pandas(["harmonized", self.domain, table])
        return rows.sort_values(["source_file", "source_line"]).set_index("source_line")

    def aside(self, quarantine: str) -> dict[int, str]:
        """Line -> rule, of all rows in a quarantine."""
        rows = self.lake.read_pandas(["harmonized", self.domain, quarantine])
        return dict(sorted(zip(rows["source_line"], rows["rule"], strict=True)))

    def kept(self) -> pd.DataFrame:
        """The repairs, the oldest first."""
        return self.lake.read_pandas(self.repairs).sort_values("made_at", kind="stable", ignore_index=True)
