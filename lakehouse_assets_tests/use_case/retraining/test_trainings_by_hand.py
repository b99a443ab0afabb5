"""A training that somebody started is seen as what it is, whatever the job is called in which it runs."""

from collections.abc import Sequence

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from lakehouse_assets.use_case.retraining import trainings
from lakehouse_assets_tests.use_case.retraining.ticks import FAILED, Ticks

CANDIDATE, CHAMPION = (dg.AssetKey(["models", "wear", name]) for name in ("candidate", "champion"))
ELSEWHERE = dg.AssetKey(["models", "leaks", "candidate"])


@dg.asset(key=CANDIDATE)
def candidate() -> None:
    """What a training makes."""


@dg.asset(key=CHAMPION, deps=[CANDIDATE])
def champion() -> None:
    """What serves."""


@dg.asset(key=ELSEWHERE)
def another() -> None:
    """What a training of another use case makes."""


EVERYTHING = dg.Definitions(assets=[candidate, champion, another]).resolve_implicit_global_asset_job_def()


def materialize(wear: Ticks, assets: Sequence[dg.AssetKey], **run: object) -> str:
    """What the button of the same name does: a run of all assets' job that makes some of them."""
    job = EVERYTHING.get_subset(asset_selection=set(assets))
    started: dict[str, object] = {"status": dg.DagsterRunStatus.STARTED, **run}
    return wear.instance.create_run_for_job(job, asset_selection=frozenset(assets), **started).run_id  # type: ignore[arg-type]


@pytest.mark.parametrize("made", [(CANDIDATE,), (CHAMPION,), (CANDIDATE, CHAMPION, ELSEWHERE)])
@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_a_materialisation_of_the_model_holds_the_next_training_back_until_it_is_over(
    wear: Ticks, made: tuple[dg.AssetKey, ...], status: dg.DagsterRunStatus
) -> None:
    by_hand = materialize(wear, made, status=status)
    assert EVERYTHING.name == "__ASSET_JOB"
    assert wear.drift(3) == []
    assert wear.rows().iloc[-1]["reason"].endswith(f"a training is under way ({by_hand})")
    wear.end(by_hand)
    assert len(wear.tick()) == 1


def test_a_materialisation_of_another_use_cases_model_holds_nothing_back(wear: Ticks) -> None:
    materialize(wear, (ELSEWHERE,))
    assert len(wear.drift(2)) == 1


def test_it_is_seen_however_many_runs_of_other_assets_came_after_it(
    wear: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainings, "LOOKED_AT", 3)
    by_hand = materialize(wear, (CANDIDATE,))
    for _ in range(4):
        materialize(wear, (ELSEWHERE,))
    assert wear.drift(3) == []
    wear.end(by_hand)
    assert len(wear.tick()) == 1


def test_one_that_was_promoted_begins_a_cool_down_and_one_that_failed_none(wear: Ticks) -> None:
    failed = materialize(wear, (CANDIDATE, CHAMPION), tags={"retraining_day": "2024-05-01"})
    wear.end(failed, FAILED)
    promoted = materialize(wear, (CANDIDATE, CHAMPION), tags={"retraining_day": "2024-05-02"})
    wear.end(promoted)
    wear.serve(2)
    wear.decided("promote", 2, promoted, promoted=True)
    assert wear.drift(3, champion=2) == []
    assert "the last retraining was on 2024-05-02; cool-down until" in wear.rows().iloc[-1]["reason"]


def backfill(wear: Ticks, assets: Sequence[dg.AssetKey]) -> PartitionBackfill:
    """A backfill that somebody asked for, and that has started no run yet."""
    asked = PartitionBackfill(
        backfill_id=f"of-{assets[0].path[1]}",
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=1_714_521_600.0,
        asset_selection=assets,
    )
    wear.instance.add_backfill(asked)
    return asked


def test_a_backfill_that_will_train_is_a_training_under_way_until_its_run_is_over(wear: Ticks) -> None:
    backfill(wear, (ELSEWHERE,))
    asked = backfill(wear, (CANDIDATE, ELSEWHERE))
    assert wear.drift(3) == []
    assert wear.rows().iloc[-1]["reason"].endswith("a training is under way (of-wear)")
    run = materialize(wear, (CANDIDATE,), tags={"dagster/backfill": asked.backfill_id})
    assert wear.tick() == []
    assert wear.rows().iloc[-1]["reason"].endswith(f"a training is under way ({run})")
    wear.end(run)
    # Other assets of the backfill are still to be made.
    assert len(wear.tick()) == 1


def test_a_backfill_that_was_cancelled_holds_nothing_back(wear: Ticks) -> None:
    asked = backfill(wear, (CANDIDATE,))
    wear.instance.update_backfill(asked.with_status(BulkActionStatus.CANCELED))
    assert len(wear.drift(2)) == 1
