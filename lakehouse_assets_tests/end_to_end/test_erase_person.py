"""Personal data through the real assets, and the erase job as the UI starts it: nothing keeps the badge or the key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.contracts.personal.pseudonyms import Pseudonyms
from lakehouse_assets.lake.errors import ErasedVersionError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import platform_in, run_days
from lakehouse_assets_tests.operations.erasure.people import everybody, grep

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("people")]

KEY = "the secret key of this test and no other"
RAW = ["raw", "turbofan", "maintenance_records"]
HARMONIZED = ["harmonized", "turbofan", "maintenance_records"]
DAYS = ("2024-01-01", "2024-01-03")
ASSETS = [
    dg.AssetKey(key)
    for key in (
        ["landing", "turbofan", "files"],
        RAW,
        ["raw", "turbofan", "deliveries"],
        ["raw", "turbofan", "quarantine"],
        HARMONIZED,
        ["harmonized", "turbofan", "maintenance_quarantine"],
    )
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three simulated days, the last one with a torn line and a record that breaks its contract."""
    folder = tmp_path_factory.mktemp("people")
    ingest(folder)
    badge = somebody(folder)
    torn = folder / "landing" / "turbofan" / "maintenance_FS001_2024-01-03.csv"
    torn.write_text(torn.read_text() + f"{badge},1,2024-01-03,inspection,{badge},\n{badge},2,2024-01-0")
    (folder / "landing" / "turbofan" / "shifts.txt").write_text(f"late: {badge}\n")
    ingest(folder)
    return folder


def environment(folder: Path) -> dict[str, str]:
    return state_in(folder, PSEUDONYM_KEY=KEY)


def lake_of(folder: Path) -> Lake:
    return Lake(environment(folder)["LAKE_URI"])


def ingest(folder: Path) -> None:
    assert run_days(environment(folder), "turbofan_road", *DAYS, only=ASSETS).success


def somebody(folder: Path) -> str:
    """The badge of who wrote the most records."""
    return str(lake_of(folder).read_pandas(RAW)["badge"].mode().iloc[0])


def run_job(folder: Path, **config: Any) -> dg.ExecuteInProcessResult:
    given = {"reason": "request 17", "requested_by": "protection officer", "in_flight_minutes": 0, **config}
    with platform_in(environment(folder)) as (defs, instance):
        return defs.resolve_job_def("erase_person").execute_in_process(
            instance=instance, run_config={"ops": {"erase_everywhere": {"config": given}}}
        )


def test_a_person_passes_through_lake_and_dagster_unseen_and_is_erased_by_the_job(home: Path) -> None:
    lake, badge, keys = lake_of(home), somebody(home), Pseudonyms(KEY.encode())
    pseudonym = keys.of(badge)
    kept = ("lake/raw/turbofan/maintenance_records/", "lake/raw/turbofan/quarantine/", "landing/")
    assert len(grep(home, badge)) > 4
    assert [path for path in grep(home, badge) if not path.startswith(kept)] == [], "the badge is in raw alone"
    assert [p for p in grep(home, pseudonym) if not p.startswith("lake/harmonized/")] == [], (
        "masked in what Dagster keeps"
    )
    assert grep(home, KEY, KEY.encode().hex()) == [], "the key is nowhere"
    quarantine = lake.read_pandas(["harmonized", "turbofan", "maintenance_quarantine"])
    assert quarantine["rule"].tolist() == [f"minutes must be a whole number, found '{pseudonym}'"]
    before = {tuple(key): everybody(lake, key) for key in (RAW, HARMONIZED)}

    dry = run_job(home, badge=badge)
    assert dry.success
    assert {tuple(key): everybody(lake, key) for key in (RAW, HARMONIZED)} == before
    done = run_job(home, badge=badge, dry_run=False)
    assert done.success

    assert grep(home, badge) == [], "not in the lake, the landing folder, the event log, nor the runs' config"
    assert [path for path in grep(home / "lake", pseudonym) if not path.startswith("monitoring/platform/")] == []
    for key in (RAW, HARMONIZED):
        expected = [
            tuple(
                value.replace(badge, "erased").replace(pseudonym, "erased") if isinstance(value, str) else value
                for value in row
            )
            for row in before[tuple(key)]
        ]
        assert everybody(lake, key) == sorted(expected, key=repr)
    with pytest.raises(ErasedVersionError):
        lake.read(RAW, version=0)
    assert entries(lake)["action"].tolist() == ["erase_begun", "erase"]
    assert entries(lake)["run_id"].iloc[-1] == done.run_id

    brought_back(home, badge, pseudonym)


def brought_back(home: Path, badge: str, pseudonym: str) -> None:
    """Running the days again, and a file that comes back with the person in it, change no row and bring nobody back."""
    lake = lake_of(home)
    before = {tuple(key): everybody(lake, key) for key in (RAW, HARMONIZED)}
    for path in (home / "landing" / "turbofan").glob("maintenance_*.csv"):
        path.unlink()
    ingest(home)
    assert len(grep(home / "landing", badge)) > 1, "the plant delivers the person again"
    assert grep(home / "lake", badge) == []
    assert [path for path in grep(home / "lake", pseudonym) if not path.startswith("monitoring/platform/")] == []
    again = {tuple(key): everybody(lake, key) for key in (RAW, HARMONIZED)}
    assert len(again[tuple(HARMONIZED)]) == len(before[tuple(HARMONIZED)])
    assert run_job(home, badge=badge, dry_run=False).success
    assert grep(home, badge) == []
