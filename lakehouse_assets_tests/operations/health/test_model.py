"""What the facts say of the platform's health, and the page and text that are made of it."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

from lakehouse_assets.monitoring.pauses import Pause
from lakehouse_assets.operations.alerts.facts import Kind
from lakehouse_assets.operations.alerts.incidents import Incident
from lakehouse_assets.operations.alerts.messages import Places
from lakehouse_assets.operations.health.facts import AssetFacts, ChampionFacts, DecisionFacts, DriftFacts, FailedCheck
from lakehouse_assets.operations.health.model import Problem, health
from lakehouse_assets.operations.health.page import as_page
from lakehouse_assets.operations.health.reports import RUNBOOKS
from lakehouse_assets.operations.health.states import State
from lakehouse_assets.operations.health.text import as_text
from lakehouse_assets_tests.operations.health.platforms import (
    ASIDE,
    CAME,
    CLEAN,
    DECISIONS,
    DRIFT,
    NOW,
    OTHER,
    RAW,
    SCORES,
    platform,
)

PLACES = Places("http://ui", "http://reports/runbooks/{kind}.html")


def told(problems: tuple[Problem, ...]) -> list[tuple[State, str, int | None, str]]:
    return [(one.state, one.asset, one.rows, one.owner) for one in problems]


def test_a_platform_without_trouble_is_well_and_each_zone_is_fresh() -> None:
    found = health(platform())
    assert found.is_well
    assert [(one.name, one.is_use_case) for one in found.subjects] == [("load", True), ("wear", True), ("mill", False)]
    assert {zone.worst for subject in found.subjects for zone in subject.zones.values()} == {State.FRESH}
    assert list(found.subjects[1].zones) == ["delivery", "models", "monitoring"]


def test_a_failure_is_told_once_at_its_beginning_with_how_much_was_not_made_because_of_it() -> None:
    failed = AssetFacts(failing_since=NOW - timedelta(hours=3), failed_run="r1")
    found = health(platform(CLEAN=failed, SCORES=failed, OTHER=failed))
    assert told(found.problems) == [(State.FAILING, CLEAN, None, "team:plant")]
    assert found.problems[0].what.endswith("nor were 2 made from it")
    assert found.problems[0].since == NOW - timedelta(hours=3)
    assert found.problems[0].runbook == "failed_run"


def test_two_failures_of_different_runs_are_two() -> None:
    one, two = (AssetFacts(failing_since=NOW, failed_run=run) for run in ("r1", "r2"))
    assert len(health(platform(CLEAN=one, SCORES=two)).problems) == 2


def test_an_open_incident_that_the_records_do_not_tell_of_names_the_first_asset_and_its_days() -> None:
    day, since = "2024-03-02", NOW - timedelta(days=3)
    torn = Incident("i", Kind.FAILED_RUN, "nightly", since, "clean: torn", (SCORES, CLEAN), day, day, run_id="r1")
    found = health(replace(platform(), incidents=(torn,)))
    assert told(found.problems) == [(State.FAILING, CLEAN, None, "team:plant")]
    assert (found.problems[0].since, found.problems[0].what) == (since, "was not made of 2024-03-02: clean: torn")
    assert found.subjects[2].zones["harmonized"].worst is State.FAILING
    assert health(replace(platform(), incidents=(replace(torn, over_at=NOW),))).is_well
    again = AssetFacts(failing_since=NOW, failed_run="r2", failed_days=day)
    assert len(health(replace(platform(CLEAN=again), incidents=(torn,))).problems) == 1
    other = replace(again, failed_days="2024-03-04")
    assert len(health(replace(platform(CLEAN=other), incidents=(torn,))).problems) == 2


def test_what_is_late_quarantined_or_breaks_a_check_says_since_when_how_many_rows_and_whose_it_is() -> None:
    found = health(
        platform(
            RAW=AssetFacts(late_since=NOW - timedelta(hours=2)),
            ASIDE=AssetFacts(quarantined=7, quarantined_since=NOW - timedelta(days=2)),
            CLEAN=AssetFacts(failed_checks=(FailedCheck("one_row_per_key", NOW, "No two rows are alike.", 4),)),
        )
    )
    assert told(found.problems) == [
        (State.LATE, RAW, None, "team:plant"),
        (State.CHECK, CLEAN, 4, "team:plant"),
        (State.QUARANTINED, ASIDE, 7, "team:plant"),
    ]
    harmonized = found.subjects[2].zones["harmonized"]
    assert harmonized.states == ((State.CHECK, 1), (State.QUARANTINED, 1))


def test_a_quarantine_that_only_grows_holds_rows_since_people_were_told_of_it() -> None:
    since = NOW - timedelta(days=5)
    told_of = Incident("i", Kind.FAILED_CHECK, f"{ASIDE} every_delivery_is_readable", since, "torn", (ASIDE,))
    grows = platform(ASIDE=AssetFacts(quarantined=7, quarantined_since=NOW - timedelta(hours=1)))
    [problem] = health(replace(grows, incidents=(told_of,))).problems
    assert (problem.state, problem.since) == (State.QUARANTINED, since)


def test_drift_and_a_champion_that_is_worse_than_expected_are_problems_of_their_tables() -> None:
    facts = platform()
    drift = DriftFacts("drift", "2024-03-04", NOW - timedelta(days=3), "drift in s11, s4", 640)
    worse = ChampionFacts(
        3, NOW, realised="what came by 2024-03-04: rmse 19.0, worse than expected since 2024-03-03", as_expected=False
    )
    worse = replace(worse, worse_since=NOW - timedelta(days=4))
    found = health(replace(facts, drift={"wear": drift}, champions={"wear": worse}))
    assert told(found.problems) == [
        (State.DRIFTING, DRIFT, 640, "team:models"),
        (State.WORSE, CAME, None, "team:models"),
    ]
    assert "drift in s11, s4" in found.problems[0].what
    assert found.problems[1].since == NOW - timedelta(days=4)
    stuck = health(replace(facts, drift={"wear": replace(drift, verdict="stuck")}))
    assert [(one.state, one.runbook) for one in stuck.problems] == [(State.FAULTY, "investigate")]


def test_a_slice_that_alone_is_worse_is_a_problem_since_it_is_so_with_the_page_of_lost_performance() -> None:
    facts, words = platform(), "worse than expected in hall=1: mae 9 (8 to 10) of 60 outcomes, expected 4 to 5"
    alone = ChampionFacts(3, NOW, slices=words, slices_since=NOW - timedelta(days=2))
    found = health(replace(facts, champions={"wear": alone})).problems
    assert [(one.state, one.asset, one.since, one.what, one.runbook) for one in found] == [
        (State.WORSE, CAME, NOW - timedelta(days=2), words, "worse_than_expected")
    ]


def test_what_no_training_would_help_is_a_problem_and_told_of_the_report_where_the_data_are_at_fault() -> None:
    facts = platform()
    failed = DecisionFacts("investigate", "its retraining failed 3 times", NOW - timedelta(days=2))
    found = health(replace(facts, decisions={"wear": failed}))
    assert [(one.state, one.asset, one.since, one.what) for one in found.problems] == [
        (State.INVESTIGATE, DECISIONS, NOW - timedelta(days=2), "its retraining failed 3 times")
    ]
    assert "training    investigate since 2024-03-03 08:00 UTC: its retraining failed 3 times" in as_text(found)
    stuck = DriftFacts("stuck", "2024-03-04", NOW - timedelta(days=3), "stuck in s4")
    both = health(replace(facts, decisions={"wear": failed}, drift={"wear": stuck}))
    assert [(one.state, one.asset) for one in both.problems] == [(State.FAULTY, DRIFT)]
    assert health(replace(facts, decisions={"wear": DecisionFacts("wait", "quiet", NOW)})).is_well


def test_a_paused_use_case_is_told_as_such_and_nobody_waits_for_its_tables() -> None:
    pause = Pause("load", "ann", "meter exchange", NOW, NOW + timedelta(days=2))
    facts = platform(OTHER=AssetFacts(late_since=NOW - timedelta(hours=2)))
    found = health(replace(facts, pauses={"load": pause}))
    assert found.is_well
    assert found.subjects[0].zones["delivery"].worst is State.PAUSED
    assert "paused until 2024-03-07" in as_text(found)
    assert told(health(facts).problems) == [(State.LATE, OTHER, None, "team:models")]


def test_every_state_that_is_a_problem_has_a_runbook() -> None:
    from lakehouse_assets.operations.health.model import RUNBOOKS as PAGES

    pages = {source.stem for source in RUNBOOKS.glob("*.md")}
    assert {*PAGES.values(), *map(str, Kind)} <= pages
    for source in RUNBOOKS.glob("*.md"):
        if source.stem != "README":
            heads = re.findall(r"^## (.+)$", source.read_text(encoding="utf-8"), re.M)
            assert heads == ["What it means", "How to see it", "What to do", "How to know that it is over"], source.stem


class _Addresses(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append(given["href"] or "")
        self.loaded += [value or "" for name, value in attrs if name == "src" or (tag == "link" and name == "href")]
        assert tag != "script"


def test_the_page_links_asset_run_and_runbook_and_loads_nothing() -> None:
    facts = platform(CLEAN=AssetFacts(failing_since=NOW, failed_run="r1"))
    addresses = _Addresses(as_page(health(facts), PLACES))
    assert addresses.links == [
        f"http://ui/assets/{CLEAN}",
        "http://ui/runs/r1",
        "http://reports/runbooks/failed_run.html",
    ]
    assert addresses.loaded == []


def test_what_a_file_brings_cannot_become_markup() -> None:
    check = FailedCheck("readable", NOW, "<script>alert(1)</script>")
    page = as_page(health(platform(CLEAN=AssetFacts(failed_checks=(check,)))), PLACES)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_text_says_the_same_as_the_page() -> None:
    found = health(platform(RAW=AssetFacts(late_since=NOW - timedelta(hours=2))))
    text = as_text(found)
    assert f"LATE {RAW} since 2024-03-05 06:00" in text
    assert "owner team:plant; docs/runbooks/broken_freshness.md" in text
    assert (
        "version 3 since 2024-02-25 08:00 UTC: rmse 11.2 (10.8 to 11.7) on held out; what came by 2024-03-04: rmse 11.4"
        in text
    )
