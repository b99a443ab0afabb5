"""People put quarantined rows of milling right: one raw row feeds two tables, and a repair is for the one it names."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.sources.plant.milling import HEADER
from lakehouse_assets_tests.operations.repairs.dropping import Dropping

DAYS = ("2024-01-01", "2024-01-03")
FIRST, LAST = "ai4i_M01_2024-01-01.csv", "ai4i_M01_2024-01-03.csv"
HELD = "harmonized/milling/operations"


def product(number: int, torque: str = "42.8", failed: str = "0", air: str = "298.1") -> str:
    return f"{number},M1486{number},M,{air},308.6,1551,{torque},{number},{failed},0,0,0,0,0"


#: Line 3 has text where a torque belongs, line 4 a finding that is none, line 5 both; line 6 repeats the number of 2.
LINES = (
    product(1),
    product(2, torque="abc"),
    product(3, failed="2"),
    product(4, torque="-1", failed="7"),
    product(1, torque="50.0"),
)


def delivered(folder: Path) -> Dropping:
    shop = Dropping(folder, "milling", HEADER, DAYS)
    shop.drop(FIRST, *LINES)
    shop.drop(LAST, product(1, torque="hot"))
    shop.ingest()
    assert list(shop.aside("operations_quarantine")) == [2, 3, 5, 6]
    assert list(shop.aside("failures_quarantine")) == [4, 5, 6]
    return shop


@pytest.fixture
def shop(tmp_path: Path) -> Dropping:
    return delivered(tmp_path)


@pytest.fixture(scope="module")
def shop_left_alone(tmp_path_factory: pytest.TempPathFactory) -> Dropping:
    return delivered(tmp_path_factory.mktemp("shop"))


def row(line: int, file: str = FIRST, **wanted: Any) -> dict[str, Any]:
    return {"source_file": file, "source_line": line, **wanted}


def test_repaired_rows_enter_the_table_that_the_repair_names_and_stay_in_it_whatever_runs_again(shop: Dropping) -> None:
    wanted = [
        row(3, values={"torque_nm": "41.5"}),
        row(5, values={"torque_nm": "40", "tool_wear_min": "9"}),
        row(6, discard=True),
        row(2, LAST, values={"torque_nm": "39"}),
    ]
    told = shop.repair(*wanted, dry_run=True)
    assert "dry run, nothing was written. Would be done in operations" in told
    assert f'{FIRST} line 3: correct {{"torque_nm": "41.5"}}' in told
    assert not shop.lake.exists(shop.repairs)
    before = {name: shop.rows(name) for name in ("operations", "failures")}

    shop.repair(*wanted)
    assert shop.aside("operations_quarantine") == {}
    of_first_day = shop.rows("operations").query("source_file == @FIRST")
    assert of_first_day["torque"].to_dict() == {2: 42.8, 3: 41.5, 4: 42.8, 5: 40.0}
    assert of_first_day.loc[5, "tool_wear"] == 9 * 60
    made_at = shop.kept()["made_at"].iloc[0]
    assert of_first_day["known_at"].tolist() == [
        *[pd.Timestamp("2024-01-02T00:30Z"), made_at, pd.Timestamp("2024-01-02T00:30Z"), made_at]
    ], "a repaired row is known since its repair, its neighbours as before"
    pd.testing.assert_frame_equal(shop.rows("failures"), before["failures"])
    assert list(shop.aside("failures_quarantine")) == [4, 5, 6], "a repair of one table is none of the other"

    (deed,) = entries(shop.lake, "repair").to_dict("records")
    assert (deed["subject"], deed["who"], deed["reason"]) == (HELD, "ines", "read off the gauge")
    assert sorted(one["source_line"] for one in deed["details"]["repairs"]) == [2, 3, 5, 6]
    start, end = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    made_anew = [(tags[start], tags[end]) for tags in shop.runs()[:2]]
    assert sorted(made_anew) == [("2024-01-01", "2024-01-01"), ("2024-01-03", "2024-01-03")], "and no day between"

    repaired = shop.rows("operations")
    shop.ingest()
    pd.testing.assert_frame_equal(shop.rows("operations"), repaired)
    raw = shop.lake.read_pandas(["raw", "milling", "products"], where={"day": date(2024, 1, 1)})
    assert raw.sort_values("line")["torque_nm"].tolist() == ["42.8", "abc", "42.8", "-1", "50.0"], "raw is as delivered"


def test_a_finding_that_was_put_right_is_known_since_its_repair(shop: Dropping) -> None:
    shop.repair(row(4, values={"machine_failure": "1", "hdf": "1"}), row(6, discard=True), table="FAILURES")
    found = shop.rows("failures").query("source_file == @FIRST")
    assert found["failed"].to_dict() == {2: 0, 3: 0, 4: 1}
    assert found.loc[4, "heat_dissipation_failure"] == 1
    assert found.loc[4, "known_at"] == shop.kept()["made_at"].iloc[0]
    assert found.loc[[2, 3], "known_at"].eq(pd.Timestamp("2024-01-02T12:00Z")).all()
    assert list(shop.aside("failures_quarantine")) == [5]
    assert list(shop.aside("operations_quarantine")) == [2, 3, 5, 6]
    assert entries(shop.lake, "repair")["subject"].tolist() == ["harmonized/milling/failures"]


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (row(5, values={"tool_wear_min": "3"}), "with these values it still breaks a rule: torque must be at least 0"),
        (row(4, values={"torque_nm": "3"}), "no such row stands in the quarantine"),
        (row(3, values={"udi": "9"}), "udi cannot be repaired here, only type, air_temperature_k"),
        (row(5, values={"twf": "1"}), "twf cannot be repaired here, only type, air_temperature_k"),
        (
            row(6, values={"torque_nm": "3"}),
            "with these values it still breaks a rule: only one row per machine_id, day, product_number: an earlier",
        ),
        (row(3), "neither discarded nor given a value"),
        (row(4, undo=True), "no such row stands in the quarantine, and none was repaired"),
        (row(3, undo=True), "nobody has repaired it, so there is nothing to undo"),
    ],
)
def test_what_puts_a_row_not_right_is_refused_with_all_others_and_nothing_is_written(
    wish: dict[str, Any], told: str, shop_left_alone: Dropping
) -> None:
    shop = shop_left_alone
    fine = row(2, LAST, values={"torque_nm": "39"})
    said = shop.repair(fine, wish, fails=True)
    assert "1 of the repairs cannot be taken; nothing was written" in said
    assert f"{FIRST} line {wish['source_line']}: {told}" in said
    assert not shop.lake.exists(shop.repairs)
    assert entries(shop.lake, "repair").empty


def test_a_repaired_row_does_not_drive_out_the_row_that_has_its_key(shop: Dropping) -> None:
    shop.drop(FIRST, product(1, torque="abc"), product(1, torque="41"))
    shop.ingest()
    said = shop.repair(row(2, values={"torque_nm": "40"}), fails=True)
    assert f"only one row per machine_id, day, product_number: {FIRST} line 3 has the same; discard one of them" in said
    shop.repair(row(2, discard=True))
    assert shop.rows("operations").loc[3, "torque"] == 41


def test_a_file_that_was_delivered_again_is_not_touched_by_repairs_of_the_delivery_before(shop: Dropping) -> None:
    shop.repair(row(3, values={"torque_nm": "41.5"}))
    shop.drop(FIRST, product(1), product(2, torque="def"), product(3))
    shop.ingest("landing", "raw")
    said = shop.repair(row(5, values={"torque_nm": "40"}), row(6, discard=True), fails=True)
    again = "its file was delivered again since; materialise its days first"
    assert f"{FIRST} line 5: {again}; {FIRST} line 6: {again}" in said
    shop.ingest()
    assert shop.aside("operations_quarantine")[3] == "torque must be a number, found 'def'"
    shop.repair(row(3, values={"torque_nm": "43"}))
    assert shop.rows("operations").query("source_file == @FIRST")["torque"].to_dict() == {2: 42.8, 3: 43.0, 4: 42.8}
    assert len(shop.kept()) == 2


def test_a_run_that_broke_off_before_the_days_were_made_anew_is_started_again_and_repairs_nothing_twice(
    shop: Dropping,
) -> None:
    wanted = row(3, values={"torque_nm": "41.5"})
    table = Path(shop.lake.table_uri(["harmonized", "milling", "operations"]))
    table.rename(table.with_name("away"))
    table.write_text("a disk that went away")
    assert "The repairs are kept, but run" in shop.repair(wanted, row(6, discard=True), fails=True)
    table.unlink()
    table.with_name("away").rename(table)
    kept = shop.kept()
    assert list(shop.aside("operations_quarantine")) == [2, 3, 5, 6]

    shop.repair(wanted, row(6, discard=True))
    pd.testing.assert_frame_equal(shop.kept(), kept)
    assert list(shop.aside("operations_quarantine")) == [2, 5]
    assert shop.rows("operations").query("source_file == @FIRST").loc[3, "known_at"] == kept["made_at"].iloc[0]
    assert len(entries(shop.lake, "repair")) == 1
    assert "line 3: it is repaired so already" in shop.repair(wanted, row(2, LAST, values={"torque_nm": "39"}))
    assert list(shop.aside("operations_quarantine")) == [5]


def test_a_typing_error_in_a_repair_is_put_right_by_another_and_a_wrong_discard_is_undone(shop: Dropping) -> None:
    shop.repair(row(3, values={"torque_nm": "99"}), row(6, discard=True))
    assert shop.rows("operations").query("source_file == @FIRST").loc[3, "torque"] == 99
    shop.repair(row(3, values={"torque_nm": "41.5"}), row(6, undo=True))
    assert shop.rows("operations").query("source_file == @FIRST").loc[3, "torque"] == 41.5
    assert list(shop.aside("operations_quarantine")) == [2, 5, 6], "line 6 stands there again as it was delivered"
    kept = shop.kept()
    assert kept["action"].tolist() == ["correct", "discard", "correct", "undo"]
    assert kept["supersedes"].tolist() == ["", "", *kept["repair_id"][:2]]
    assert len(entries(shop.lake, "repair")) == 2
    known = shop.rows("operations").query("source_file == @FIRST").loc[3, "known_at"]
    assert known == kept["made_at"].iloc[2]

    shop.repair(row(3, undo=True))
    assert list(shop.aside("operations_quarantine")) == [2, 3, 5, 6]
    assert 3 not in shop.rows("operations").query("source_file == @FIRST").index
    shop.ingest()
    assert list(shop.aside("operations_quarantine")) == [2, 3, 5, 6]


def test_where_there_is_nothing_to_do_no_dry_run_is_told_that_was_none(shop_left_alone: Dropping) -> None:
    told = shop_left_alone.repair()
    assert "there is nothing to do in operations, so nothing was written" in told
    assert "dry run" not in told
