"""People put quarantined readings of a meter right, from a file; who they are can be erased like anybody."""

import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.contracts.personal.pseudonyms import pseudonyms_of_environment
from lakehouse_assets.operations.erasure.contracts import personal_tables
from lakehouse_assets.operations.erasure.erase import Place, Request, erase
from lakehouse_assets.sources.plant.energy import HEADER, Works, day_file
from lakehouse_assets_tests.end_to_end.own_platform import platform_in
from lakehouse_assets_tests.operations.repairs.dropping import Dropping

DAY, FILE = "2024-02-14", "steel_EM01_2024-02-14.csv"
WHOLE = "readings every_meter_day_is_whole"
IN_FORCE = "quarantine every_row_keeps_the_contract"
WORKS = Works()


@pytest.fixture
def meter(tmp_path: Path) -> Dropping:
    """A whole day of a meter but for lines 11, without a number, and 12, with a power factor of 300 per cent."""
    meter = Dropping(tmp_path, "energy", HEADER, (DAY, DAY))
    header, *lines = day_file(WORKS, WORKS.meters[0], date.fromisoformat(DAY)).decode("utf-8-sig").splitlines()
    assert header == HEADER
    lines[9] = re.sub(r",[^,]*", ",??", lines[9], count=1)
    lines[10] = re.sub(r"^((?:[^,]*,){5})[^,]*", r"\g<1>300", lines[10])
    meter.drop(FILE, *lines)
    checks = meter.ingest()
    assert (checks[WHOLE].passed, checks[IN_FORCE].passed) == (False, False)
    assert "energy_repair_quarantined_rows" in str(checks[IN_FORCE].metadata["what_to_do"].value)
    assert list(meter.aside("quarantine")) == [11, 12]
    return meter


def test_a_file_of_repairs_makes_the_meters_day_whole_and_its_author_can_be_erased(
    meter: Dropping, tmp_path: Path
) -> None:
    file = tmp_path / "repairs.csv"
    file.write_text(f"source_file,source_line,usage_kwh,lagging_power_factor\n{FILE},11,3.5,\n{FILE},12,,70\n")
    told = meter.repair(repairs_file=str(file), who="B-10423")
    assert f'{FILE} line 12: correct {{"lagging_power_factor": "70"}}' in told
    readings = meter.rows("readings")
    assert len(readings) == 96
    assert meter.aside("quarantine") == {}
    assert (readings.loc[11, "usage"], readings.loc[12, "lagging_power_factor"]) == (3.5, pytest.approx(0.7))
    made_at = meter.kept()["made_at"].iloc[0]
    assert readings.loc[[11, 12], "known_at"].eq(made_at).all()
    assert readings.drop(index=[11, 12])["known_at"].eq(pd.Timestamp("2024-02-14T15:00Z")).all()
    checks = meter.ingest("harmonized")
    assert (checks[WHOLE].passed, checks[IN_FORCE].passed) == (True, True)

    with platform_in(meter.environment) as (defs, _):
        contracts, keys = personal_tables(defs.resolve_all_asset_specs()), pseudonyms_of_environment()
        repairs = {key: one.columns for key, one in contracts.items() if key.endswith("/repairs")}
        assert repairs == {f"raw/{name}/repairs": {"made_by": "personal"} for name in ("energy", "milling", "turbofan")}
        report = erase(Place(meter.lake, contracts), Request("B-10423", "officer", "request 17"), keys, dry_run=False)
    assert "raw/energy/repairs" in report.tables
    assert meter.kept()["made_by"].unique().tolist() == ["erased"]
    meter.ingest("harmonized")
    pd.testing.assert_frame_equal(meter.rows("readings"), readings)
