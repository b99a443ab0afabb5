"""The asset graph as the UI draws it: each zone with all of its assets, and the road that the README shows."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

import dagster as dg
import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from lakehouse_assets_tests.browser.chromium import CHROMIUM, WITHOUT_IT
from lakehouse_assets_tests.browser.conftest import acquainted_context
from lakehouse_assets_tests.browser.visitor import Servers, Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("road"),
    pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_IT),
]

NODES = "foreignObject:has([class*=AssetNode])"
#: A large node holds its name whole for who points at it, a small one only as it shows it.
NAMES = "nodes => nodes.map(node => (node.querySelector('[data-tooltip]')?.dataset.tooltip) ?? node.textContent)"
#: From the files to the drift report and all that lies between, as people type it into the graph's search.
ROAD = 'key:"landing/turbofan/files"+ and +key:"monitoring/turbofan_rul/drift"'


def address(query: str, specs: list[dg.AssetSpec]) -> str:
    """The address of the graph of what a query finds, with all groups open, as the UI itself makes it."""
    groups = sorted({spec.group_name or "" for spec in specs})
    # A single group is never closed, so the UI names none.
    opened = ",".join(f"global@global:{group}" for group in groups) if len(groups) > 1 else ""
    return f"/asset-groups~{quote(query, safe='')}" + (f"?expanded={quote(opened, safe='')}" if opened else "")


def expect_nodes(visitor: Visitor, specs: list[dg.AssetSpec]) -> None:
    """Exactly these assets are on the page: each name as often as there are assets of it."""
    every = [spec.key.path[-1] for spec in specs]
    nodes = visitor.page.locator(NODES)
    expect(nodes).to_have_count(len(every))

    def named() -> Counter[str]:
        return Counter(in_full(name, every) for name in nodes.evaluate_all(NAMES))

    # A node is there before the name in it, which is drawn once it is known how much room it has.
    visitor.wait(lambda: named() == Counter(every), f"the names {sorted(every)}")


def in_full(shown: str, names: list[str]) -> str:
    """The asset that a node means: the UI puts an ellipsis into the middle of a long name."""
    start, _, end = shown.partition("…")
    found = {name for name in names if name == shown or (end and name.startswith(start) and name.endswith(end))}
    return found.pop() if len(found) == 1 else shown


def around(boxes: list[Locator], margin: float) -> FloatRect:
    """The part of the page that holds all of these."""
    found = [box for box in (each.bounding_box() for each in boxes) if box]
    left, top = min(box["x"] for box in found), min(box["y"] for box in found)
    right = max(box["x"] + box["width"] for box in found)
    bottom = max(box["y"] + box["height"] for box in found)
    return {
        "x": left - margin,
        "y": top - margin,
        "width": right - left + 2 * margin,
        "height": bottom - top + 2 * margin,
    }


def test_the_graph_of_a_zone_shows_all_of_its_assets_and_no_other(visitor: Visitor) -> None:
    from lakehouse_assets.definitions import defs

    every = list(defs.resolve_all_asset_specs())
    for zone in sorted({spec.tags["zone"] for spec in every}):
        specs = [spec for spec in every if spec.tags["zone"] == zone]
        if zone in ("raw", "delivery", "models", "harmonized"):
            assert len({spec.group_name for spec in specs}) >= 3, "the zone holds tables of every domain or use case"
        visitor.page.set_viewport_size({"width": 2000, "height": 4000})  # nodes out of sight are not drawn
        visitor.open(address(f'tag:"zone"="{zone}"', specs))
        expect_nodes(visitor, specs)
        visitor.expect_no_problem()
    visitor.page.set_viewport_size({"width": 1200, "height": 620})
    visitor.open(address('tag:"zone"="harmonized"', []))  # its groups closed
    for domain in ("turbofan", "milling", "energy", "shared"):
        expect(visitor.page.locator("foreignObject").get_by_text(domain, exact=True)).to_be_visible()
    expect(visitor.page.get_by_text("fetching statuses")).to_have_count(0)
    visitor.picture("graph_of_a_zone")


@pytest.fixture
def sharp(browser: Browser, servers: Servers, visitor: Visitor) -> Iterator[Visitor]:
    """The same, at a screen with twice as many dots: the picture has small letters."""
    context = acquainted_context(browser, servers, sharpness=2)
    yield Visitor(context.new_page(), servers, visitor.pictures)
    context.close()


def test_the_road_from_the_files_to_the_drift_report_stands_in_one_picture(sharp: Visitor) -> None:
    from lakehouse_assets.definitions import defs

    found = [spec for spec in defs.resolve_all_asset_specs() if spec.key in road_assets(defs)]
    page = sharp.page
    page.set_viewport_size({"width": 1600, "height": 2100})
    sharp.open("/asset-groups")
    expect(page.locator("foreignObject").first).to_be_visible()
    menu = page.get_by_text("Change graph to vertical orientation")

    def is_open() -> bool:
        # A click is lost on a graph that is being drawn.
        if not menu.count():
            page.mouse.click(1300, 2000, button="right")
            page.wait_for_timeout(500)
        return bool(menu.count())

    sharp.wait(is_open, "the graph's menu")
    menu.click()
    sharp.open(address(ROAD, found))
    expect_nodes(sharp, found)
    sharp.wait(lambda: stands_still(page), "the graph to stand still")
    sharp.picture("asset_graph", clip=around(page.locator("foreignObject").all(), 12))


def stands_still(page: Page) -> bool:
    """Whether no node moves for a second."""
    places = "nodes => JSON.stringify(nodes.map(node => node.getBoundingClientRect()))"
    before = page.locator("foreignObject").evaluate_all(places)
    page.wait_for_timeout(1_000)
    return bool(before == page.locator("foreignObject").evaluate_all(places))


def road_assets(defs: dg.Definitions) -> set[dg.AssetKey]:
    """What lies between the road's ends, by Dagster's own graph."""
    first, last = dg.AssetKey(["landing", "turbofan", "files"]), dg.AssetKey(["monitoring", "turbofan_rul", "drift"])
    between = dg.AssetSelection.assets(first).downstream() & dg.AssetSelection.assets(last).upstream()
    return set(between.resolve(defs.resolve_asset_graph()))
