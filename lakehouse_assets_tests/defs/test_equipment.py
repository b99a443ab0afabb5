"""One table of all equipment, from real harmonized tables, and its history."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from deltalake import write_deltalake

from lakehouse_assets import definitions as platform
from lakehouse_assets.contracts.promise import ContractedIOManager
from lakehouse_assets.contracts.schema import promised_spec
from lakehouse_assets.defs.shared import conform
from lakehouse_assets.defs.shared.equipment import EQUIPMENT, equipment
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.table import Lake

DAY1, DAY2 = date(2024, 1, 1), date(2024, 1, 2)


def fly(lake: Lake, table: str, rows: Sequence[tuple[str, str, date]]) -> None:
    frame = pd.DataFrame(rows, columns=["engine_id", "fleet", "day"])
    write_deltalake(lake.table_uri(["harmonized", "turbofan", table]), frame, mode="append", partition_by=["day"])


def gather(lake: Lake) -> pd.DataFrame:
    resources = {"io_manager": DeltaIOManager(lake_uri=lake.uri), "lake": LakeResource(lake_uri=lake.uri)}
    assert dg.materialize([equipment], resources=resources, instance=dg.DagsterInstance.ephemeral()).success
    return lake.read_pandas(EQUIPMENT).sort_values(["equipment_id", "valid_from"], ignore_index=True)


def at(day: date) -> pd.Timestamp:
    return pd.Timestamp(day, tz="UTC")


def test_a_failure_closes_the_engines_row_and_opens_one_out_of_service(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    fly(lake, "readings", [("turbofan-FS001-001", "FS001", DAY1), ("turbofan-XX999-002", "XX999", DAY2)])
    first = gather(lake)
    assert first[["equipment_id", "kind", "site", "in_service"]].values.tolist() == [
        ["turbofan-FS001-001", "engine", "plant-north", True],
        ["turbofan-XX999-002", "engine", "unassigned", True],
    ]
    assert first["first_seen"].tolist() == [DAY1, DAY2]
    assert first["valid_from"].tolist() == [at(DAY1), at(DAY2)], "the rows' days, not the run's clock"
    version = lake.content_version(EQUIPMENT)
    assert len(gather(lake)) == 2
    assert lake.content_version(EQUIPMENT) == version
    fly(lake, "readings", [("turbofan-FS001-001", "FS001", DAY2)])
    fly(lake, "failures", [("turbofan-FS001-001", "FS001", DAY2)])
    history = gather(lake)
    assert history[["equipment_id", "in_service", "out_of_service_since", "is_current"]].values.tolist() == [
        ["turbofan-FS001-001", True, None, False],
        ["turbofan-FS001-001", False, DAY2, True],
        ["turbofan-XX999-002", True, None, True],
    ]
    assert history["valid_to"].iloc[0] == history["valid_from"].iloc[1] == at(DAY2)


def test_days_that_come_at_once_give_the_history_of_days_that_come_one_by_one(tmp_path: Path) -> None:
    nights, backfill = Lake(str(tmp_path / "nights")), Lake(str(tmp_path / "backfill"))
    engines = ("turbofan-FS001-001", "turbofan-FS001-002")
    for day in (DAY1, DAY2, date(2024, 1, 3)):
        for lake in (nights, backfill):
            fly(lake, "readings", [(engine, "FS001", day) for engine in engines if (engine, day) != (engines[1], DAY1)])
            if day == DAY2:
                fly(lake, "failures", [(engines[0], "FS001", day)])
        told = gather(nights)
    assert len(told) == 3
    pd.testing.assert_frame_equal(gather(backfill), told)


def test_a_move_to_another_site_opens_a_row_and_a_return_another_while_a_fleet_of_the_same_site_opens_none(
    tmp_path: Path,
) -> None:
    lake, days = Lake(str(tmp_path)), [date(2024, 1, n) for n in range(1, 6)]
    # FS001 and FD001 stand in the north, FS002 in the south.
    fly(lake, "readings", list(zip(["e"] * 5, ["FS001", "FD001", "FS002", "FS002", "FS001"], days, strict=True)))
    history = gather(lake)
    assert history[["site", "valid_from"]].values.tolist() == [
        ["plant-north", at(days[0])],
        ["plant-south", at(days[2])],
        ["plant-north", at(days[4])],
    ]
    assert history["valid_to"].tolist()[:2] == history["valid_from"].tolist()[1:]
    assert history["is_current"].tolist() == [False, False, True]
    assert set(history["first_seen"]) == {days[0]}


def test_an_engine_that_fails_on_its_first_day_was_never_in_service(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    fly(lake, "readings", [("e", "FS001", DAY2)])
    fly(lake, "failures", [("e", "FS001", DAY1)])
    (row,) = gather(lake).to_dict("records")
    assert (row["in_service"], row["out_of_service_since"], row["valid_from"]) == (False, DAY1, at(DAY2))


def test_the_times_in_which_a_row_held_are_described_as_in_the_contract(tmp_path: Path) -> None:
    lake, contract = Lake(str(tmp_path)), platform.contracts()[tuple(EQUIPMENT)]
    fly(lake, "readings", [("turbofan-FS001-001", "FS001", DAY1)])
    asset = dg.map_asset_specs(lambda spec: promised_spec(spec, contract), [equipment])
    manager = ContractedIOManager(lake_uri=lake.uri)
    for _ in range(2):
        assert dg.materialize(asset, resources={"io_manager": manager, "lake": LakeResource(lake_uri=lake.uri)}).success
    said = {field.name: field.metadata.get("comment") for field in lake.open(EQUIPMENT).schema().fields}
    assert said == {column.name: column.description for column in contract.columns}


def test_a_lake_without_any_domain_has_no_equipment(tmp_path: Path) -> None:
    assert gather(Lake(str(tmp_path))).empty


def test_a_place_stands_in_one_site_only(tmp_path: Path) -> None:
    register = tmp_path / "equipment.yaml"
    register.write_text("domains: {}\nsites: {a: [X], b: [X]}\n")
    with pytest.raises(ValueError, match="X stands in a and in b: expected one site"):
        conform.load_register(register)
