"""The facts of health from a real instance and real tables."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from dagster._core.test_utils import instance_for_test
from deltalake import write_deltalake

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.health.facts import Facts
from lakehouse_assets.operations.health.gathering import gather
from lakehouse_assets.operations.health.models import champion_of, decision_of, drift_of

DAY = dg.DailyPartitionsDefinition("2024-03-01")
ASIDE, CLEAN, DOWN = ["harmonized", "a", "quarantine"], ["harmonized", "a", "rows"], ["distilled", "a", "days"]
HOURS = timedelta(hours=30)
BROKEN: set[str] = set()


@dg.asset(key=ASIDE, partitions_def=DAY, io_manager_key="nothing")
def aside() -> None: ...


@dg.asset(
    key=CLEAN,
    partitions_def=DAY,
    owners=["team:plant"],
    io_manager_key="nothing",
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=HOURS),
    check_specs=[dg.AssetCheckSpec("whole", asset=CLEAN)],
)
def clean() -> Iterator[Any]:
    if "clean" in BROKEN:
        raise ValueError("torn")
    yield dg.Output(None)
    yield dg.AssetCheckResult(
        passed="whole" not in BROKEN, check_name="whole", description="All rows came.", metadata={"rows_breaking_it": 5}
    )


@dg.asset(key=DOWN, deps=[CLEAN], io_manager_key="nothing")
def down() -> None: ...


class Nothing(dg.IOManager):
    def handle_output(self, context: dg.OutputContext, obj: object) -> None: ...

    def load_input(self, context: dg.InputContext) -> None: ...


DEFS = dg.Definitions(assets=[aside, clean, down], resources={"nothing": Nothing()}, executor=dg.in_process_executor)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    BROKEN.clear()
    with instance_for_test(temp_dir=str(tmp_path)) as made:
        yield made


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def night(instance: dg.DagsterInstance, day: str = "2024-03-05") -> str:
    job = DEFS.resolve_implicit_global_asset_job_def()
    span = {"dagster/asset_partition_range_start": day, "dagster/asset_partition_range_end": day}
    return job.execute_in_process(instance=instance, tags=span, raise_on_error=False).run_id


def look(instance: dg.DagsterInstance, lake: Lake, hours: int = 0) -> Facts:
    return gather(instance, lake, DEFS.resolve_asset_graph(), datetime.now(UTC) + timedelta(hours=hours))


def test_what_was_made_is_fresh_until_its_promise_is_broken(instance: dg.DagsterInstance, lake: Lake) -> None:
    assert look(instance, lake).assets["harmonized/a/rows"].made_at is None
    night(instance)
    known = look(instance, lake).assets["harmonized/a/rows"]
    assert known.made_at is not None
    assert known.late_since is None
    later = look(instance, lake, hours=31).assets
    assert later["harmonized/a/rows"].late_since == known.made_at + HOURS
    assert later["distilled/a/days"].late_since is None  # promises nothing


def test_a_failed_run_makes_what_it_did_not_make_failing_until_another_makes_it(
    instance: dg.DagsterInstance, lake: Lake
) -> None:
    night(instance)
    BROKEN.add("clean")
    failed = night(instance, "2024-03-06")
    facts = look(instance, lake).assets
    assert {key: one.failed_run for key, one in facts.items()} == {
        "harmonized/a/quarantine": "",
        "harmonized/a/rows": failed,
        "distilled/a/days": failed,
    }
    BROKEN.clear()
    night(instance, "2024-03-06")
    assert {one.failed_run for one in look(instance, lake).assets.values()} == {""}


def test_a_check_counts_by_its_newest_evaluation(instance: dg.DagsterInstance, lake: Lake) -> None:
    BROKEN.add("whole")
    night(instance)
    [check] = look(instance, lake).assets["harmonized/a/rows"].failed_checks
    assert (check.name, check.description, check.rows) == ("whole", "All rows came.", 5)
    BROKEN.clear()
    night(instance)
    assert look(instance, lake).assets["harmonized/a/rows"].failed_checks == ()


def test_a_check_that_could_not_be_evaluated_is_none_that_passed(instance: dg.DagsterInstance, lake: Lake) -> None:
    @dg.asset_check(asset=CLEAN, name="sane")
    def sane() -> dg.AssetCheckResult:
        raise ValueError("no such column")

    checked = dg.Definitions.merge(DEFS, dg.Definitions(asset_checks=[sane]))
    job = checked.resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, partition_key="2024-03-05", raise_on_error=False)
    facts = gather(instance, lake, checked.resolve_asset_graph(), datetime.now(UTC)).assets
    assert [one.name for one in facts["harmonized/a/rows"].failed_checks] == ["sane"]


def test_a_quarantine_tells_its_rows_and_the_day_of_the_oldest(instance: dg.DagsterInstance, lake: Lake) -> None:
    rows = pa.table({"day": [date(2024, 3, 3), date(2024, 3, 4), date(2024, 3, 4)], "line": [1, 2, 3]})
    write_deltalake(lake.table_uri(ASIDE), rows, partition_by=["day"])
    known = look(instance, lake).assets["harmonized/a/quarantine"]
    assert (known.quarantined, known.quarantined_since) == (3, datetime(2024, 3, 3, tzinfo=UTC))


def report(day: int, verdict: str, column: str = "s4", version: int = 1) -> dict[str, Any]:
    return {
        "day": date(2024, 3, day),
        "column_name": column,
        "verdict": verdict,
        "current_rows": 100 + day,
        "model_version": version,
    }


def test_drift_lasts_since_the_first_day_after_the_last_calm_one() -> None:
    rows = [report(1, "drift"), report(2, "stable"), report(3, "drift"), report(4, "drift"), report(4, "stable", "s5")]
    found = drift_of(rows)
    assert (found.verdict, found.day, found.words, found.rows) == ("drift", "2024-03-04", "drift in s4", 104)
    assert found.since == datetime(2024, 3, 3, tzinfo=UTC)
    moved_on = [*rows, report(5, "stable", version=2)]
    assert drift_of(moved_on).verdict == "stable"
    assert drift_of([*moved_on, report(6, "drift", version=1)]).verdict == "drift", "after a roll back"
    assert drift_of([]).verdict == ""


def test_a_fault_of_the_data_outranks_drift_and_names_its_columns() -> None:
    found = drift_of([report(3, "stable"), report(4, "drift"), report(4, "stuck", "s9"), report(4, "stable", "s5")])
    assert (found.verdict, found.words) == ("stuck", "stuck in s9; drift in s4")
    assert found.since == datetime(2024, 3, 4, tzinfo=UTC)


def test_a_decision_stands_since_it_was_decided_so_whatever_its_reasons() -> None:
    told = [(4, "investigate", "p30"), (1, "investigate", "old"), (3, "investigate", "t50"), (2, "wait", "quiet")]
    rows = [
        {"decided_at": datetime(2024, 3, day, tzinfo=UTC), "decision": what, "reason": why} for day, what, why in told
    ]
    found = decision_of(rows)
    assert (found.decision, found.reason, found.since) == ("investigate", "p30", datetime(2024, 3, 3, tzinfo=UTC))
    assert not decision_of([]).asks_for_a_person


def decision(day: int, action: str, before: int | None, after: int | None) -> dict[str, Any]:
    at = datetime(2024, 3, day, tzinfo=UTC)
    return {"decided_at": at, "action": action, "from_version": before, "to_version": after, "reason": "why"}


def score(version: int, value: float, **more: Any) -> dict[str, Any]:
    row = {"role": "candidate", "model_version": version, "data": "held_out", "metric": "rmse", "value": value}
    return {**row, "slice": "all", "low": value - 1, "high": value + 1, "decides": True, **more}


def test_the_champion_serves_since_it_was_moved_to_and_is_as_good_as_its_own_figures_say() -> None:
    decisions = [decision(3, "refuse", 1, 1), decision(1, "promote", None, 1)]
    came = [
        {
            "day": date(2024, 3, day),
            "model_version": 1,
            "slice": "all",
            "metric": metric,
            "value": value,
            "verdict": verdict,
        }
        for day, metric, value, verdict in [
            (1, "rmse", 19.0, "worse than expected"),
            (2, "rmse", 11.0, "as expected"),
            (3, "rmse", 18.0, "worse than expected"),
            (4, "rmse", 19.0, "worse than expected"),
            (4, "mae", 8.0, "as expected"),
            (5, "rmse", None, "no outcomes yet"),
        ]
    ]
    others = [score(2, 9.0), score(1, 0.1, decides=False), score(1, 3.0, slice="fleet=FS001")]
    found = champion_of(decisions, [*others, score(1, 11.0, role="champion")], came)
    assert (found.version, found.since) == (1, datetime(2024, 3, 1, tzinfo=UTC))
    assert found.measured == "rmse 11 (10 to 12) on held out"
    assert found.realised == "what came by 2024-03-04: rmse 19, worse than expected since 2024-03-03"
    assert not found.as_expected
    assert found.worse_since == datetime(2024, 3, 3, tzinfo=UTC)
    assert found.last_decision == "2024-03-03: refuse: why"
    assert found.slices == ""
    assert champion_of([], [], []).version is None


def test_a_slice_that_alone_is_worse_is_told_by_the_metric_that_decides_as_of_the_newest_day_that_tells() -> None:
    def came(day: int, part: str, verdict: str, metric: str = "rmse", value: float | None = 12.0) -> dict[str, Any]:
        figures = {"value": value, "low": 11.0, "high": 13.0, "expected_low": 9.0, "expected_high": 10.5}
        rows = 200 if part == "all" else 60
        told = {"slice": part, "metric": metric, "verdict": verdict, "rows": rows}
        return {"day": date(2024, 3, day), "model_version": 1, **told, **figures}

    rows = [came(day, "all", "as expected") for day in (2, 3, 4)]
    rows += [came(2, "fleet=FS2", "as expected"), came(3, "fleet=FS2", "worse than expected")]
    rows += [came(4, "fleet=FS2", "worse than expected"), came(4, "fleet=FS3", "worse than expected", "bias")]
    rows += [came(5, "all", "no outcomes yet", value=None), came(3, "fleet=FS4", "worse than expected")]
    rows += [{**came(4, "fleet=FS1", "worse than expected"), "model_version": 2}]
    found = champion_of([decision(1, "promote", None, 1)], [score(1, 11.0)], rows)
    assert found.as_expected
    assert found.slices == (
        "worse than expected in fleet=FS2: rmse 12 (11 to 13) of 60 outcomes, expected 9 to 10.5, since 2024-03-03"
    )
    assert found.slices_since == datetime(2024, 3, 3, tzinfo=UTC)
    of_others = champion_of([decision(1, "promote", None, 1)], [score(2, 11.0), score(3, 10.0)], rows)
    assert of_others.slices == found.slices, "also where the newest evaluation measured others than who serves again"
