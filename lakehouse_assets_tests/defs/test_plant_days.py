"""Each plant's day in one row, from real tables of three domains, some of which deliver or predict nothing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse_assets.defs.shared import mart
from lakehouse_assets.defs.shared.equipment import EQUIPMENT
from lakehouse_assets.defs.shared.plant_days import PLANT_DAYS, plant_days
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.sql.duckdb_resource import DuckDB
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import run_days

YESTERDAY, DAY = date(2024, 1, 4), date(2024, 1, 5)
MART = mart.load_mart(Path(mart.__file__).parent / "plant_days.yaml")
FIGURES = [
    *("engines_in_service", "engines_at_risk", "products_made", "machine_failures"),
    *("expected_failures", "energy_used", "energy_forecast"),
]


def put(lake: Lake, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows of a relation that the mart reads, in its table."""
    source = MART.relations[name]
    schema = mart.rows_of(Lake(lake.uri + "/nothing"), source, DAY, DAY).schema
    table = pa.Table.from_pylist([dict(zip(source.columns, row, strict=True)) for row in rows], schema)
    write_deltalake(lake.table_uri(source.table), table, mode="append")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two plants, one engine, machine and meter in each and a second engine in the north.

    The south's engine stood in the north until yesterday, and leaves for it again tomorrow.
    """
    store = Lake(str(tmp_path))
    names = {"plant-north": ["e1", "e2", "m1", "k1"], "plant-south": ["e3", "m2", "k2"]}
    begin, came, left = (datetime(2024, 1, n, tzinfo=UTC) for n in (1, 4, 6))
    stays = [(one, site, begin, None) for site, ones in names.items() for one in ones if one != "e3"]
    moved = [("plant-north", begin, came), ("plant-south", came, left), ("plant-north", left, None)]
    put(store, "equipment", [*stays, *(("e3", *stay) for stay in moved)])
    return store


def deliver(lake: Lake) -> None:
    put(lake, "engine_readings", [(engine, day) for engine in ("e1", "e2", "e3") for day in (YESTERDAY, DAY)])
    put(lake, "engine_failures", [("e2", DAY)])
    put(lake, "products", [(machine, DAY) for machine in ("m1", "m2") for _ in range(10)])
    put(lake, "product_failures", [("m1", DAY, int(n < 2)) for n in range(10)] + [("m2", DAY, 0)] * 10)
    put(lake, "meter_readings", [("k1", DAY, 1.5)] * 96 + [("k2", DAY, 2.0)] * 96)


def predict(lake: Lake) -> None:
    put(lake, "engine_predictions", [("e1", DAY, 29.9), ("e3", DAY, 30.0), ("e1", YESTERDAY, 3.0)])
    put(lake, "product_predictions", [("m1", DAY, 0.25)] * 10 + [("m2", DAY, 0.01)] * 10)
    put(
        lake, "meter_forecasts", [("k1", YESTERDAY, 1.0)] * 96 + [("k2", YESTERDAY, 3.0)] * 96 + [("k1", DAY, 9.9)] * 96
    )


def rows_on(lake: Lake, day: date = DAY) -> dict[str, list[Any]]:
    """The plants' figures of a day, by plant, as the asset writes them."""
    resources = {
        "io_manager": DeltaIOManager(lake_uri=lake.uri),
        "lake": LakeResource(lake_uri=lake.uri),
        "duckdb": DuckDB(),
    }
    instance = dg.DagsterInstance.ephemeral()
    assert dg.materialize([plant_days], resources=resources, instance=instance, partition_key=day.isoformat()).success
    rows = lake.read(PLANT_DAYS, where={"day": day}).to_pylist()
    return {row["site"]: [row[name] for name in FIGURES] for row in rows}


