"""A contract held by the lake: what is created, what is refused, and what a changed contract does to a table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from lakehouse_assets.contracts.promise import ContractedIOManager
from lakehouse_assets.lake.errors import PromiseBrokenError, SchemaChangedError
from lakehouse_assets.lake.table import Lake

KEY = ["harmonized", "press", "strokes"]
PREFIX = "delta.constraints."
SHIFTS = dg.StaticPartitionsDefinition(["early", "late"])
HEAD = """
kind: DataContract
apiVersion: v3.1.0
id: strokes
name: strokes
version: 1.0.0
status: active
description: {purpose: Strokes of presses.}
team: {name: plant, members: [{username: "team:plant", role: owner}]}
schema:
  - name: strokes
    physicalName: harmonized/press/strokes
    properties:
"""
PRESS = "{name: press_id, physicalType: string, description: The press., primaryKey: true}"
SHIFT = "{name: shift, physicalType: string, description: Its shift., required: true, partitioned: true}"
FORCE = (
    "{name: force, physicalType: double, description: Its force., logicalTypeOptions: {minimum: 0, maximum: 900}, "
    "customProperties: [{property: unit, value: kN}]}"
)
Press = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def press(lake: Lake, tmp_path: Path) -> Press:
    """`press(rows, shift=…, columns=…, tags=…)`: materialise the asset under a contract of these columns."""
    made = iter(range(100))

    def run(
        rows: dict[str, list[Any]],
        shift: str = "early",
        columns: tuple[str, ...] = (PRESS, SHIFT, FORCE),
        tags: dict[str, str] | None = None,
    ) -> Any:
        path = tmp_path / f"strokes_{next(made)}.yaml"
        path.write_text(HEAD + "".join(f"      - {column}\n" for column in columns))
        count = len(next(iter(rows.values())))
        whole = {"press_id": [f"p{n}" for n in range(count)], "shift": [shift] * count, **rows}

        @dg.asset(
            key=KEY, partitions_def=SHIFTS, metadata={"partition_expr": "shift", "contract": str(path)}, name=None
        )
        def strokes() -> pa.Table:
            return pa.table({name: values for name, values in whole.items() if values is not None})

        manager = ContractedIOManager(lake_uri=lake.uri)
        return dg.materialize([strokes], partition_key=shift, tags=tags, resources={"io_manager": manager})

    return run


def table(lake: Lake) -> DeltaTable:
    return lake.open(KEY)


def constraints(lake: Lake) -> set[str]:
    properties = table(lake).metadata().configuration
    return {name.removeprefix(PREFIX) for name in properties if name.startswith(PREFIX)}


def test_the_first_write_makes_the_table_as_promised(lake: Lake, press: Press) -> None:
    done = press({"force": [1.0, None]})
    fields = {one.name: one for one in table(lake).schema().fields}
    assert [(name, one.nullable) for name, one in fields.items()] == [
        ("press_id", False),
        ("shift", False),
        ("force", True),
    ]
    assert fields["force"].metadata == {"comment": "Its force.", "unit": "kN"}
    assert table(lake).metadata().description == "Strokes of presses."
    assert constraints(lake) == {"contract_force_min_0_max_900"}
    (made,) = done.asset_materializations_for_node("harmonized__press__strokes")
    shown = {column.name: column for column in made.metadata["dagster/column_schema"].value.columns}
    assert shown["force"].description == "Its force."
    assert not shown["press_id"].constraints.nullable


@pytest.mark.parametrize(
    "rows",
    [{"press_id": ["x"], "force": [901.0]}, {"press_id": ["x"], "force": [-0.5]}, {"press_id": [None], "force": [1.0]}],
)
def test_the_table_itself_refuses_what_others_write_past_the_contract(
    lake: Lake, press: Press, rows: dict[str, list[Any]]
) -> None:
    press({"force": [1.0]})
    bad = pa.table({"press_id": pa.array(rows["press_id"], pa.string()), "shift": ["early"], "force": rows["force"]})
    with pytest.raises(DeltaError, match="failed validation"):
        write_deltalake(table(lake), bad, mode="append")
    assert lake.row_count(KEY) == 1


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            {"force": [1.0, 950.0, 1000.0]},
            "column 'force': expected at least 0 and at most 900, found 2 rows with 950.0, 1000.0",
        ),
        ({"force": [float("nan")]}, "column 'force': expected at least 0 and at most 900, found 1 rows with nan"),
        ({"press_id": ["a", None], "force": [1.0, 2.0]}, "column 'press_id': expected a value, found 1 rows with null"),
        (
            {"weight": [1.0]},
            "column 'force': expected double, found no such column; "
            "column 'weight': expected no such column, found double",
        ),
        ({"force": ["much"]}, "column 'force': expected double, found string"),
        ({"force": [2**60 + 1]}, "column 'force' has type double"),
    ],
)
def test_rows_that_break_the_contract_are_refused_with_who_what_and_the_file_and_nothing_is_written(
    lake: Lake, press: Press, rows: dict[str, list[Any]], told: str
) -> None:
    press({"force": [5.0]})
    before = table(lake).version()
    with pytest.raises(PromiseBrokenError) as refused:
        press(rows)
    text = str(refused.value)
    assert told in text
    for part in ("harmonized/press/strokes", "partition early", lake.table_uri(KEY), "strokes_1.yaml"):
        assert part in text, part
    assert table(lake).version() == before
    assert lake.read(KEY)["force"].to_pylist() == [5.0]


def test_a_write_that_is_refused_leaves_the_constraints_that_its_contract_no_longer_has(
    lake: Lake, press: Press
) -> None:
    press({"force": [5.0]}, "early")
    press({"force": [6.0]}, "late")
    before = table(lake).version()
    with pytest.raises(SchemaChangedError, match=r"1 rows of its other partitions.*Nothing was written"):
        press({"press_id": ["p0"]}, "early", (PRESS, SHIFT), {"lakehouse/schema_mode": "overwrite"})
    assert table(lake).version() == before
    assert constraints(lake) == {"contract_force_min_0_max_900"}


def test_refused_first_rows_make_no_table(lake: Lake, press: Press) -> None:
    with pytest.raises(PromiseBrokenError):
        press({"force": [950.0]})
    assert not lake.exists(KEY)


def test_a_new_nullable_column_of_the_contract_is_added_with_its_comment(lake: Lake, press: Press) -> None:
    press({"force": [5.0]})
    press({"force": [6.0], "heat": [80.0]}, "late", (PRESS, SHIFT, FORCE, FORCE.replace("force", "heat")))
    rows = sorted(lake.read(KEY).to_pylist(), key=lambda row: row["force"])
    assert [(row["force"], row["heat"]) for row in rows] == [(5.0, None), (6.0, 80.0)]
    (heat,) = [one for one in table(lake).schema().fields if one.name == "heat"]
    assert heat.metadata["comment"] == "Its heat."
    assert "contract_heat_min_0_max_900" in constraints(lake)


def test_what_a_contract_says_anew_of_table_and_columns_reaches_a_table_that_is_there_once(
    lake: Lake, press: Press
) -> None:
    press({"force": [5.0]})
    press(
        {"force": [5.0]}, columns=(PRESS, SHIFT, FORCE.replace(", customProperties: [{property: unit, value: kN}]", ""))
    )
    said = (PRESS, SHIFT, FORCE.replace("Its force.", "The force of the stroke.").replace("kN", "N"))
    for _ in range(2):
        press({"force": [5.0]}, columns=said)
        before = table(lake).version()
    fields = {one.name: one.metadata for one in table(lake).schema().fields}
    assert fields["force"] == {"comment": "The force of the stroke.", "unit": "N"}
    assert fields["press_id"]["comment"] == "The press."
    assert lake.read(KEY)["force"].to_pylist() == [5.0]
    press({"force": [5.0]}, columns=said)
    assert table(lake).version() == before + 1, "a write that finds all as said makes its own commit only"


@pytest.mark.parametrize(
    ("columns", "rows", "told"),
    [
        (
            (PRESS, SHIFT, FORCE, "{name: heat, physicalType: double, description: Heat., required: true}"),
            {"force": [1.0], "heat": [1.0]},
            "column 'heat' (double) is new and required",
        ),
        ((PRESS, SHIFT), {}, "column 'force' (double) of the table is no longer promised"),
        (
            (PRESS, SHIFT, FORCE.replace("double", "long")),
            {"force": [1]},
            "column 'force' is double in the table, promised int64",
        ),
    ],
)
def test_any_other_change_of_columns_is_refused_with_what_to_do(
    lake: Lake, press: Press, columns: tuple[str, ...], rows: dict[str, list[Any]], told: str
) -> None:
    press({"force": [5.0]})
    before = table(lake).version()
    with pytest.raises(SchemaChangedError) as refused:
        press({"press_id": ["a"], **rows}, "early", columns)
    assert told in str(refused.value)
    assert "Take the change back, or remove the table's folder" in str(refused.value)
    assert table(lake).version() == before


def test_looser_and_tighter_limits_reach_the_table_with_the_next_write(lake: Lake, press: Press) -> None:
    press({"force": [5.0]})
    press({"force": [1500.0]}, "late", (PRESS, SHIFT, FORCE.replace("900", "2000")))
    assert constraints(lake) == {"contract_force_min_0_max_2000"}
    press({"force": [1400.0]}, "late", (PRESS, SHIFT, FORCE.replace("900", "1400")))
    assert constraints(lake) == {"contract_force_min_0_max_1400"}


def test_limits_that_differ_in_the_seventh_digit_are_different_constraints(lake: Lake, press: Press) -> None:
    press({"force": [1.0]}, "late", (PRESS, SHIFT, FORCE.replace("900", "1234567")))
    wider = (PRESS, SHIFT, FORCE.replace("900", "1234568"))
    press({"force": [1234568.0]}, "early", wider)
    assert lake.row_count(KEY) == 2
    with pytest.raises(PromiseBrokenError, match="at most 1234568, found"):
        press({"force": [1234569.0]}, "early", wider)


def test_a_limit_that_rows_of_other_partitions_break_waits_until_they_are_mended(lake: Lake, press: Press) -> None:
    press({"force": [800.0]}, "late")
    tight = (PRESS, SHIFT, FORCE.replace("900", "500"))
    done = press({"force": [5.0]}, "early", tight)
    (made,) = done.asset_materializations_for_node("harmonized__press__strokes")
    pending = made.metadata["constraints_pending"].value
    assert "1 rows failed validation" in pending["contract_force_min_0_max_500"]
    assert "Materialise the partitions" in pending["contract_force_min_0_max_500"]
    with pytest.raises(PromiseBrokenError):
        press({"force": [600.0]}, "early", tight)
    press({"force": [400.0]}, "late", tight)
    assert constraints(lake) == {"contract_force_min_0_max_500"}


def test_required_and_no_longer_required_reach_a_table_that_is_there(lake: Lake, press: Press) -> None:
    press({"force": [5.0]})
    press({"force": [6.0]}, "late", (PRESS, SHIFT, FORCE.replace("name: force,", "name: force, required: true,")))
    assert "contract_force_required" in constraints(lake)
    optional = SHIFT.replace("required: true, ", "")
    press({"force": [None]}, "late", (PRESS.replace(", primaryKey: true", ""), optional, FORCE))
    assert "contract_force_required" not in constraints(lake)
    assert lake.read(KEY, where={"shift": "late"})["force"].to_pylist() == [None]


def test_constraints_that_others_put_on_the_table_stay(lake: Lake, press: Press) -> None:
    press({"force": [5.0]})
    table(lake).alter.add_constraint({"theirs": "force < 1000"})
    press({"force": [6.0]}, "late", (PRESS, SHIFT, FORCE.replace("900", "800")))
    assert constraints(lake) == {"theirs", "contract_force_min_0_max_800"}
