"""A step is tried again after what can pass, and after nothing else; a blocking check stops what is downstream."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from lakehouse_assets.lake import asking_again
from lakehouse_assets.lake.errors import PromiseBrokenError, WriteConflictError
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.retries import with_retries

ROWS = pa.table({"a": [1, 2]})
TRIED = dg.DagsterEventType.STEP_UP_FOR_RETRY


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of another length; how long each is, another test says."""
    monkeypatch.setattr(asking_again, "PAUSES_S", (0, 0, 0))


class Trouble:
    """Errors that a step meets, one a try, until there are none left."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.tries = list(errors), 0

    def met(self) -> None:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)


def ran(lake: Path, *assets: Any) -> dg.ExecuteInProcessResult:
    defs = with_retries(
        dg.Definitions(
            assets=[one for one in assets if not isinstance(one, dg.AssetChecksDefinition)],
            asset_checks=[one for one in assets if isinstance(one, dg.AssetChecksDefinition)],
            jobs=[dg.define_asset_job("all", selection=dg.AssetSelection.all())],
            resources={"io_manager": DeltaIOManager(lake_uri=str(lake))},
        )
    )
    return defs.resolve_job_def("all").execute_in_process(raise_on_error=False)


def tries(done: dg.ExecuteInProcessResult) -> int:
    return sum(event.event_type is TRIED for event in done.all_events)


def test_a_step_that_meets_what_passes_is_tried_again_and_succeeds(tmp_path: Path) -> None:
    trouble = Trouble(WriteConflictError("taken"), BlockingIOError(11, "busy"))

    @dg.asset
    def table() -> pa.Table:
        trouble.met()
        return ROWS

    done = ran(tmp_path, table)
    assert (done.success, tries(done), trouble.tries) == (True, 2, 3)
    assert Lake(str(tmp_path)).row_count(["table"]) == 2


def test_what_stays_is_told_after_three_more_tries_with_its_cause(tmp_path: Path) -> None:
    trouble = Trouble(*(WriteConflictError("taken for good") for _ in range(9)))

    @dg.asset
    def table() -> pa.Table:
        trouble.met()
        return ROWS

    done = ran(tmp_path, table)
    assert (done.success, tries(done), trouble.tries) == (False, 3, 4)
    [failure] = done.get_step_failure_events()
    assert "taken for good" in str(failure.step_failure_data.error)


@pytest.mark.parametrize("error", [PromiseBrokenError("null in s4"), ValueError("LAKE_URI"), KeyError("s4")])
def test_what_cannot_pass_is_told_at_once(tmp_path: Path, error: Exception) -> None:
    trouble = Trouble(error)

    @dg.asset
    def table() -> pa.Table:
        trouble.met()
        return ROWS

    done = ran(tmp_path, table)
    assert (done.success, tries(done), trouble.tries) == (False, 0, 1)


def test_an_asset_of_several_tables_and_a_check_are_tried_again_too(tmp_path: Path) -> None:
    trouble, doubt = Trouble(WriteConflictError("taken")), Trouble(BlockingIOError(11, "busy"))

    @dg.multi_asset(outs={"one": dg.AssetOut(), "other": dg.AssetOut()})
    def both() -> Iterator[Any]:
        trouble.met()
        yield dg.Output(ROWS, "one")
        yield dg.Output(ROWS, "other")

    @dg.asset_check(asset="one")
    def holds() -> dg.AssetCheckResult:
        doubt.met()
        return dg.AssetCheckResult(passed=True)

    done = ran(tmp_path, both, holds)
    assert (done.success, trouble.tries, doubt.tries) == (True, 2, 2)


def test_a_write_that_meets_what_passes_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lakehouse_assets.lake.writing import store

    trouble, write = Trouble(WriteConflictError("taken")), store.store

    def in_trouble(*arguments: Any) -> Iterator[Any]:
        trouble.met()
        yield from write(*arguments)

    monkeypatch.setattr(store, "store", in_trouble)

    @dg.asset
    def table() -> pa.Table:
        return ROWS

    done = ran(tmp_path, table)
    assert (done.success, tries(done)) == (True, 1)
    assert Lake(str(tmp_path)).row_count(["table"]) == 2


def test_each_pause_is_longer_than_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pauses = []
    for before in range(3):
        with pytest.raises(dg.RetryRequested) as asked, asking_again.asking_again(lambda tried=before: tried):
            raise WriteConflictError("taken")
        assert asked.value.max_retries == 3
        pauses.append(asked.value.seconds_to_wait)
    assert pauses == sorted(set(pauses))
    assert pauses[0] >= 1


def test_every_asset_and_check_of_the_platform_asks_again() -> None:
    from lakehouse_assets.definitions import defs

    nodes = [one.node_def for one in (*(defs.assets or ()), *(defs.asset_checks or ())) if hasattr(one, "node_def")]
    functions = [node.compute_fn.decorated_fn for node in nodes if isinstance(node, dg.OpDefinition)]  # type: ignore[union-attr]
    assert len(functions) > 60
    assert {one.__qualname__ for one in functions if not hasattr(one, "_asks_again")} == set()


def test_a_blocking_check_stops_what_is_downstream_and_only_that(tmp_path: Path) -> None:
    def table(name: str, *before: str, columns: tuple[str, ...] = ()) -> Any:
        @dg.asset(name=name, deps=before)
        def made() -> pa.Table:
            return ROWS

        return made

    @dg.asset_check(asset="broken", blocking=True)
    def holds() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    @dg.asset_check(asset="doubtful")
    def warns() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    assets = [
        table("broken"),
        table("below", "broken"),
        table("far_below", "below"),
        table("beside"),
        table("doubtful"),
        table("below_doubtful", "doubtful"),
    ]
    done = ran(tmp_path, *assets, holds, warns)
    made = {event.asset_key.to_user_string() for event in done.get_asset_materialization_events() if event.asset_key}
    assert not done.success
    assert made == {"broken", "beside", "doubtful", "below_doubtful"}
