"""What a repair would make again, and what it refuses."""

import dagster as dg
import pytest

from lakehouse_assets.lake.errors import RequestRefusedError
from lakehouse_assets.operations.alerts.graph import Asset, Graph
from lakehouse_assets.operations.asset_graph import graph_of
from lakehouse_assets.operations.repairs.plan import RepairRequestError, plan_rerun, plan_retraining
from lakehouse_assets.sources.daily import REPORT, SEARCH, TRAINING

RAW, CLEAN, TOTALS = "raw/a/rows", "harmonized/a/rows", "distilled/a/totals"
SCORES, DRIFT, MODEL, TRIALS, AUDIT = (
    "delivery/u/scores",
    "monitoring/u/drift",
    "models/u/candidate",
    "models/u/trials",
    "monitoring/platform/audit",
)
GRAPH = Graph(
    {
        one.key: one
        for one in (
            Asset(RAW, daily=True),
            Asset(CLEAN, parents=(RAW,), daily=True),
            Asset(TOTALS, parents=(CLEAN,)),
            Asset(SCORES, use_case="u", parents=(CLEAN, MODEL), daily=True),
            Asset(DRIFT, use_case="u", parents=(SCORES,), cadence=REPORT, daily=True),
            Asset(MODEL, use_case="u", parents=(CLEAN,), cadence=TRAINING),
            Asset(TRIALS, use_case="u", parents=(CLEAN,), cadence=SEARCH),
            Asset(AUDIT, made_by_runs=False),
        )
    }
)


def test_from_the_broken_asset_down_all_is_made_again_but_what_trainings_make() -> None:
    found = plan_rerun(GRAPH, RAW, "2024-03-05")
    assert set(found.assets) == {RAW, CLEAN, TOTALS, SCORES, DRIFT}
    assert (found.first, found.last) == ("2024-03-05", "2024-03-05")
    assert set(found.left_out) == {MODEL, TRIALS}
    assert MODEL in plan_rerun(GRAPH, RAW, "2024-03-05", training=True).assets
    assert plan_rerun(GRAPH, CLEAN, "2024-03-05", downstream=False).assets == (CLEAN,)


def test_what_a_step_makes_beside_an_asset_is_made_with_it() -> None:
    aside = Asset("harmonized/a/quarantine", parents=(RAW,), daily=True, made_with=(CLEAN,))
    both = {**GRAPH.assets, CLEAN: Asset(CLEAN, parents=(RAW,), daily=True, made_with=(aside.key,)), aside.key: aside}
    assert set(plan_rerun(Graph(both), CLEAN, "2024-03-05", downstream=False).assets) == {CLEAN, aside.key}
    assert {TOTALS, SCORES} <= set(plan_rerun(Graph(both), aside.key, "2024-03-05").assets)
    once = plan_rerun(Graph(both), RAW, "2024-03-05").assets
    assert sorted(set(once)) == sorted(once)


def test_every_asset_of_the_platform_can_be_made_again_by_itself() -> None:
    """Dagster refuses a selection that cuts a step into pieces."""
    from lakehouse_assets.definitions import defs

    graph, job = graph_of(defs.resolve_asset_graph()), defs.resolve_implicit_global_asset_job_def()
    for asset in graph.assets.values():
        if asset.made_by_runs:
            day = "2024-03-05" if asset.daily else ""
            keys = plan_rerun(graph, asset.key, day, downstream=False, training=True).assets
            job.get_subset(asset_selection={dg.AssetKey(key.split("/")) for key in keys})
    aside = graph.assets["harmonized/milling/operations"].made_with
    assert aside == ("harmonized/milling/operations_quarantine",)


def test_reports_of_several_days_are_left_out_and_said() -> None:
    found = plan_rerun(GRAPH, CLEAN, "2024-03-05", "2024-03-07")
    assert DRIFT in found.left_out
    assert "make again for 2024-03-05 to 2024-03-07" in found.words


def test_what_has_no_days_needs_none_and_leaves_what_has_days_out() -> None:
    found = plan_rerun(GRAPH, MODEL, training=True)
    assert found.assets == (MODEL,)
    assert set(found.left_out) == {SCORES, DRIFT}


@pytest.mark.parametrize(
    ("table", "first", "last", "words"),
    [
        ("raw/b/rows", "2024-03-05", "", "is not an asset.*such as harmonized/a/rows, raw/a/rows"),
        (RAW, "", "", "say first_day .* found no day"),
        (RAW, "5 March", "", "found '5 March'"),
        (RAW, "2024-03-05", "2024-03-04", "before the first"),
        (RAW, "", "2024-03-05", "last_day is '2024-03-05' and first_day is empty"),
        (MODEL, "", "2024-03-05", "last_day is '2024-03-05' and first_day is empty"),
        (MODEL, "5 March", "", "has no days, what is made from it may: leave out or say first_day.*found '5 March'"),
        (AUDIT, "", "", "kept by jobs"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(table: str, first: str, last: str, words: str) -> None:
    with pytest.raises(RequestRefusedError, match=words):
        plan_rerun(GRAPH, table, first, last)


def test_a_retraining_makes_what_says_that_trainings_make_it() -> None:
    assert plan_retraining(GRAPH, "u") == (MODEL,)
    with pytest.raises(RepairRequestError, match="'v' is no use case; there are u"):
        plan_retraining(GRAPH, "v")
