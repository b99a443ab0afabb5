"""The pages that engineers and on-call staff open first, on the real servers in a real browser."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from lakehouse_assets_tests.browser.chromium import CHROMIUM, WITHOUT_IT
from lakehouse_assets_tests.browser.visitor import PATIENCE_WITH_DAEMONS, Visitor
from lakehouse_assets_tests.conftest import Road

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("road"),
    pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_IT),
]


def is_loaded(image: Locator) -> bool:
    """Whether a picture is drawn, once it came or turned out not to come."""
    expect(image).to_have_js_property("complete", True)
    return bool(image.evaluate("image => image.complete && image.naturalWidth > 0 && image.getClientRects().length"))


def test_the_code_location_is_loaded_and_every_daemon_runs(visitor: Visitor) -> None:
    visitor.open("/deployment/locations")
    expect(visitor.page.get_by_text("1 code location")).to_be_visible()
    expect(visitor.page.get_by_text("lakehouse_assets", exact=True).first).to_be_visible()
    expect(visitor.page.get_by_text("Loaded", exact=True)).to_be_visible()
    visitor.expect_no_problem()

    visitor.open("/deployment/daemons")
    for daemon in ("Sensors", "Scheduler", "Run queue", "Backfill", "Monitoring", "Freshness Daemon"):
        row = visitor.page.locator("tr").filter(has=visitor.page.get_by_text(re.compile(f"^{daemon}$", re.IGNORECASE)))
        expect(row.get_by_text("Running", exact=True)).to_be_visible(timeout=PATIENCE_WITH_DAEMONS)
    visitor.picture("deployment")


def test_no_dialog_stands_before_a_newcomers_first_page(newcomer: Visitor) -> None:
    newcomer.open("/asset-groups")
    expect(newcomer.page.get_by_label("zoom_out")).to_be_visible()
    newcomer.page.wait_for_timeout(2_000)  # Dagster's invitation to its community comes a second after the page
    assert newcomer.page.get_by_role("dialog").count() == 0, newcomer.page.get_by_role("dialog").inner_text()


def test_the_evaluation_page_shows_scores_per_fleet_and_both_plots(visitor: Visitor) -> None:
    visitor.open("/assets/models/turbofan_rul/evaluation")
    visitor.row("scores").get_by_text("[Show Markdown]").click()
    scores = visitor.page.get_by_role("dialog")
    for words in ("rmse", "rmse_capped", "mae", "nasa_score", "held_out", "fleet=FS001", "fleet=FS002"):
        expect(scores.get_by_text(words, exact=True).first).to_be_visible()
    visitor.close_dialog()
    expect(visitor.page.get_by_text("reliability-engineering").first).to_be_visible()
    expect(visitor.page.get_by_text("zone: models")).to_be_visible()
    expect(visitor.page.get_by_text("use_case: turbofan_rul")).to_be_visible()

    for label in ("held_out_residuals", "held_out_prediction_against_truth"):
        plot = visitor.plot(label)
        expect(plot).to_be_visible()
        assert is_loaded(plot), label
        visitor.picture("evaluation" if label == "held_out_prediction_against_truth" else "evaluation_residuals")
        visitor.close_dialog()


def test_the_drift_page_shows_the_verdict_and_its_plot_and_leads_to_evidentlys_report(
    visitor: Visitor, road: Road
) -> None:
    visitor.open(f"/assets/monitoring/turbofan_rul/drift?view=partitions&partition={road.last_day}")
    expect(visitor.row("verdict").get_by_text("stable")).to_be_visible()
    link = visitor.row("report").get_by_role("link").first
    expect(link).to_be_visible()
    address = link.get_attribute("href") or ""
    plot = visitor.plot("distances")
    expect(plot).to_be_visible()
    assert is_loaded(plot)
    visitor.picture("drift")
    visitor.close_dialog()

    assert address == f"{visitor.servers.reports}/turbofan_rul/drift/{road.last_day}.html", urlsplit(address)
    report = visitor.follow(link)
    expect(report.page.get_by_text(re.compile("Drift in column 't50'"))).to_be_visible()
    expect(report.page.locator(".js-plotly-plot").first).to_be_visible()
    report.picture("drift_report")


def test_the_sensors_page_shows_that_it_runs_and_why_it_asks_for_nothing(visitor: Visitor) -> None:
    visitor.open("/locations/lakehouse_assets/sensors/turbofan_rul_retraining")
    page = visitor.page
    expect(page.get_by_text(re.compile("Decides whether turbofan_rul is trained again"))).to_be_visible()
    expect(page.get_by_role("link", name="turbofan_rul_training")).to_be_visible()
    expect(page.get_by_role("switch").or_(page.get_by_role("checkbox")).first).to_be_checked()
    expect(page.get_by_text("0 runs requested").first).to_be_visible(timeout=PATIENCE_WITH_DAEMONS)
    expect(page.get_by_text("View logs").first).to_be_visible()
    visitor.picture("sensor")
    assert page.get_by_text("Failure", exact=True).count() == 0
    tick = page.locator("tr").filter(has=page.get_by_text("View logs")).first
    tick.get_by_text("0 runs requested").last.click()
    expect(page.get_by_role("dialog")).to_contain_text(re.compile("Skip reason: (nothing new since )?wait: "))
    visitor.picture("sensor_reason")


def test_the_schedules_page_shows_when_it_runs_and_what(visitor: Visitor) -> None:
    visitor.open("/locations/lakehouse_assets/schedules/nightly_schedule")
    expect(visitor.page.get_by_text("Every night at 02:00 of the plant's time (UTC): the day before")).to_be_visible()
    expect(visitor.page.get_by_text("At 02:00").first).to_be_visible()
    expect(visitor.page.get_by_role("link", name="nightly", exact=True)).to_be_visible()
    visitor.picture("schedule")


@pytest.mark.parametrize(
    ("table", "check", "says"),
    [
        ("harmonized/turbofan/quarantine", "every_row_keeps_the_contract", "rows_set_aside"),
        ("raw/turbofan/quarantine", "every_delivery_is_readable", "what_to_do"),
    ],
)
def test_a_quarantines_check_page_shows_the_result_and_what_to_do(
    visitor: Visitor, table: str, check: str, says: str
) -> None:
    visitor.open(f"/assets/{table}?view=checks")
    expect(visitor.page.get_by_text(check).first).to_be_visible()
    expect(visitor.page.get_by_text("Passed", exact=True)).to_be_visible()
    expect(visitor.page.get_by_text(says, exact=True).first).to_be_visible()
    visitor.picture(f"{table.split('/')[0]}_quarantine")


def test_the_readings_page_shows_each_columns_meaning_and_unit(visitor: Visitor) -> None:
    visitor.open("/assets/harmonized/turbofan/readings")
    columns = visitor.page.locator("tr")
    for column, unit in (("t50", "[K]"), ("p30", "[kPa]"), ("nf", "[rad/s]"), ("w31", "[kg/s]")):
        row = columns.filter(has=visitor.page.get_by_text(column, exact=True)).first
        row.scroll_into_view_if_needed()
        expect(row).to_contain_text(unit)
    expect(columns.filter(has=visitor.page.get_by_text("engine_id", exact=True)).first).to_contain_text("key")
    visitor.picture("readings")
