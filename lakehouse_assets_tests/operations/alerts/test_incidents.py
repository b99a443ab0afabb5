"""From facts to incidents: which begin, which are over, in whatever order facts come."""

import json
from dataclasses import replace
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
    assert [one.is_open for one in after(began, [part])] == [True]


def days(minute: int, first: int, last: int, ok: bool = True) -> Fact:
    at = START + timedelta(minutes=minute)
    return Fact(Kind.FAILED_CHECK, "road", at, ok, "", first=f"2024-03-{first:02}", last=f"2024-03-{last:02}")


def by_looks(*seen: Fact) -> list[list[tuple[str, str, bool]]]:
    """What was told at the end of each look that saw one fact, as the table keeps it between them."""
    state: dict[str, Incident] = {}
    told = []
    for one in seen:
        found = after(list(state.values()), [one])
        told.append([(new.first[-2:], new.last[-2:], new.is_open) for new in found])
        kept = state_of(list(state.values()), found)
        state = {name: remembered(json.loads(json.dumps(one.told()))) for name, one in kept.items()}
    return told


def test_a_range_is_over_once_when_each_of_its_days_was_right_since() -> None:
    told = by_looks(days(0, 1, 10, ok=False), *(days(day, day, day) for day in range(1, 11)))
    assert told == [[("01", "10", True)]] * 10 + [[("01", "10", False)]]


def test_two_ranges_that_overlap_are_each_over_with_their_last_day() -> None:
    wrong = days(0, 1, 10, ok=False), days(1, 5, 14, ok=False)
    *_, first, second = by_looks(*wrong, days(2, 11, 14), days(3, 1, 10))
    assert first == [("05", "14", True)]
    assert second == [("01", "10", False), ("05", "14", False)]


def test_a_day_of_a_range_that_is_wrong_again_is_waited_for_and_not_told_again() -> None:
    wrong, right = days(0, 1, 2, ok=False), days(1, 1, 1)
    told = by_looks(wrong, right, days(2, 1, 1, ok=False), days(3, 2, 2), days(4, 1, 1))
    assert told == [[("01", "02", True)]] * 4 + [[("01", "02", False)]]


def test_partitions_that_are_no_days_are_over_together() -> None:
    began = after([], [Fact(Kind.FAILED_CHECK, "road", START, False, "", first="a", last="c")])
    part = Fact(Kind.FAILED_CHECK, "road", START + timedelta(1), True, "", first="a", last="b")
    assert after(began, [part]) == []
    assert [one.is_open for one in after(began, [replace(part, last="c")])] == [False]


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
ends = st.tuples(st.integers(1, 6), st.integers(1, 6)).map(sorted)
ranges = st.builds(lambda at, ok, ends: days(at, *ends, ok=ok), minutes, st.booleans(), ends)
facts = st.lists(
    st.builds(fact, minutes, st.booleans(), st.sampled_from(["a", "b"]), st.sampled_from(["", "2024-03-01"])) | ranges,
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


def days_of(one: Fact | Incident) -> set[int]:
    return set(range(int(one.first[-2:]), int(one.last[-2:]) + 1))


@given(st.lists(ranges, unique_by=lambda one: one.at))
def test_an_incident_of_some_days_is_over_when_each_was_right_since_and_open_only_while_one_is_wrong(
    seen: list[Fact],
) -> None:
    for one in after([], seen):
        if one.over_at is None:
            newest = {day: max((fact.at, fact.ok) for fact in seen if day in days_of(fact)) for day in days_of(one)}
            assert not all(ok for _, ok in newest.values())
        else:
            right = [days_of(fact) for fact in seen if fact.ok and one.since < fact.at <= one.over_at]
            assert days_of(one) <= set().union(*right)
