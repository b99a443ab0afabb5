"""Going back to a former champion: to which, what is refused, and once however often it is tried."""

from pathlib import Path

import pytest

from lakehouse_assets.lifecycle.judging.champions import former_champion, serves_by_record, was_champion, withdrawn
from lakehouse_assets.lifecycle.judging.rolling_back import RollBackRefusedError, Wish, plan_roll_back
from lakehouse_assets_tests.lifecycle.judging.recorded import BAD, REASON, Record, Version
from lakehouse_assets_tests.lifecycle.judging.test_gate import AT_MOST, decide, measured


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path)


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
        plan_roll_back(record.models, "pumps", record.audit(), record.occasion(), Wish(" "), lambda _: None)


def test_a_planned_roll_back_says_where_it_would_go_and_moves_nothing(record: Record) -> None:
    record.decide(1)
    record.decide(2)
    planned = record.plan_back()
    assert planned.in_words(REASON, dry_run=True) == "dry run, would be rolled back from 2 to 1: it alarms all night"
    assert record.models.moves == [1, 2]
    assert withdrawn(record.audit(), 2) is None


@pytest.mark.parametrize("to", [None, 2])
def test_a_roll_back_after_one_that_died_before_its_row_writes_the_row_and_goes_no_further(
    record: Record, to: int | None
) -> None:
    for version in (1, 2, 3):
        record.decide(version)
    record.moved_back(record.plan_back(to))  # The run died before it wrote its row.
    planned = record.plan_back(to, error="never asked: it serves")
    assert "2 serves already in the place of 3" in planned.in_words(REASON)
    rows = record.append(record.moved_back(planned))
    assert rows[["action", "from_version", "to_version", "reason"]].values.tolist() == [["roll_back", 3, 2, REASON]]
    assert record.models.alias == serves_by_record(record.audit()) == 2
    assert withdrawn(record.audit(), 3) == REASON
    assert former_champion(record.audit()) == 1


def test_a_retry_is_one_step_down_also_if_a_decision_has_found_the_move_since(record: Record) -> None:
    for version in (1, 2, 3):
        record.decide(version)
    planned = record.plan_back()
    record.moved_back(planned)  # The run died before it wrote its row.
    assert list(record.decide(4, BAD)["action"]) == ["found_changed", "refuse"]
    again = record.plan_back(begun=planned.step)
    record.append(record.moved_back(again))
    assert record.models.alias == serves_by_record(record.audit()) == 2
    assert withdrawn(record.audit(), 3) == REASON
    assert former_champion(record.audit()) == 1


def test_a_retry_whose_step_was_overtaken_or_is_not_what_is_asked_for_is_refused(record: Record) -> None:
    for version in (1, 2, 3):
        record.decide(version)
    begun = record.plan_back().step
    with pytest.raises(RollBackRefusedError, match="began to roll back to 2 and is asked for 1 now"):
        record.plan_back(1, begun=begun)
    record.decide(4)
    with pytest.raises(RollBackRefusedError, match="from 3 to 2, and 4 serves by now"):
        record.plan_back(begun=begun)
    assert record.models.alias == 4


def test_so_is_a_retry_of_one_that_was_done_if_another_version_serves_by_then(record: Record) -> None:
    for version in (1, 2, 3):
        record.decide(version)
    planned = record.plan_back()
    record.append(record.moved_back(planned))
    assert record.plan_back(begun=planned.step).written
    record.decide(4)
    with pytest.raises(RollBackRefusedError, match="from 3 to 2, and 4 serves by now"):
        record.plan_back(begun=planned.step)


def test_a_version_that_somebody_let_serve_by_hand_and_never_was_champion_is_nothing_to_roll_back_to(
    record: Record,
) -> None:
    record.decide(1)
    record.models.promote(Version("pumps", 4))
    with pytest.raises(RollBackRefusedError, match="version 4 serves already"):
        record.plan_back(4)
    told = record.back()
    assert told[["action", "from_version", "to_version"]].values.tolist() == [
        ["found_changed", 1, 4],
        ["roll_back", 4, 1],
    ]
