"""A milling shop with a champion, whose nights are disturbed; what its tables hold then; what people were told."""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.alerts.book import INCIDENTS
from lakehouse_assets.operations.alerts.facts import Kind
from lakehouse_assets.operations.alerts.telling import BEGAN, CHANGED, OVER
from lakehouse_assets.sources.plant.milling import Shop, day_file
from lakehouse_assets_tests.conftest import run_demo, state_in
from lakehouse_assets_tests.end_to_end.own_platform import delta_tables, platform_in, run_days

#: Days that the shop has run before: the fewest that its drift reports can be calibrated on.
BEFORE = 24
FIRST_NIGHT = date(2024, 1, 1) + timedelta(days=BEFORE)
JOB = "milling_nightly"
#: What tells when, by which run and from which delivery, and since when it is known: a row that came right only later
#: is known later, and predicted then. The rows may not differ.
OF_THE_RUN = {
    *("ingested_at", "source_file", "source_sha256", "source_line", "file", "sha256", "line", "run_id"),
    *("known_at", "predicted_at", "label_known_at"),
}
#: Tables that tell of the deliveries themselves, and of what was wrong with them.
OF_DELIVERIES = {"deliveries", "quarantine", "operations_quarantine", "failures_quarantine"}


def day(night: int) -> date:
    """The day of a night, counted from 0."""
    return FIRST_NIGHT + timedelta(days=night)


@dataclass(frozen=True)
class Disturbed:
    """The platform in a folder, with a landing folder that real files are dropped to."""

    home: Path
    environment: dict[str, str]

    @property
    def lake(self) -> Lake:
        return Lake(self.environment["LAKE_URI"])

    @property
    def landing(self) -> Path:
        return Path(self.environment["LANDING"]) / "milling"

    def files(self, night: int) -> dict[str, bytes]:
        """What the machines deliver of a night's day."""
        shop = Shop()
        return {f"ai4i_{name}_{day(night)}.csv": day_file(shop, name, day(night)) for name in shop.machines}

    def drop(self, files: dict[str, bytes]) -> None:
        """As a source delivers: whole, under its name."""
        for name, content in files.items():
            hidden = self.landing / f".{name}"
            hidden.write_bytes(content)
            hidden.rename(self.landing / name)

    def night(self, night: int) -> bool:
        """Make the day of a night; whether its run succeeded."""
        told = day(night).isoformat()
        return run_days(self.environment, JOB, told, told, raise_on_error=False).success

    def on_call_looks(self, cursor: str | None) -> str | None:
        """Evaluate the sensor that tells people; its new cursor."""
        with platform_in(self.environment) as (defs, instance):
            resources = {name: (defs.resources or {})[name] for name in ("lake", "landing")}
            context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs, resources=resources)
            return defs.resolve_sensor_def("alerts").evaluate_tick(context).cursor

    def failing(self) -> set[str]:
        """The checks that did not pass when they were last made, as people are told of them."""
        with platform_in(self.environment) as (defs, instance):
            keys = list(defs.resolve_asset_graph().asset_check_keys)
            latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
            failed = [key for key, one in latest.items() if one.status is AssetCheckExecutionRecordStatus.FAILED]
            return {f"{'/'.join(key.asset_key.path)} {key.name}" for key in failed}

    def told(self) -> pd.DataFrame:
        """The messages in the order in which they were told, but that of the first model's promotion."""
        if not self.lake.exists(INCIDENTS):
            return pd.DataFrame(columns=["incident", "state", "kind", "subject", "entry"])
        rows = self.lake.read_pandas(INCIDENTS).sort_values("told_at", ignore_index=True)
        return rows[rows["kind"].ne(str(Kind.PROMOTION)) & rows["state"].ne(CHANGED)]

    def tables(self, nights: int) -> dict[str, pd.DataFrame]:
        """Every table of the domain and its use case, by name: the rows of the nights' days, in one order."""
        found = {}
        for key in delta_tables(self.lake, "raw", "harmonized", "delivery", "monitoring"):
            if key[1] not in ("milling", "milling_failure") or key[-1] in OF_DELIVERIES:
                continue
            rows = self.lake.read_pandas(key)
            if "day" not in rows.columns:
                continue
            at = pd.to_datetime(rows["day"]).dt.date
            rows = rows[(at >= day(0)) & (at < day(nights))].drop(columns=OF_THE_RUN & set(rows.columns))
            if key[0] == "raw":
                rows = rows.drop_duplicates()  # a delivery that came again, or in another order, is kept as well
            found["/".join(key)] = rows.sort_values(list(rows.columns), ignore_index=True)
        return found


def whole(home: Path) -> Disturbed:
    """The shop after its first days, with a champion; the next day's files are still to come."""
    environment = state_in(home)
    done = run_demo(environment, BEFORE, "milling")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return at(home)


def at(home: Path) -> Disturbed:
    """The platform whose state lies in a folder, fed by the files in its landing folder alone."""
    environment = {name: value for name, value in state_in(home).items() if name != "PLANT_LANDING"}
    return Disturbed(home, environment | {"LANDING": str(home / "landing")})


def copy(of: Disturbed, home: Path) -> Disturbed:
    """A copy that may be disturbed. Its registry still names the first one's artifacts."""
    shutil.copytree(of.home, home, symlinks=True)
    return at(home)


def expect_the_same(found: dict[str, pd.DataFrame], undisturbed: dict[str, pd.DataFrame]) -> None:
    """Row for row, to the last bit."""
    assert found.keys() == undisturbed.keys()
    assert any(len(rows) for rows in undisturbed.values())
    for name, rows in undisturbed.items():
        pd.testing.assert_frame_equal(found[name], rows, check_exact=True, obj=name)


def expect_each_told_once(told: pd.DataFrame, failing: Collection[str] = ()) -> None:
    """No message twice, and everything that was told to have begun was told to be over, but what fails now."""
    assert not told.duplicated(["incident", "state", "channel"]).any(), told
    begun, over = (told[told["state"].eq(state)] for state in (BEGAN, OVER))
    assert set(over["incident"]) <= set(begun["incident"]), told
    lasting = begun[~begun["incident"].isin(over["incident"])]
    assert set(lasting["subject"]) == set(failing), told


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A file system that nobody can write to."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """A disk with hardly any room left: the folder lies on one of its own, which is filled up."""
    disk = folder.with_name(f"{folder.name}-disk")
    disk.mkdir()
    needed = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={2 * needed + 2**24}", "tmpfs", disk], check=True)
    shutil.copytree(folder, disk / "tables", symlinks=True)
    moved = folder.with_name(f"{folder.name}-before")
    folder.rename(moved)
    folder.symlink_to(disk / "tables")
    filler = disk / "filler"
    with filler.open("wb") as out:
        room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        os.posix_fallocate(out.fileno(), 0, max(room - 2**14, 1))
    try:
        yield
    finally:
        filler.unlink()
        folder.unlink()
        shutil.copytree(disk / "tables", folder, symlinks=True)
        subprocess.run(["umount", disk], check=True)
