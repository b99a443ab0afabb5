"""The nights of the milling and energy domains up to their conformed tables, on files of a landing folder."""

import gzip
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from lakehouse_assets.contracts.personal.erased import add_erased
from lakehouse_assets.contracts.personal.pseudonyms import Pseudonyms
from lakehouse_assets.defs.milling.zones import simulate
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.plant import milling
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import platform_in, run_days

DAYS = ("2024-01-01", "2024-01-02")
PRODUCTS, READINGS = ["raw", "milling", "products"], ["raw", "energy", "readings"]
OPERATIONS = ["harmonized", "milling", "operations"]
ZONES = ("landing", "raw", "harmonized")


def conformed(environment: dict[str, str], domain: str, first: str, last: str) -> dg.ExecuteInProcessResult:
    """A domain's nights from its files to its conformed tables; its use case learns from more days than these."""
    with platform_in(environment) as (defs, _):
        keys = defs.resolve_job_def(f"{domain}_nightly").asset_layer.executable_asset_keys
    return run_days(environment, f"{domain}_nightly", first, last, [key for key in keys if key.path[0] in ZONES])


def failed(result: dg.ExecuteInProcessResult) -> list[str]:
    found = result.get_asset_check_evaluations()
    return sorted(f"{one.asset_key.to_user_string()} {one.check_name}" for one in found if not one.passed)


def test_a_landing_folder_with_one_domain_serves_that_domain_and_leaves_the_others_empty(tmp_path: Path) -> None:
    landing = tmp_path / "delivered"
    milling.write_days(milling.Shop(machines=("M01",)), landing / "milling", date(2024, 1, 1), date(2024, 1, 2))
    environment, lake = state_in(tmp_path, LANDING=str(landing)), Lake(str(tmp_path / "lake"))
    assert failed(conformed(environment, "milling", *DAYS)) == []
    assert conformed(environment, "energy", *DAYS).success
    assert run_days(environment, "shared_nightly", *DAYS).success
    assert lake.row_count(OPERATIONS) == 600
    assert lake.row_count(["harmonized", "energy", "readings"]) == 0
    assert lake.read_pandas(["harmonized", "shared", "equipment"])["equipment_id"].tolist() == ["milling-M01"]

    torn = landing / "milling" / "ai4i_M01_2024-01-02.csv"
    torn.write_bytes(torn.read_bytes()[:-20].replace(b",300.", b",hot", 1))
    assert failed(conformed(environment, "milling", DAYS[1], DAYS[1])) == [
        "harmonized/milling/operations_quarantine every_row_keeps_the_contract",
        "raw/milling/quarantine every_delivery_is_readable",
    ]
    assert lake.row_count(PRODUCTS) == 600 + 299
    assert lake.row_count(OPERATIONS) == 598
    (reject,) = lake.read_pandas(["raw", "milling", "quarantine"]).to_dict("records")
    assert (reject["file"], reject["line"], reject["reason"]) == (torn.name, 301, "file ends inside this line")


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_unknown_kind_does_not_bring_an_erased_person_back(packed: bool, tmp_path: Path) -> None:
    """Such a file is kept in quarantine as it is; who was erased must not come back with it."""
    key, lake = b"the key of this test and no other", Lake(str(tmp_path / "lake"))
    folder = tmp_path / "delivered" / "milling"
    folder.mkdir(parents=True)
    note = b"late: B-10423\n"
    (folder / "shifts.txt").write_bytes(gzip.compress(note) if packed else note)
    add_erased(lake, [(Pseudonyms(key).of("B-10423"), key)])
    environment = state_in(tmp_path, LANDING=str(folder.parent), PSEUDONYM_KEY=key.decode())
    kept = [dg.AssetKey(["raw", "milling", name]) for name in ("deliveries", "quarantine")]
    assert run_days(environment, "milling_nightly", DAYS[0], DAYS[0], only=kept).success
    (row,) = lake.read(["raw", "milling", "quarantine"]).to_pylist()
    assert (row["file"], row["content"]) == ("shifts.txt", b"erased" if packed else b"late: erased\n")


def test_a_simulated_day_run_twice_adds_nothing(tmp_path: Path) -> None:
    environment, lake = state_in(tmp_path), Lake(str(tmp_path / "lake"))
    for _ in range(2):
        assert failed(conformed(environment, "energy", DAYS[0], DAYS[0])) == []
        assert run_days(environment, "shared_nightly", DAYS[0], DAYS[0]).success
        assert lake.row_count(READINGS) == lake.row_count(["harmonized", "energy", "readings"]) == 192
        assert lake.row_count(["harmonized", "shared", "equipment"]) == 2


def test_drift_on_command_reaches_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLANT_SEED", raising=False)
    monkeypatch.setenv("PLANT_DRIFT_MILLING", "torque_nm:2024-01-02:2.0")
    simulate(tmp_path, date(2024, 1, 1), date(2024, 1, 2))
    shop = milling.Shop()
    names = [tmp_path / f"ai4i_M01_2024-01-0{n}.csv" for n in (1, 2)]
    plain = [milling.day_file(shop, "M01", date(2024, 1, n)) for n in (1, 2)]
    assert [name.read_bytes() == content for name, content in zip(names, plain, strict=True)] == [True, False]
    monkeypatch.setenv("PLANT_DRIFT_MILLING", "torque_nm:soon:2.0")
    with pytest.raises(ValueError, match="PLANT_DRIFT_MILLING: expected column:YYYY-MM-DD:shift"):
        simulate(tmp_path, date(2024, 1, 3), date(2024, 1, 3))