def test_a_plants_day_joins_what_happened_with_what_was_predicted_of_it(lake: Lake) -> None:
    deliver(lake)
    predict(lake)
    assert rows_on(lake) == {
        "plant-north": [1, 1, 10, 2, pytest.approx(2.5), 144.0, 96.0],
        "plant-south": [1, 0, 10, 0, pytest.approx(0.1), 192.0, 288.0],
    }
    assert rows_on(lake, YESTERDAY) == {
        "plant-north": [2, 1, None, None, None, None, None],
        "plant-south": [1, None, None, None, None, None, None],
    }


def test_without_a_use_case_its_predictions_are_unknown_and_all_else_is_as_before(lake: Lake) -> None:
    deliver(lake)
    assert rows_on(lake) == {
        "plant-north": [1, None, 10, 2, None, 144.0, None],
        "plant-south": [1, None, 10, 0, None, 192.0, None],
    }


def test_a_domain_that_delivered_nothing_leaves_its_figures_unknown(lake: Lake) -> None:
    put(lake, "meter_readings", [("k2", DAY, 2.0)] * 4)
    assert rows_on(lake) == {"plant-south": [None, None, None, None, None, 8.0, None]}


def test_a_lake_without_any_table_has_no_days(tmp_path: Path) -> None:
    assert rows_on(Lake(str(tmp_path))) == {}


def test_the_column_lineage_follows_from_the_statement(lake: Lake) -> None:
    deliver(lake)
    resources = {
        "io_manager": DeltaIOManager(lake_uri=lake.uri),
        "lake": LakeResource(lake_uri=lake.uri),
        "duckdb": DuckDB(),
    }
    done = dg.materialize([plant_days], resources=resources, partition_key=DAY.isoformat())
    (event,) = done.get_asset_materialization_events()
    lineage = event.materialization.metadata["dagster/column_lineage"].value.deps_by_column
    sources = {
        name: {f"{d.asset_key.to_user_string()}.{d.column_name}" for d in deps} for name, deps in lineage.items()
    }
    assert sources["energy_used"] == {"harmonized/energy/readings.usage"}
    assert sources["energy_forecast"] == {"delivery/energy_demand/predictions.demand"}
    assert "delivery/turbofan_rul/predictions.remaining_cycles" in sources["engines_at_risk"]
    assert sources["expected_failures"] == {"delivery/milling_failure/predictions.failure_probability"}


def test_it_runs_with_the_platform_on_days_before_other_domains_begin(tmp_path: Path) -> None:
    environment, lake = state_in(tmp_path), Lake(str(tmp_path / "lake"))
    first, last = "2018-01-02", "2018-01-03"
    told = (["landing", "energy", "files"], ["raw", "energy", "readings"], ["harmonized", "energy", "readings"])
    keys = [dg.AssetKey(key) for key in (*told, ["harmonized", "energy", "quarantine"])]
    assert run_days(environment, "energy_road", first, last, keys).success
    done = run_days(environment, "shared_nightly", first, last, [dg.AssetKey(EQUIPMENT), dg.AssetKey(PLANT_DAYS)])
    assert done.success
    assert [one.check_name for one in done.get_asset_check_evaluations() if not one.passed] == []
    days: pd.DataFrame = lake.read_pandas(PLANT_DAYS)
    assert len(days) == 4
    readings = lake.read_pandas(["harmonized", "energy", "readings"])
    assert days["energy_used"].sum() == pytest.approx(readings["usage"].sum())


def test_what_it_reads_is_declared_in_words_that_are_checked(tmp_path: Path) -> None:
    told = tmp_path / "mart.yaml"
    told.write_text("relations: {a: {table: x/y, columns: {id: text}}}")
    with pytest.raises(ValueError, match=r"a: type text: expected one of boolean"):
        mart.load_mart(told)
    told.write_text("relations: {a: {table: x/y, columns: {id: string}, days_before: 1}}")
    with pytest.raises(ValueError, match=r"a: days_before needs the column day, found id"):
        mart.load_mart(told)
    told.write_text("relations: {a: {tables: x/y, columns: {id: string}}}")
    with pytest.raises(ValueError, match=r"a: tables: expected table, columns and days_before"):
        mart.load_mart(told)
