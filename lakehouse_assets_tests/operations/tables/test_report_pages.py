"""Pages of reports go when their contract's retention is over; what people see first stays, whatever its age."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from lakehouse_assets.contracts.schema import promised_spec
from lakehouse_assets.operations.tables.report_pages import PAGE, old_pages, remove_old_pages
from lakehouse_assets.operations.ui import serve_reports
from lakehouse_assets.use_case.tables.contracts import contracts_of
from lakehouse_assets_tests.ports import free_port
from lakehouse_assets_tests.use_case.shop import Shop, shop_in

NEWEST = date(2024, 6, 30)
DRIFT = dg.AssetKey(["monitoring", "wear", "drift"])


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """120 days of pages of one use case, and a page of something else beside."""
    folder = tmp_path / "reports"
    (folder / "wear" / "drift").mkdir(parents=True)
    for age in range(120):
        page_of(folder, age).write_text("x" * 1000)
    (folder / "wear" / "drift" / "notes.html").write_text("by hand")
    return folder


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_in(tmp_path / "shop")


def page_of(folder: Path, age: int) -> Path:
    return folder / "wear" / "drift" / f"{NEWEST - timedelta(days=age)}.html"


def pages(folder: Path) -> list[str]:
    return sorted(page.name for page in (folder / "wear" / "drift").iterdir())


def specs(shop: Shop) -> list[dg.AssetSpec]:
    """The use case's tables with what their contracts say."""
    made = contracts_of(shop.plan.declaration, shop.file, {})
    return [promised_spec(dg.AssetSpec(list(contract.key)), contract) for contract in made]


def remove(shop: Shop, instance: dg.DagsterInstance, reports: Path, dry_run: bool = False) -> tuple[int, list[str]]:
    said: list[str] = []
    return remove_old_pages(specs(shop), instance, reports, dry_run, said.append).bytes, said


def test_90_days_are_kept_unless_the_use_case_says_otherwise_and_other_files_are_left_alone(
    shop: Shop, instance: dg.DagsterInstance, reports: Path
) -> None:
    assert remove(shop, instance, reports) == (
        29_000,
        ["monitoring/wear/drift: 29 pages removed, the last 90 days stay"],
    )
    kept = [page_of(reports, age).name for age in range(90, -1, -1)]
    assert pages(reports) == [*kept, "notes.html"]
    assert remove(shop, instance, reports) == (0, [])
    shop.change({"  gate:": "  monitoring: {keep_reports_days: 7}\n  gate:"})
    remove(shop, instance, reports)
    assert pages(reports) == [*kept[-8:], "notes.html"]


def test_a_dry_run_tells_and_removes_nothing(shop: Shop, instance: dg.DagsterInstance, reports: Path) -> None:
    there = pages(reports)
    size, said = remove(shop, instance, reports, dry_run=True)
    assert (size, said) == (29_000, ["monitoring/wear/drift: 29 pages would be removed, the last 90 days stay"])
    assert pages(reports) == there


def test_the_page_that_the_asset_shows_first_stays_also_if_its_day_is_old(
    shop: Shop, instance: dg.DagsterInstance, reports: Path
) -> None:
    for age in (0, 110):
        page = {PAGE: dg.MetadataValue.path(str(page_of(reports, age)))}
        instance.report_runless_asset_event(dg.AssetMaterialization(DRIFT, metadata=page))
    remove(shop, instance, reports)
    assert page_of(reports, 110).is_file()
    assert page_of(reports, 0).is_file()
    assert not page_of(reports, 109).exists()


def test_age_is_counted_from_the_newest_report_so_one_that_stands_still_loses_nothing(reports: Path) -> None:
    assert old_pages(reports / "wear" / "drift", 119, None).pages == ()
    assert old_pages(reports / "wear" / "drift", 118, None).pages == (page_of(reports, 119),)
    assert old_pages(reports / "nobody", 1, None).pages == ()


def test_how_long_pages_are_kept_is_no_part_of_what_makes_a_table_anew(shop: Shop) -> None:
    before = shop.plan.declared(shop.plan.declaration.monitoring)
    shop.change({"  gate:": "  monitoring: {keep_reports_days: 7}\n  gate:"})
    assert shop.plan.declaration.monitoring.keep_reports_days == 7
    assert shop.plan.declared(shop.plan.declaration.monitoring) == before


def test_a_link_to_a_page_that_is_gone_says_where_the_figures_are(reports: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    server = serve_reports(reports, url)
    try:
        with pytest.raises(urllib.error.HTTPError) as gone:
            urllib.request.urlopen(f"{url}/wear/drift/2020-01-01.html")
    finally:
        server.shutdown()
        server.server_close()
    assert gone.value.code == 404
    assert "the figures of every day stay in the table" in gone.value.read().decode()
