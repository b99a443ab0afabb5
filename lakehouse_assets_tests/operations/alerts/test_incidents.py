"""From facts to incidents: which begin, which are over, in whatever order facts come."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.incidents import Incident, after, remembered

START = datetime(2024, 3, 5, tzinfo=UTC)


def fact(minute: int, ok: bool = False, subject: str = "nightly", day: str = "", **more: object) -> Fact:
    at = START + timedelta(minutes=minute)
    return Fact(Kind.FAILED_RUN, subject, at, ok, "why", first=day, last=day, **more)  # type: ignore[arg-type]


def spans(found: list[Incident]) -> list[tuple[str, datetime, datetime | None]]:
    return [(one.subject, one.since, one.over_at) for one in found]


def test_what_goes_wrong_twice_is_one_incident_until_it_is_right_again() -> None:
    first = after([], [fact(0), fact(5)])
    assert spans(first) == [("nightly", START, None)]
    ended = after(first, [fact(7), fact(9, ok=True)])
    assert spans(ended) == [("nightly", START, START + timedelta(minutes=9))]
    again = after(ended, [fact(20)])
    assert spans(again) == [("nightly", START + timedelta(minutes=20), None)]


def test_two_days_are_two_incidents_and_each_ends_by_its_own_day_or_by_a_range_that_holds_it() -> None:
    began = after([], [fact(0, day="2024-03-01"), fact(1, day="2024-03-02")])
    assert len(began) == 2
    other = after(began, [fact(2, ok=True, day="2024-03-03")])
    assert other == []
    whole = Fact(
        Kind.FAILED_RUN, "nightly", START + timedelta(minutes=3), True, "", first="2024-03-01", last="2024-03-31"
    )
    assert [one.first for one in after(began, [whole])] == ["2024-03-01", "2024-03-02"]


def test_a_range_that_was_right_in_part_only_is_not_over() -> None:
    began = after([], [Fact(Kind.FAILED_RUN, "road", START, False, "", first="2024-03-01", last="2024-03-09")])
    part = Fact(Kind.FAILED_RUN, "road", START + timedelta(1), True, "", first="2024-03-01", last="2024-03-08")
    assert after(began, [part]) == []


def test_a_promotion_is_told_and_nothing_is_ever_open() -> None:
    [told] = after([], [Fact(Kind.PROMOTION, "some_use_case", START, False, "version 2 serves")])
    assert not told.is_open
    assert told.over_at is None


def test_an_incident_survives_being_written_down() -> None:
    [one] = after([], [fact(0, day="2024-03-01", assets=("raw/a/b",), rows=3, run_id="r")])
    assert remembered(one.told()) == one
    [over] = after([one], [fact(9, ok=True, day="2024-03-01")])
    assert remembered(over.told()) == over


minutes = st.integers(0, 30)
facts = st.lists(
    st.builds(fact, minutes, st.booleans(), st.sampled_from(["a", "b"]), st.sampled_from(["", "2024-03-01"])),
    unique_by=lambda one: (one.at, one.subject),
)


def state_of(known: list[Incident], found: list[Incident]) -> dict[str, Incident]:
    return {one.incident: one for one in (*known, *found)}


@given(facts)
def test_facts_that_come_again_change_nothing(seen: list[Fact]) -> None:
    known = list(state_of([], after([], seen)).values())
    assert after(known, seen) == []


@given(facts, st.integers(0, 30))
def test_facts_in_two_looks_make_the_same_incidents_as_in_one(seen: list[Fact], split: int) -> None:
    earlier = [one for one in seen if one.at <= START + timedelta(minutes=split)]
    later = [one for one in seen if one.at > START + timedelta(minutes=split)]
    first = list(state_of([], after([], earlier)).values())
    both = state_of(first, after(first, later))
    assert both == state_of([], after([], seen))


@given(facts)
def test_one_incident_at_a_time_is_open_for_a_subject_without_partitions(seen: list[Fact]) -> None:
    found = [one for one in after([], [one for one in seen if not one.first]) if one.is_open]
    assert len({one.subject for one in found}) == len(found)
