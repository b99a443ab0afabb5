"""The record of champions: what it says, and what a crash leaves."""

from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.lifecycle.judging.champions import AUDIT_COLUMNS, former_champion, serves_by_record
from lakehouse_assets.lifecycle.judging.promotion import ChampionMovedError, carry_out
from lakehouse_assets_tests.lifecycle.judging.recorded import BAD, GOOD, Record, Version
from lakehouse_assets_tests.lifecycle.judging.test_gate import AT_MOST, decide, measured, row, table


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path)


def test_a_decision_says_who_when_from_to_and_why(record: Record) -> None:
    record.decide(1)
    rows = record.decide(2)
    assert list(rows.columns) == list(AUDIT_COLUMNS)
    told = rows.iloc[0]
    assert (told["who"], told["action"], told["from_version"], told["to_version"]) == ("ada", "promote", 1, 2)
    assert told["decided_at"] == pd.Timestamp("2024-05-01 02:00", tz="UTC")
    assert (told["candidate_value"], told["champion_value"], told["metric"], told["mode"]) == (0.7, 0.8, "mae", "on")
    assert record.models.alias == serves_by_record(record.audit()) == 2


def test_a_refused_candidate_moves_nothing_and_is_written_down(record: Record) -> None:
    record.decide(1)
    told = record.decide(2, BAD).iloc[0]
    assert (told["action"], told["promoted"], told["from_version"], told["to_version"]) == ("refuse", False, 1, 1)
    assert record.models.moves == [1]
    assert serves_by_record(record.audit()) == 1


def test_the_first_candidate_ever_may_be_refused(record: Record) -> None:
    told = record.decide(1, BAD).iloc[0]
    assert pd.isna(told["from_version"])
    assert pd.isna(told["to_version"])
    assert serves_by_record(record.audit()) is None
    assert record.models.alias is None


def test_a_version_that_serves_already_is_not_moved_again(record: Record) -> None:
    record.decide(1)
    assert record.decide(1).iloc[0]["promoted"]
    assert record.models.moves == [1]


def test_a_crash_between_alias_and_row_is_told_by_the_next_decision(record: Record) -> None:
    record.decide(1)
    record.decided(2)  # The run died before it wrote its row.
    assert (record.models.alias, serves_by_record(record.audit())) == (2, 1)
    rows = record.decide(3, BAD)
    assert rows[["action", "from_version", "to_version"]].values.tolist() == [["found_changed", 1, 2], ["refuse", 2, 2]]
    assert "the registry's champion is 2, the record's 1: a run stopped" in rows["reason"].iloc[0]
    assert rows["decided_at"].is_unique
    assert record.models.alias == serves_by_record(record.audit()) == 2
    assert former_champion(record.audit()) == 1
    assert len(record.decide(4, BAD)) == 1, "told once"


def test_the_retry_of_a_run_that_crashed_completes_the_record(record: Record) -> None:
    record.decide(1)
    record.decided(2)
    rows = record.decide(2)
    assert list(rows["action"]) == ["found_changed", "promote"]
    assert record.models.moves == [1, 2]


def test_a_champion_that_moved_since_it_was_compared_with_stops_the_promotion(record: Record) -> None:
    record.decide(1)
    with pytest.raises(ChampionMovedError, match=r"compared with champion None, but 1 serves now"):
        carry_out(record.models, Version("pumps", 2), GOOD, AT_MOST, None, record.audit(), record.occasion())
    assert record.models.alias == 1


def test_an_evaluation_of_other_versions_is_refused() -> None:
    other = decide(measured(0.7, 0.8), AT_MOST, 3, 1)
    assert other.failures == ("the evaluation measured candidate 2, not 3: materialise it again",)
    moved = decide(measured(0.7, 0.8), AT_MOST, 2, 4)
    assert moved.failures == ("the evaluation measured champion 1, not 4: materialise it again",)
    assert decide(measured(0.7, 0.8), AT_MOST, 2, 2).promoted, "the same gate again, after it promoted"
    assert decide(table(row("candidate", 0.9)), AT_MOST, 2, None).promoted
