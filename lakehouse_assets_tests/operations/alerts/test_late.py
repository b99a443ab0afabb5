"""Lateness is told where it begins, once, and is over when nothing of it is late any more."""

from datetime import UTC, datetime, timedelta

from lakehouse_assets.operations.alerts.facts import Fact
from lakehouse_assets.operations.alerts.graph import Asset, Graph
from lakehouse_assets.operations.alerts.incidents import Incident, after
from lakehouse_assets.operations.alerts.late import late_facts

NOW = datetime(2024, 3, 5, 8, tzinfo=UTC)
RAW, CLEAN, OTHER, SCORES = "raw/a/rows", "harmonized/a/rows", "raw/b/rows", "delivery/u/scores"
BESIDE, FROM_BESIDE = "raw/a/others", "delivery/v/scores"
GRAPH = Graph(
    {
        RAW: Asset(RAW, group="a"),
        CLEAN: Asset(CLEAN, group="a", parents=(RAW,)),
        OTHER: Asset(OTHER, group="b"),
        SCORES: Asset(SCORES, group="u", use_case="u", parents=(CLEAN,)),
        BESIDE: Asset(BESIDE, group="a"),
        FROM_BESIDE: Asset(FROM_BESIDE, group="v", use_case="v", parents=(BESIDE,)),
    }
)


def look(known: list[Incident], *late: str, minute: int = 0, paused: tuple[str, ...] = ()) -> list[Incident]:
    now = NOW + timedelta(minutes=minute)
    facts: list[Fact] = late_facts(dict.fromkeys(late, NOW - timedelta(hours=1)), known, GRAPH, now, paused)
    state = {one.incident: one for one in (*known, *after(known, facts))}
    return list(state.values())


def told(known: list[Incident]) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(one.subject, one.assets, one.is_open) for one in known]


def test_tables_that_are_late_because_their_inputs_are_belong_to_the_incident_of_those() -> None:
    known = look([], RAW, CLEAN, SCORES)
    assert told(known) == [("a", (RAW,), True)]
    assert known[0].summary.endswith("and 2 tables made from them")


def test_two_places_where_it_begins_are_two_incidents() -> None:
    assert told(look([], RAW, OTHER)) == [("a", (RAW,), True), ("b", (OTHER,), True)]


def test_it_is_over_when_the_last_table_downstream_is_fresh_and_nothing_new_begins_on_the_way() -> None:
    known = look([], RAW, CLEAN, SCORES)
    for minute, late in enumerate([(CLEAN, SCORES), (SCORES,)], start=1):
        known = look(known, *late, minute=minute)
        assert told(known) == [("a", (RAW,), True)]
    assert told(look(known, minute=3)) == [("a", (RAW,), False)]


def test_nobody_waits_for_the_tables_of_a_use_case_that_is_paused() -> None:
    assert look([], SCORES, paused=("u",)) == []
    assert told(look([], SCORES)) == [("u", (SCORES,), True)]


def test_what_is_over_since_nobody_waits_is_not_told_to_be_fresh() -> None:
    [paused] = look(look([], SCORES), SCORES, minute=1, paused=("u",))
    [fresh] = look(look([], SCORES), minute=1)
    assert (paused.is_open, fresh.is_open) == (False, False)
    assert paused.over_because == "nobody waits for its tables while it is paused"
    assert fresh.over_because == "every table of it is fresh again"


def test_a_second_table_of_the_domain_that_is_late_meanwhile_keeps_the_incident_open_and_is_not_told_again() -> None:
    known = look([], RAW)
    known = look(known, RAW, BESIDE, minute=1)
    assert told(known) == [("a", (RAW, BESIDE), True)]
    for minute in (2, 3):
        known = look(known, BESIDE, minute=minute)
        assert told(known) == [("a", (RAW, BESIDE), True)]
    known = look(known, FROM_BESIDE, minute=4)
    assert told(known) == [("a", (RAW, BESIDE), True)], "what is made from the second belongs to it as well"
    assert told(look(known, minute=5)) == [("a", (RAW, BESIDE), False)]


def test_what_is_late_for_longer_than_the_last_incident_of_its_domain_lasted_is_told() -> None:
    known = look(look([], SCORES), SCORES, minute=1, paused=("u",))
    assert told(known) == [("u", (SCORES,), False)]
    assert told(look(known, SCORES, minute=2)) == [("u", (SCORES,), False), ("u", (SCORES,), True)]
