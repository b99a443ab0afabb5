"""Milling, harmonized: what the shop made is what the tables say, in SI units and UTC, with the label set apart."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.conform import Conformed, conform, to_arrow
from lakehouse_assets.contracts.quarantine import quarantine_table
from lakehouse_assets.defs.milling import harmonize
from lakehouse_assets.defs.milling.days import SOURCE, contract
from lakehouse_assets.sources.plant.milling import HEADER, MODES, Shop, period, write_days
from lakehouse_assets_tests.defs.deliveries import NOW, raw_of
from lakehouse_assets_tests.sources.published import published

SHOP, DAY = Shop(), date(2024, 1, 5)
LABELS = {"failed", *(name for name in harmonize.FINDINGS.values())}


def operations(raw: pd.DataFrame) -> Conformed:
    return conform(harmonize.operations(raw, SOURCE), contract("harmonized", "operations"))


def failures(raw: pd.DataFrame) -> Conformed:
    return conform(harmonize.failures(raw, SOURCE), contract("harmonized", "failures"))


def drop(folder: Path, *lines: str, name: str = "ai4i_M01_2024-01-05.csv") -> pd.DataFrame:
    (folder / name).write_text("\n".join((HEADER, *lines, "")))
    return raw_of(folder, SOURCE, DAY, DAY)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 40), st.integers(0, 3))
def test_what_the_shop_made_is_what_raw_holds_and_harmonized_says(tmp_path_factory, days, machine):
    folder, day = tmp_path_factory.mktemp("landing"), SHOP.first_day + timedelta(days=days)
    write_days(SHOP, folder, day, day)
    raw = raw_of(folder, SOURCE, day, day)
    assert (len(raw), raw["file"].nunique()) == (1200, 4)
    name = SHOP.machines[machine]
    lines = (folder / f"ai4i_{name}_{day}.csv").read_bytes().decode("utf-8-sig").splitlines()[1:]
    of_machine = raw[raw["machine_id"].eq(f"milling-{name}")]
    assert [",".join(row) for row in of_machine[SOURCE.value_columns].itertuples(index=False)] == lines
    made = period(SHOP, name, days // 10)
    part = slice(days % 10 * 300, days % 10 * 300 + 300)
    told, found = operations(raw), failures(raw)
    assert told.broken.empty
    assert found.broken.empty
    ours = told.rows[told.rows["machine_id"].eq(f"milling-{name}")]
    assert ours["rotational_speed"].to_numpy() == pytest.approx(made.speed[part] * 2 * np.pi / 60)
    assert ours["tool_wear"].to_numpy() == pytest.approx(made.wear[part] * 60.0)
    assert ours["air_temperature"].to_numpy() == pytest.approx(made.air[part])
    assert ours["torque"].to_numpy() == pytest.approx(made.torque[part])
    theirs = found.rows[found.rows["machine_id"].eq(f"milling-{name}")]
    modes = [harmonize.FINDINGS[mode.lower()] for mode in MODES]
    assert theirs[modes].to_numpy(dtype=bool).tolist() == made.modes[part].tolist()
    assert theirs["failed"].to_numpy(dtype=bool).tolist() == made.modes[part].any(axis=1).tolist()


def test_a_products_time_is_declared_and_known_on_the_next_day_its_failure_later(tmp_path: Path) -> None:
    raw = drop(tmp_path, "2,M14860,M,298.1,308.6,1551,42.8,0,1,0,1,0,0,0")
    made, found = operations(raw).rows.iloc[0], failures(raw).rows.iloc[0]
    assert made["event_time"] == found["event_time"] == pd.Timestamp("2024-01-05T06:03:12Z")
    assert made["known_at"] == pd.Timestamp("2024-01-06T00:30Z")
    assert found["known_at"] == pd.Timestamp("2024-01-06T12:00Z")
    assert made["ingested_at"] == pd.Timestamp(NOW)
    assert (made["machine_id"], made["product_id"], made["quality"]) == ("milling-M01", "M14860", "M")
    assert (found["failed"], found["heat_dissipation_failure"], found["power_failure"]) == (1, 1, 0)


def test_no_label_stands_beside_the_conditions() -> None:
    assert not LABELS & set(contract("harmonized", "operations").column_names)
    assert set(contract("harmonized", "failures").column_names) >= LABELS


def test_a_row_that_breaks_the_contract_is_set_aside_with_its_source(tmp_path: Path) -> None:
    good = "1,M14860,M,298.1,308.6,1551,42.8,0,0,0,0,0,0,0"
    raw = drop(tmp_path, good, good.replace("298.1", "cold").replace("1,", "2,", 1), good.replace("42.8", "-4"))
    split = operations(raw)
    assert split.rows["source_line"].tolist() == [2]
    aside = contract("harmonized", "operations_quarantine")
    table = quarantine_table(split.broken, raw, SOURCE.value_columns, aside).to_pylist()
    rules = {row["source_line"]: row["rule"] for row in table}
    assert rules[3] == "air_temperature must be a number, found 'cold'"
    assert rules[4].startswith("torque must be at least 0")
    assert json.loads(next(row["row"] for row in table if row["source_line"] == 3))["air_temperature_k"] == "cold"
    assert {row["source_file"] for row in table} == {"ai4i_M01_2024-01-05.csv"}


def test_a_finding_that_is_neither_yes_nor_no_is_set_aside(tmp_path: Path) -> None:
    raw = drop(tmp_path, "1,M14860,M,298.1,308.6,1551,42.8,0,2,0,0,0,0,0")
    assert failures(raw).broken["rule"].tolist() == ["failed must be at most 1, found 2"]
    assert len(operations(raw).rows) == 1


def test_no_rows_give_empty_tables_that_keep_the_contracts(tmp_path: Path) -> None:
    raw = raw_of(tmp_path, SOURCE, DAY, DAY)
    for split, table in ((operations(raw), "operations"), (failures(raw), "failures")):
        assert to_arrow(split.rows, contract("harmonized", table)).num_rows == 0
        aside = contract("harmonized", f"{table}_quarantine")
        assert quarantine_table(split.broken, raw, SOURCE.value_columns, aside).num_rows == 0


def test_the_published_file_is_taken_whole(tmp_path: Path) -> None:
    path = published("milling", "ai4i2020.csv")
    (tmp_path / path.name).symlink_to(path)
    raw = raw_of(tmp_path, SOURCE, date(2024, 1, 1), date(2024, 1, 31))
    told, found = operations(raw), failures(raw)
    assert told.broken.empty
    assert found.broken.empty
    assert len(told.rows) == len(found.rows) == 10_000
    assert told.rows["day"].nunique() == 7
    assert told.rows["event_time"].is_monotonic_increasing
    assert told.rows["event_time"].iloc[[0, -1]].tolist() == [
        pd.Timestamp("2024-01-01T00:00Z"),
        pd.Timestamp("2024-01-07T22:39Z"),
    ]
    sums = found.rows[list(harmonize.FINDINGS.values())].sum().tolist()
    assert sums == [339, 46, 115, 95, 98, 19]
