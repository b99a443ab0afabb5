"""What somebody who is woken looks at: an asset's state and lineage, a job's form, health, runbooks, the registry."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.browser.chromium import CHROMIUM, WITHOUT_IT
from lakehouse_assets_tests.browser.visitor import PATIENCE_WITH_DAEMONS, Visitor
from lakehouse_assets_tests.conftest import Road
from lakehouse_assets_tests.end_to_end.own_platform import copy_of, platform_in, run_days

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("road"),
    pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_IT),
]

HEALTH = "monitoring/platform/health"
#: What somebody writes into the form of the job rerun_from: the page of health, which nothing is made from.
ASKED = f"""ops:
  rerunning:
    config:
      table: {HEALTH}
      dry_run: false
      who: ann
      reason: state of this minute
"""


def test_a_job_is_launched_from_its_form_and_its_deed_stands_in_the_audit_table(visitor: Visitor, road: Road) -> None:
    visitor.open("/locations/lakehouse_assets/jobs/rerun_from/playground")
    page = visitor.page
    editor = page.locator(".CodeMirror").first
    launch = page.get_by_role("button", name="Launch Run")
    expect(page.get_by_text("Missing required config entries")).to_be_visible()
    expect(launch).to_be_disabled()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(ASKED)
    expect(page.get_by_text("Missing required config entries")).to_have_count(0)
    expect(launch).to_be_enabled()
    visitor.picture("job_form")
    launch.click()
    page.wait_for_url(re.compile(r"/runs/"))
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=PATIENCE_WITH_DAEMONS)
    visitor.picture("job_run")
    [deed] = entries(Lake(road.lake), "rerun").to_dict("records")
    assert (deed["subject"], deed["who"], deed["reason"]) == (HEALTH, "ann", "state of this minute")


def test_the_servers_listen_to_this_machine_only(visitor: Visitor) -> None:
    """By the kernel's own list: address and port in hexadecimal, state 0A is listening."""
    listening: dict[int, set[str]] = {}
    for kind in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
            place, state = line.split()[1], line.split()[3]
            if state == "0A":
                address, port = place.split(":")
                listening.setdefault(int(port, 16), set()).add(address)
    for url in (visitor.servers.ui, visitor.servers.reports):
        assert listening[urlsplit(url).port or 0] == {"0100007F"}, f"{url} listens to more than 127.0.0.1"


def test_an_assets_page_shows_its_state_and_links_its_runbooks(visitor: Visitor) -> None:
    visitor.open("/assets/harmonized/turbofan/readings?view=checks")
    page = visitor.page
    for check in ("one_row_per_key", "core_sensors_read", "compression_heats"):
        expect(page.get_by_text(check, exact=True).first).to_be_visible()
    expect(page.get_by_text("Passed", exact=True)).to_be_visible()
    # Down to the result: below it stands where the contract's file lies on this machine.
    visitor.picture("checks", clip={"x": 0, "y": 0, "width": 1600, "height": 510})

    visitor.open("/assets/harmonized/turbofan/readings")
    expect(page.get_by_text("Fails if more than 36 hours since last materialization")).to_be_visible()
    expect(page.get_by_text("Passing", exact=True).first).to_be_visible()
    expect(page.get_by_text("plant-data")).to_be_visible()
    link = visitor.row("runbook/failed_run").get_by_role("link").first
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_role("heading", name="A run failed")).to_be_visible()
    opened.value.close()
    visitor.expect_no_problem()


def test_an_assets_lineage_shows_what_it_is_made_from_and_what_is_made_from_it(visitor: Visitor) -> None:
    visitor.open("/assets/delivery/turbofan_rul/predictions?view=lineage")
    page = visitor.page
    for name in ("features", "champion", "predictions", "outcomes", "drift"):
        expect(page.locator("foreignObject").get_by_text(name, exact=True).first).to_be_visible()
    page.wait_for_timeout(2_000)  # until the state of each stands in it
    visitor.picture("lineage")


def test_the_registrys_page_of_the_champion_shows_its_alias_and_what_it_learned_from(
    visitor: Visitor, registry_page: str
) -> None:
    page = visitor.page
    # MLflow opens an assistant beside the first page that somebody sees.
    page.add_init_script("localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')")
    page.goto(f"{registry_page}/#/models/turbofan_rul")
    expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
    expect(page.get_by_text("@ champion")).to_be_visible()
    for tag in ("feature_version", "delta_versions", "code_version", "learned_until"):
        expect(page.get_by_text(tag).first).to_be_visible()
    visitor.picture("registry")
    page.get_by_text("Version 1", exact=True).click()
    expect(page.get_by_text("harmonized/turbofan/readings")).to_be_visible()
    visitor.expect_no_problem()


def test_the_page_of_health_says_that_all_is_well_where_it_is(visitor: Visitor) -> None:
    visitor.open(f"/assets/{HEALTH}")
    # The job that was launched above asked for it; the sensor looks every half minute. An open page learns that it was
    # made, and of what is told with it only when it is loaded again.
    expect(visitor.page.locator("a[href*='focusedTime=']").first).to_be_visible(timeout=PATIENCE_WITH_DAEMONS)
    visitor.reload()
    expect(visitor.page.get_by_text("all is well", exact=True)).to_be_visible()
    health = visitor.follow(visitor.row("page").get_by_role("link").first)
    expect(health.page.get_by_role("heading", name="Health")).to_be_visible()
    expect(health.page.get_by_text("Problems")).to_have_count(0)
    for use_case in ("turbofan_rul", "milling_failure", "energy_demand"):
        row = health.page.get_by_role("row").filter(has=health.page.get_by_role("rowheader", name=use_case))
        expect(row).to_contain_text("version 1 since")
        expect(row.get_by_text("fresh").first).to_be_visible()
    health.picture("health_well")
    health.page.close()


def test_a_torn_line_stands_on_the_page_of_health_with_its_asset_day_rows_owner_and_runbook(
    visitor: Visitor, road: Road, tmp_path: Path
) -> None:
    beside = Path(road.environment["REPORTS"]) / "after_a_torn_line"
    environment = copy_of(road, tmp_path / "state") | {
        "REPORTS": str(beside), "REPORTS_URL": f"{visitor.servers.reports}/{beside.name}", "UI_URL": visitor.servers.ui
    }  # fmt: skip
    file = Path(environment["PLANT_LANDING"]) / "milling" / "ai4i_M03_2024-01-30.csv"
    lines = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join([*lines[:3], b"3,torn", *lines[4:]]))
    with platform_in(environment) as (defs, instance):
        early = [key for key in defs.resolve_job_def("milling_nightly").asset_layer.executable_asset_keys
                 if key.path[0] in ("landing", "raw")]  # fmt: skip
    assert run_days(environment, "milling_nightly", "2024-01-30", "2024-01-30", only=early).success
    with platform_in(environment) as (defs, instance):
        assert defs.resolve_job_def("platform_health").execute_in_process(instance=instance).success

    page = visitor.page
    page.goto(f"{visitor.servers.reports}/{beside.name}/health/")
    expect(page.get_by_text("1 problem", exact=True)).to_be_visible()
    problem = page.get_by_role("row").filter(has=page.get_by_role("link", name="raw/milling/quarantine"))
    expect(problem).to_contain_text(re.compile(r"quarantined.*1.*rows set aside.*team:plant-data"))
    visitor.picture("health")
    problem.get_by_role("link", name="quarantined").click()
    expect(page.get_by_role("heading", name="Rows are in quarantine")).to_be_visible()
    visitor.picture("runbook")
