"""How many later days rest on a day, from what assets say that they read."""

from collections.abc import Mapping

import dagster as dg
import pytest

from lakehouse_assets.operations.nights.looking_back import ALL_LATER
from lakehouse_assets.operations.nights.reach import days_ahead
from lakehouse_assets.sources.daily import CADENCE, REPORT
from lakehouse_assets_tests.defs.use_cases import declared

DAYS = dg.DailyPartitionsDefinition("2024-01-01")
FILES = "files"


def daily(name: str, reads: Mapping[str, int], cadence: str = "night", days: bool = True) -> dg.AssetsDefinition:
    """An asset that reads of each other one its own day and so many before."""

    def mapping(back: int) -> dg.TimeWindowPartitionMapping:
        return dg.TimeWindowPartitionMapping(-back, -1 if back and one == name else 0)

    deps = []
    for one, back in reads.items():
        deps.append(dg.AssetDep(one, partition_mapping=mapping(back) if back else None))

    @dg.asset(name=name, deps=deps, partitions_def=DAYS if days else None, tags={CADENCE: cadence})
    def made() -> None:
        """Nothing."""

    return made


def ahead(*assets: dg.AssetsDefinition, only: set[str] | None = None, start: tuple[str, ...] = (FILES,)) -> int:
    graph = dg.Definitions([daily(FILES, {}), *assets]).resolve_asset_graph()
    keys = {key for key in graph.get_all_asset_keys() if only is None or key.path[-1] in only}
    return days_ahead(graph, keys, [dg.AssetKey(one) for one in start])


def test_a_domain_that_reads_its_own_day_only_reaches_no_later_one() -> None:
    assert ahead(daily("rows", {FILES: 0}), daily("features", {"rows": 0})) == 0


def test_days_looked_back_add_up_along_the_longest_way() -> None:
    rows, features = daily("rows", {FILES: 0}), daily("features", {"rows": 27})
    assert ahead(rows, features) == 27
    assert ahead(rows, features, daily("outcomes", {"rows": 0, "features": 3})) == 30
    assert ahead(rows, features, daily("outcomes", {"rows": 40, "features": 3})) == 40


def test_a_table_that_carries_its_own_days_on_reaches_every_later_one() -> None:
    assert ahead(daily("rows", {FILES: 0}), daily("carried", {"rows": 0, "carried": 7})) == ALL_LATER


def test_of_what_was_made_again_each_counts_by_what_looks_back_on_it_and_on_the_others() -> None:
    rows, week = daily("rows", {FILES: 0}), daily("week", {"rows": 6})
    assert ahead(rows, week, start=("rows", "week")) == 6
    assert ahead(rows, week, start=("week",)) == 0
    assert ahead(rows, daily("carried", {"rows": 0, "carried": 7}), start=("carried",)) == ALL_LATER
    assert ahead(rows, daily("drift", {"rows": 6}, REPORT), start=("drift",)) == 0


def test_reports_whole_tables_and_what_the_night_does_not_make_end_the_way() -> None:
    rows = daily("rows", {FILES: 0})
    assert ahead(rows, daily("drift", {"rows": 6}, REPORT)) == 0
    assert ahead(rows, daily("model", {"rows": 0}, days=False), daily("later", {"model": 0})) == 0
    assert ahead(rows, daily("features", {"rows": 27}), only={FILES, "rows"}) == 0


@pytest.mark.parametrize(("domain", "use_case"), [("energy", "energy_demand"), ("milling", "milling_failure")])
def test_a_domain_s_days_follow_from_its_use_case_s_declaration(domain: str, use_case: str) -> None:
    from lakehouse_assets.definitions import defs
    from lakehouse_assets.defs.platform.nights import night_parts

    repository, told = defs.get_repository_def(), declared(use_case)
    parts = night_parts(repository)
    keys = {*parts.by_domain[domain], *parts.shared}
    (read,) = (one["days"] for one in told["features"][0]["inputs"].values())
    expected = read - 1 + told["labels"]["lookback_days"]
    assert days_ahead(repository.asset_graph, keys, [dg.AssetKey(["landing", domain, "files"])]) == expected
