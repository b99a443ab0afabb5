"""The record of champions: what it says, what a crash leaves, and going back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.lifecycle.judging.champions import (
    AUDIT_COLUMNS,
    former_champion,
    serves_by_record,
    was_champion,
    withdrawn,
)
from lakehouse_assets.lifecycle.judging.gate import Rules, Verdict
from lakehouse_assets.lifecycle.judging.promotion import ChampionMovedError, Occasion, audit_frame, carry_out
from lakehouse_assets.lifecycle.judging.rolling_back import RollBackRefusedError, roll_back
from lakehouse_assets_tests.lifecycle.judging.test_gate import AT_MOST, decide, measured, row, table

GOOD = Verdict(True, "promote", "mae 0.7 keeps the bound", (), 0.7, 0.8)
BAD = Verdict(False, "refuse", "mae 1.7 does not keep the bound", ("…",), 1.7, 0.8)


@dataclass(frozen=True)
class Version:
    name: str
    version: int


@dataclass
class Models:
    """A registry of five versions in memory; the alias is all that moves."""

    alias: int | None = None
    moves: list[int] = field(default_factory=list)

    def champion(self, name: str) -> Version | None:
        return None if self.alias is None else Version(name, self.alias)

    def versions(self, name: str) -> list[Version]:
        return [Version(name, number) for number in range(1, 6)]

    def promote(self, version: Version) -> None:
        self.alias = version.version
        self.moves.append(version.version)


class Record:
    """The audit table, a real one: what is read is what was written."""

    def __init__(self, folder: Path) -> None:
        self.path, self.models, self.hour = str(folder / "champion"), Models(), 0

    def audit(self) -> pd.DataFrame:
        there = DeltaTable.is_deltatable(self.path)
        return DeltaTable(self.path).to_pandas() if there else audit_frame([])

    def occasion(self) -> Occasion:
        self.hour += 1
        return Occasion(datetime(2024, 5, 1, tzinfo=UTC) + timedelta(hours=self.hour), "ada", f"run-{self.hour}")

    def append(self, rows: pd.DataFrame) -> pd.DataFrame:
        write_deltalake(self.path, rows, mode="append")
        return rows

    def decide(self, candidate: int, verdict: Verdict = GOOD, rules: Rules = AT_MOST) -> pd.DataFrame:
        return self.append(self.decided(candidate, verdict, rules))

    def decided(self, candidate: int, verdict: Verdict = GOOD, rules: Rules = AT_MOST) -> pd.DataFrame:
        at = self.models.alias
        version = Version("pumps", candidate)
        return carry_out(self.models, version, verdict, rules, at, self.audit(), self.occasion())

    def back(self, to: int | None = None, error: str | None = None, **more: bool) -> pd.DataFrame:
        rows = roll_back(
            self.models, "pumps", self.audit(), self.occasion(), "it alarms all night", lambda _: error, to, **more
        )
        return self.append(rows)


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


def test_rolling_back_goes_to_the_champion_before_and_then_further_down(record: Record) -> None:
    for version in (1, 2, 3):
        record.decide(version)
    told = record.back().iloc[0]
    assert (told["action"], told["from_version"], told["to_version"]) == ("roll_back", 3, 2)
    assert told["reason"] == "it alarms all night"
    assert record.models.alias == 2
    record.back()
    assert record.models.alias == 1
    with pytest.raises(RollBackRefusedError, match="no champion served before version 1"):
        record.back()


def test_what_was_rolled_back_from_is_not_promoted_again_unless_somebody_goes_back_to_it(record: Record) -> None:
    for version in (1, 2):
        record.decide(version)
    record.back()
    assert withdrawn(record.audit(), 2) == "it alarms all night"
    assert withdrawn(record.audit(), 1) is None
    verdict = decide(measured(0.7, 0.8), AT_MOST, 2, 1, withdrawn=withdrawn(record.audit(), 2))
    assert not verdict.promoted
    record.back(2)
    assert withdrawn(record.audit(), 2) is None
    assert withdrawn(record.audit(), 1) == "it alarms all night"


def test_a_crash_of_a_roll_back_is_told_and_still_withdraws(record: Record) -> None:
    for version in (1, 2):
        record.decide(version)
    record.models.promote(Version("pumps", 1))
    record.decide(3, BAD)
    assert "somebody moved it in the registry" in (withdrawn(record.audit(), 2) or "")
    assert former_champion(record.audit()) is None


def test_a_version_that_never_served_needs_force(record: Record) -> None:
    record.decide(1)
    record.decide(2, BAD)
    assert not was_champion(record.audit(), 2)
    with pytest.raises(RollBackRefusedError, match="version 2 never was champion"):
        record.back(2)
    assert record.models.alias == 1
    record.back(2, forced=True)
    assert record.models.alias == 2


@pytest.mark.parametrize(
    ("to", "error", "message"),
    [
        (9, None, r"no version 9; the registry has \[1, 2, 3, 4, 5\]"),
        (2, None, "version 2 serves already"),
        (1, "FileNotFoundError: model.txt", "version 1 does not load, so 2 goes on serving: FileNotFoundError"),
    ],
)
def test_a_roll_back_that_cannot_be_done_moves_and_writes_nothing(
    record: Record, to: int, error: str | None, message: str
) -> None:
    record.decide(1)
    record.decide(2)
    with pytest.raises(RollBackRefusedError, match=message):
        record.back(to, error)
    assert record.models.moves == [1, 2]
    assert len(record.audit()) == 2


def test_a_roll_back_without_a_reason_or_a_champion_is_refused(record: Record) -> None:
    with pytest.raises(RollBackRefusedError, match="no champion"):
        record.back()
    record.decide(1)
    with pytest.raises(RollBackRefusedError, match="say why"):
        roll_back(record.models, "pumps", record.audit(), record.occasion(), " ", lambda _: None)


def test_a_dry_roll_back_says_where_it_would_go(record: Record) -> None:
    record.decide(1)
    record.decide(2)
    told = record.back(dry_run=True).iloc[0]
    assert (told["action"], told["promoted"], told["to_version"], told["mode"]) == ("dry_run", False, 2, "dry_run")
    assert told["reason"] == "dry run, would be rolled back to 1: it alarms all night"
    assert record.models.alias == 2
    assert withdrawn(record.audit(), 2) is None


def test_an_evaluation_of_other_versions_is_refused() -> None:
    other = decide(measured(0.7, 0.8), AT_MOST, 3, 1)
    assert other.failures == ("the evaluation measured candidate 2, not 3: materialise it again",)
    moved = decide(measured(0.7, 0.8), AT_MOST, 2, 4)
    assert moved.failures == ("the evaluation measured champion 1, not 4: materialise it again",)
    assert decide(measured(0.7, 0.8), AT_MOST, 2, 2).promoted, "the same gate again, after it promoted"
    assert decide(table(row("candidate", 0.9)), AT_MOST, 2, None).promoted
