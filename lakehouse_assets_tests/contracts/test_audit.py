"""What the audit table keeps, on a real table."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse_assets.contracts import additions
from lakehouse_assets.contracts.audit import AUDIT, entries, record
from lakehouse_assets.contracts.contract import Column
from lakehouse_assets.contracts.schema import arrow_schema
from lakehouse_assets.lake.table import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def note(lake: Lake, **given: object) -> str:
    deed = {"action": "restore", "subject": "raw/a/b", "who": "ann", "reason": "wrong file", "details": {"version": 3}}
    return record(lake, **{**deed, **given})  # type: ignore[arg-type]


def test_each_deed_is_a_row_and_they_come_back_in_their_order(lake: Lake) -> None:
    assert entries(lake).empty
    first, second = note(lake), note(lake, action="erase", subject="p1", details={"tables": {"raw/a/b": 2}})
    rows = entries(lake)
    assert rows["entry"].tolist() == [first, second]
    assert rows["details"].tolist() == [{"version": 3}, {"tables": {"raw/a/b": 2}}]
    assert entries(lake, "erase")["subject"].tolist() == ["p1"]
    assert str(rows["at"].dt.tz) == "UTC"


def test_a_deed_that_is_recorded_again_after_a_crash_is_one_row(lake: Lake) -> None:
    note(lake, entry="erase p1")
    note(lake, entry="erase p1")
    note(lake, entry="erase p2")
    assert entries(lake)["entry"].tolist() == ["erase p1", "erase p2"]
    assert lake.version(AUDIT) == 1


@pytest.mark.parametrize("name", ["who", "reason", "subject"])
def test_a_deed_without_who_or_why_is_refused(lake: Lake, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is empty"):
        note(lake, **{name: " "})
    assert not lake.exists(AUDIT)


def test_the_table_is_made_as_its_contract_promises_and_held_to_it(lake: Lake) -> None:
    record(lake, action="erase", subject="a", who="ann", reason="asked", details={})
    table = lake.open(AUDIT)
    fields = {one.name: one for one in table.schema().fields}
    assert table.metadata().description.startswith("Who had what done to the lake by hand")
    assert not fields["entry"].nullable
    assert fields["who"].metadata["comment"] == "Who asked for it."


def test_a_column_that_its_contract_gets_is_kept_with_the_next_deed_and_not_left_out(lake: Lake) -> None:
    note(lake)
    made = additions.platform_contract(AUDIT)
    later = dataclasses.replace(made, columns=(*made.columns, Column("ticket", "string", "Where it was asked for.")))
    row = {"entry": "1", "at": datetime.now(UTC), "ticket": "T-1"}
    row |= dict.fromkeys(("action", "subject", "who", "reason", "run_id", "details"), "x")
    rows = pa.Table.from_pylist([row], schema=arrow_schema(later))
    additions.add_rows(lake, later, rows, ["entry"], "run")
    assert set(lake.read(AUDIT)["ticket"].to_pylist()) == {None, "T-1"}
