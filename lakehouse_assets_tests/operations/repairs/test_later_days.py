"""Which later days a repair makes again: the same that a file which came late would lead to."""

from datetime import date, timedelta

import dagster as dg
import pytest

from lakehouse_assets.operations.alerts.graph import Asset, Graph
from lakehouse_assets.operations.asset_graph import graph_of
from lakehouse_assets.operations.nights.reach import days_ahead
from lakehouse_assets.operations.repairs.later_days import plan_later
from lakehouse_assets.operations.repairs.plan import Rerun, plan_rerun
from lakehouse_assets.sources.daily import REPORT, TRAINING

DAY = date(2024, 3, 5)
RAW, WEEK, SCORES, DRIFT, MODEL, TOTALS, CARRIED = "raw", "week", "scores", "drift", "model", "totals", "carried"
GRAPH = Graph(
    {
        one.key: one
        for one in (
            Asset(RAW, daily=True),
            Asset(WEEK, parents=(RAW,), daily=True, looks_back=((RAW, 6),)),
            Asset(SCORES, parents=(RAW, WEEK), daily=True, looks_back=((WEEK, 1),)),
            Asset(DRIFT, parents=(SCORES,), daily=True, cadence=REPORT, looks_back=((SCORES, 30),)),
            Asset(MODEL, parents=(WEEK,), cadence=TRAINING),
            Asset(TOTALS, parents=(SCORES,)),
        )
    }
)


def day(n: int) -> str:
    return (DAY + timedelta(days=n)).isoformat()


def later(graph: Graph, made: range | list[int], last: int = 0, training: bool = False) -> list[Rerun]:
    again = plan_rerun(graph, RAW, day(0), day(last), training=training)
    return plan_later(graph, RAW, again, lambda key: {day(n) for n in made})


def test_days_that_look_back_are_made_again_with_what_is_made_from_them_but_no_report_and_no_model() -> None:
    [found] = later(GRAPH, range(-9, 60), training=True)
    assert set(found.assets) == {WEEK, SCORES, TOTALS}
    assert (found.first, found.last) == (day(1), day(7)), "six days, and one more by way of the scores"
    [found] = later(GRAPH, range(60), last=3)
    assert (found.first, found.last) == (day(4), day(10))


def test_days_that_were_never_made_are_left_out_and_so_are_all_where_nothing_looks_back() -> None:
    assert [(one.first, one.last) for one in later(GRAPH, [0, 1, 2, 5])] == [(day(1), day(2)), (day(5), day(5))]
    assert later(GRAPH, [0]) == []
    assert later(Graph({RAW: GRAPH.assets[RAW], TOTALS: Asset(TOTALS, parents=(RAW,))}), range(60)) == []


def test_of_what_domains_share_only_its_own_days_are_made_and_none_of_a_domain_that_delivered_no_file() -> None:
    """The mart of all domains was made up to July, by another one; this one delivered until day 2."""
    mart = Asset("mart", parents=(SCORES,), daily=True, looks_back=((SCORES, 1),))
    graph, delivered = Graph({**GRAPH.assets, mart.key: mart}), [day(n) for n in range(3)]
    again = plan_rerun(graph, RAW, day(0))
    found = plan_later(graph, RAW, again, lambda key: [day(n) for n in range(90)] if key == mart.key else delivered)
    assert [(one.first, one.last, set(one.assets)) for one in found] == [
        (day(1), day(2), {WEEK, SCORES, TOTALS, mart.key}),
        (day(3), day(3), {mart.key}),
    ], "of day 3 the mart reads the scores of the day before, and of no later one any that changed"


def test_the_mart_of_all_domains_brings_no_day_of_energy_that_was_never_made() -> None:
    from lakehouse_assets.definitions import defs

    mart, table = "delivery/plant/days", "harmonized/energy/readings"
    graph = graph_of(defs.get_repository_def().asset_graph)
    again = plan_rerun(graph, table, day(0))
    found = plan_later(graph, table, again, lambda key: [day(n) for n in range(120 if key == mart else 3)])
    assert [(one.first, one.last) for one in found] == [(day(1), day(2)), (day(3), day(3))]
    days = {key for key in found[0].assets if graph.assets[key].daily}
    assert {"delivery/energy_demand/features", "delivery/energy_demand/predictions", mart} <= days
    assert {key for key in found[1].assets if graph.assets[key].daily} == {mart}


def test_of_what_begins_later_no_day_is_made_that_never_was() -> None:
    again = plan_rerun(GRAPH, RAW, day(0))
    found = plan_later(GRAPH, RAW, again, lambda key: [day(n) for n in range(4 if key == SCORES else 0, 60)])
    assert [(one.first, one.last, set(one.assets)) for one in found] == [
        (day(1), day(3), {WEEK, TOTALS}),
        (day(4), day(7), {WEEK, SCORES, TOTALS}),
    ]


def test_of_a_table_that_carries_its_own_days_on_every_later_day_is_made_again() -> None:
    carried = Asset(CARRIED, parents=(RAW, CARRIED), daily=True, looks_back=((CARRIED, 1),))
    [found] = later(Graph({**GRAPH.assets, CARRIED: carried}), range(400))
    assert (found.first, found.last) == (day(1), day(399))


@pytest.mark.parametrize(
    ("domain", "table"), [("energy", "readings"), ("milling", "products"), ("turbofan", "in_service")]
)
def test_it_reaches_as_far_as_a_late_file_of_the_domain(domain: str, table: str) -> None:
    from lakehouse_assets.definitions import defs
    from lakehouse_assets.defs.platform.nights import night_parts

    repository, key = defs.get_repository_def(), f"raw/{domain}/{table}"
    parts, graph = night_parts(repository), graph_of(repository.asset_graph)
    keys = {*parts.by_domain[domain], *parts.shared}
    ahead = days_ahead(repository.asset_graph, keys, [dg.AssetKey(["landing", domain, "files"])])
    again = plan_rerun(graph, key, day(0))
    found = plan_later(graph, key, again, lambda key: {day(n) for n in range(100)})
    assert [(one.first, one.last) for one in found] == ([(day(1), day(min(ahead, 99)))] if ahead else [])
    assert {one for each in found for one in each.assets} <= set(again.assets)
