"""A source of delimited files that the platform has never seen gets the repair of quarantined rows with two lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import pandas as pd
import pytest

from lakehouse_assets import definitions
from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.contracts.conform import in_unit
from lakehouse_assets.contracts.contract import Column, Contract
from lakehouse_assets.contracts.harmonized import HarmonizedTable
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.repairs.quarantined import repairing
from lakehouse_assets.sources.csv.assets import harmonized_table, raw_assets
from lakehouse_assets.sources.csv.harmonize import identity, origin, rows_in_force
from lakehouse_assets.sources.csv.source import CsvSource, SourceError
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN
from lakehouse_assets.sources.known import known_at
from lakehouse_assets.sources.local_time import interval_ends
from lakehouse_assets.sources.resource import LandingZone
from lakehouse_assets_tests.sources.csv.csv_makers import HEADER, sawing

DAY, FILE = "2024-10-27", "saw_S1_2024-10-27.csv"
SPAN = {"dagster/asset_partition_range_start": DAY, "dagster/asset_partition_range_end": DAY}
PLANKS, ASIDE = ["harmonized", "sawing", "planks"], ["harmonized", "sawing", "quarantine"]


def contract(key: list[str], *columns: Column) -> Contract:
    place = [Column(f"source_{name}", kind, name) for name, kind in (("file", "string"), ("sha256", "string"))]
    own = (Column("saw_id", "string", "saw"), Column("day", "date", "day", partitioned=True), *columns)
    return Contract(
        Path("none"), tuple(key), "For tests.", "team:t", (*own, *place, Column("source_line", "long", "l")), ()
    )


PROMISE = contract(
    PLANKS,
    Column("event_time", "timestamp", "when it was sawn", primary_key=True, required=True),
    *[Column(name, "timestamp", name) for name in ("ingested_at", "known_at")],
    Column("width", "double", "width", unit="m", required=True, maximum=1),
)
QUARANTINE = contract(ASIDE, Column("rule", "string", "rule"), Column("row", "string", "row"))


def planks(raw: pd.DataFrame, source: CsvSource, repairs: pd.DataFrame | None = None) -> pd.DataFrame:
    rows = rows_in_force(raw, source, repairs)
    sawn = interval_ends(rows, "at", "%Y-%m-%d %H:%M", source.timezone)
    who = identity(rows, source, sawn, known_at(rows, source.availability))
    return pd.DataFrame({**who, "width": in_unit(rows["width_mm"], 0.001), **origin(rows)})


class Sawmill:
    """The domain as its authors declare it, in a code location of its own."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.source, self.landing, self.lake = sawing(folder), folder / "landing" / "sawing", Lake(str(folder / "lake"))
        self.landing.mkdir(parents=True)
        self.instance = instance
        days = dg.DailyPartitionsDefinition(self.source.first_day.isoformat())
        table = harmonized_table(self.source, PROMISE, QUARANTINE, planks, ["width_mm"])
        repairs, self.job = repairing(table)
        self.defs = dg.Definitions(
            assets=[
                *raw_assets(self.source, days, "team:t", "Planks.", lambda *_: None),
                repairs,
                self.harmonised(table, repairs, days),
            ],
            jobs=[self.job],
            resources={
                "lake": LakeResource(lake_uri=self.lake.uri),
                "landing": LandingZone(root=str(self.landing.parent), simulated=False),
                "io_manager": DeltaIOManager(lake_uri=self.lake.uri),
            },
        )

    def harmonised(self, table: HarmonizedTable, repairs: dg.AssetSpec, days: dg.PartitionsDefinition) -> Any:
        @dg.multi_asset(
            outs={"rows": dg.AssetOut(key=PLANKS, metadata=BY_DAY), "aside": dg.AssetOut(key=ASIDE, metadata=BY_DAY)},
            ins={"raw": dg.AssetIn(key=self.source.raw_key)},
            deps=[repairs],
            partitions_def=days,
            backfill_policy=ONE_RUN,
        )
        def made(raw: Frame, lake: LakeResource) -> Iterator[Any]:
            made = table.harmonised([raw], table.repairs_in(lake.lake()))
            yield dg.Output(made.table, "rows")
            yield dg.Output(made.set_aside, "aside")

        return made

    def ingest(self) -> None:
        job = self.defs.resolve_implicit_global_asset_job_def()
        keys = [key for key in job.asset_layer.executable_asset_keys if key.path[-1] != "deliveries"]
        only = [key for key in keys if key.path != ["raw", "sawing", "quarantine"]]
        assert job.execute_in_process(instance=self.instance, tags=SPAN, asset_selection=only).success

    def repair(self, **row: Any) -> None:
        asked = {"who": "ines", "reason": "measured", "dry_run": False, "rows": [{"source_file": FILE, **row}]}
        with mock.patch.object(definitions, "defs", self.defs):
            assert (
                self.defs.resolve_job_def("sawing_repair_quarantined_rows")
                .execute_in_process(
                    instance=self.instance, run_config={"ops": {"repair_quarantined_rows": {"config": asked}}}
                )
                .success
            )

    def widths(self) -> dict[int, tuple[pd.Timestamp, float]]:
        rows = self.lake.read_pandas(PLANKS).sort_values("source_line")
        return {row.source_line: (row.event_time, round(row.width, 3)) for row in rows.itertuples()}


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Sawmill]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield Sawmill(tmp_path, instance)


def test_a_new_source_gets_its_repairs_and_they_see_the_whole_day_that_a_row_stands_in(mill: Sawmill) -> None:
    """The clock falls back: alone, the plank of line 3 would have been sawn when that of line 2 was."""
    lines = [f"{DAY} 02:30;P1;400;good", f"{DAY} 02:30;P2;wide;good", f"{DAY} 05:00;P3;4000;bad"]
    (mill.landing / FILE).write_text("\n".join((HEADER, *lines, "")))
    mill.ingest()
    first = {2: (pd.Timestamp(f"{DAY}T00:30Z"), 0.4)}
    assert mill.widths() == first

    mill.repair(source_line=3, values={"width_mm": "401"})
    mill.repair(source_line=4, discard=True)
    repaired = {**first, 3: (pd.Timestamp(f"{DAY}T01:30Z"), 0.401)}
    assert mill.widths() == repaired
    assert mill.lake.row_count(ASIDE) == 0
    kept = mill.lake.read_pandas(["raw", "sawing", "repairs"]).sort_values("source_line")
    assert kept[["table", "source_line", "action", "made_by"]].to_numpy().tolist() == [
        ["planks", 3, "correct", "ines"],
        ["planks", 4, "discard", "ines"],
    ]
    known = mill.lake.read_pandas(PLANKS).set_index("source_line")["known_at"]
    assert known[3] == kept["made_at"].iloc[0]
    assert known[2] == pd.Timestamp("2024-10-28T05:00Z")
    assert entries(mill.lake, "repair")["subject"].unique().tolist() == ["harmonized/sawing/planks"]

    mill.ingest()
    assert mill.widths() == repaired


@pytest.mark.parametrize("column", ["serial", "at", "verdict", "height_mm"])
def test_whose_row_it_is_and_when_it_happened_cannot_be_declared_to_be_repairable(column: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"planks: {column} cannot be repaired: expected some of width_mm; what"):
        harmonized_table(sawing(tmp_path), PROMISE, QUARANTINE, planks, ["width_mm", column])
