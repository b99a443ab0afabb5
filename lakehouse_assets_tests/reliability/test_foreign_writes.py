"""Writing into tables that others made: with their features kept, or refused with nothing written."""

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse_assets.lake.errors import StorageError, UnwritableTableError
from lakehouse_assets_tests.lake.makers import DAYS, asset_of
from lakehouse_assets_tests.reliability.delta_by_hand import HandMade, field, mapped

D1, D2 = dt.date(2024, 1, 1), dt.date(2024, 1, 2)
PLAIN = [field("day", "date"), field("id", "long"), field("value", "long")]
MAPPED = [mapped("day", "date", 1, "c-day"), mapped("id", "long", 2, "c-id"), mapped("value", "long", 3, "c-value")]
IDENTITY = {"delta.identity.start": 1, "delta.identity.step": 1, "delta.identity.allowExplicitInsert": False}
INVARIANT = json.dumps({"expression": {"expression": "value < 5"}})


def made(lake, fields=PLAIN, deleted=False, partitioned=True, **more) -> HandMade:
    """Two days of the ids 0, 1, 2 with value 0; of each day's rows the second may be marked as deleted."""
    table = HandMade(Path(lake.table_uri(["table"])), fields, ["day"] if partitioned else [], **more)
    names = [one["metadata"].get("delta.columnMapping.physicalName", one["name"]) for one in fields]
    files = []
    for day in (D1, D2):
        rows = pa.table({names[1]: [0, 1, 2], names[2]: [0, 0, 0]})
        if partitioned:
            files.append(table.add(rows, {names[0]: str(day)}, path=f"day={day}/part.parquet"))
        else:
            files.append(table.add(rows.append_column(names[0], pa.array([day] * 3))))
    table.commit()
    if deleted:
        for file in files:
            table.delete_rows(file, [1])
        table.commit()
    return table


def writer(mode, value=9):
    rows = pa.table({"day": [D1, D1], "id": [0, 3], "value": [value, value]})
    keys = {"merge_keys": ["day", "id"]} if mode == "merge" else {}
    return asset_of(lambda _: rows, DAYS, partition_expr="day", write_mode=mode, **keys)


def rows(lake):
    return sorted((row["day"].day, row["id"], row["value"]) for row in lake.read(["table"]).to_pylist())


EXPECTED = {
    "overwrite": lambda old: [(1, 0, 9), (1, 3, 9)],
    "append": lambda old: sorted([*old, (1, 0, 9), (1, 3, 9)]),
    "merge": lambda old: sorted([*[row for row in old if row[1] != 0], (1, 0, 9), (1, 3, 9)]),
}


@pytest.mark.parametrize("mode", EXPECTED)
@pytest.mark.parametrize(
    "more",
    [
        {"deleted": True, "features": ["deletionVectors"], "delta.enableDeletionVectors": "true"},
        {"deleted": True, "partitioned": False, "features": ["deletionVectors"]},
        {"fields": MAPPED, "features": ["columnMapping"], "delta.columnMapping.mode": "name",
         "delta.columnMapping.maxColumnId": "3"},
        {"features": ["v2Checkpoint"]},
        {"versions": (1, 4), "delta.enableChangeDataFeed": "true"},
    ],
    ids=["deleted-rows", "deleted-rows-unpartitioned", "mapped-columns", "v2-checkpoints", "change-feed"],
)  # fmt: skip
def test_a_write_keeps_what_is_not_its_own_and_brings_no_deleted_row_back(more, mode, lake, materialise):
    made(lake, **more)
    before = rows(lake)
    materialise(writer(mode), "2024-01-01")
    old, other = [row for row in before if row[0] == 1], [row for row in before if row[0] == 2]
    assert rows(lake) == sorted([*EXPECTED[mode](old), *other])


REFUSED = [
    ("identity", {"fields": [*PLAIN[:2], field("value", "long", **IDENTITY)], "versions": (1, 6)}),
    ("row-tracking", {"writer_features": ["rowTracking", "domainMetadata"], "delta.enableRowTracking": "true"}),
    ("liquid-clustering", {"writer_features": ["clustering", "domainMetadata"]}),
    ("iceberg", {"writer_features": ["icebergCompatV2"], "delta.enableIcebergCompatV2": "true"}),
    ("commit-times", {"writer_features": ["inCommitTimestamp"], "delta.enableInCommitTimestamps": "true"}),
    ("defaults", {"writer_features": ["allowColumnDefaults"]}),
]


@pytest.mark.parametrize("more", [more for _, more in REFUSED], ids=[name for name, _ in REFUSED])
@pytest.mark.parametrize("mode", ["overwrite", "append", "merge"])
def test_a_writer_feature_that_is_not_kept_here_is_refused_at_once(mode, more, lake, materialise):
    made(lake, **more)
    before = rows(lake)
    with pytest.raises(UnwritableTableError, match=r"Asset table, partition 2024-01-01: table .*Nothing was written"):
        materialise(writer(mode), "2024-01-01")
    assert rows(lake) == before
    assert lake.version(["table"]) == 0


@pytest.mark.parametrize("mode", ["overwrite", "merge"])
def test_an_append_only_table_takes_appends_only(mode, lake, materialise):
    made(lake, **{"delta.appendOnly": "true"})
    with pytest.raises(UnwritableTableError, match="then use write_mode append"):
        materialise(writer(mode), "2024-01-01")
    materialise(writer("append"), "2024-01-01")
    assert len(rows(lake)) == 8


CHECKED = [
    ("constraint", {"versions": (1, 3), "delta.constraints.small": "value < 5"}),
    ("invariant", {"fields": [*PLAIN[:2], field("value", "long", **{"delta.invariants": INVARIANT})]}),
    ("generated", {"fields": [*PLAIN[:2], field("value", "long", **{"delta.generationExpression": "id * 0"})],
                   "versions": (1, 4)}),
]  # fmt: skip


@pytest.mark.parametrize("more", [more for _, more in CHECKED], ids=[name for name, _ in CHECKED])
@pytest.mark.parametrize("mode", ["overwrite", "append", "merge"])
def test_a_rule_of_the_table_is_kept(mode, more, lake, materialise):
    made(lake, **more)
    before = rows(lake)
    with pytest.raises(StorageError, match="Rows break a constraint that the table itself carries"):
        materialise(writer(mode), "2024-01-01")
    assert rows(lake) == before
    materialise(writer(mode, value=0), "2024-01-01")
    assert lake.version(["table"]) == 1
