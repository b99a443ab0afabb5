"""An episode goes on while nothing calm, and no long silence, lies between its bad reports; its first day stays."""

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.monitoring.deciding.episodes import BAD, CALM, STALE_DAYS, UNKNOWN, Episode, Signals, signals_of
from lakehouse_assets_tests.monitoring.deciding.decision_cases import FIRST, POLICY, asked, history, realised, reports

CALM_REPORTS = 3
state = st.sampled_from([BAD, BAD, CALM, UNKNOWN])
#: What is said of each day, or that nothing is; long silences come about.
days = st.dictionaries(st.integers(0, 60), state, min_size=1)


def told(said: Mapping[int, str], signal: str = "t50") -> pd.DataFrame:
    rows = [(FIRST + timedelta(days=day), signal, one) for day, one in said.items()]
    return pd.DataFrame(rows, columns=["day", "signal", "state"])


def signals(said: Mapping[int, str], at_least: int = 2, of_last: int = 3) -> Signals:
    return signals_of(told(said), at_least, of_last, CALM_REPORTS)


def after(number: int) -> date:
    return FIRST + timedelta(days=number)


@pytest.mark.parametrize(("silent", "violated"), [(3, True), (STALE_DAYS, True), (STALE_DAYS + 1, False), (60, False)])
def test_two_bad_reports_are_of_one_episode_where_no_more_than_a_week_lies_between(silent: int, violated: bool) -> None:
    found = signals({0: BAD, silent: BAD})
    assert found.violated == ((Episode("t50", FIRST),) if violated else ())
    assert found.beginning == (() if violated else ("t50",))


def test_an_episode_after_a_long_silence_begins_after_it() -> None:
    assert signals({0: BAD, 1: BAD, 40: BAD, 41: BAD}).violated == (Episode("t50", after(40)),)


def test_reports_that_could_not_judge_are_a_silence_too() -> None:
    unjudged = dict.fromkeys(range(2, 40), UNKNOWN)
    assert signals({0: BAD, 1: BAD, **unjudged, 40: BAD, 41: BAD}).violated == (Episode("t50", after(40)),)


def test_what_another_signal_says_in_the_meantime_breaks_no_silence() -> None:
    both = pd.concat([told({0: BAD, 1: BAD, 40: BAD, 41: BAD}), told(dict.fromkeys(range(42), CALM), "t30")])
    assert signals_of(both, 2, 3, CALM_REPORTS).violated == (Episode("t50", after(40)),)


@given(days, days, st.integers(1, 4), st.integers(0, 3))
def test_each_signal_is_as_a_look_through_its_days_from_the_first_on_finds_it(
    one: dict[int, str], other: dict[int, str], at_least: int, more: int
) -> None:
    of_last = at_least + more
    found = signals_of(pd.concat([told(one, "a"), told(other, "b")]), at_least, of_last, CALM_REPORTS)
    every = sorted({*one, *other})
    for name, said in (("a", one), ("b", other)):
        bad, since = open_by_hand(said, every[-1])
        recent = [day for day in every[-of_last:] if said.get(day) == BAD and day >= since]
        violated = said.get(every[-1]) == BAD and len(recent) >= at_least
        assert (name in {each.signal for each in found.violated}) == violated
        lingers = len(bad) >= at_least and not violated
        assert (name in {each.signal for each in found.lingering}) == lingers
        first = {each.signal: each.since for each in (*found.violated, *found.lingering)}.get(name)
        assert first == (after(bad[0]) if violated or lingers else None)


def open_by_hand(said: Mapping[int, str], newest: int) -> tuple[list[int], int]:
    """The bad days of the episode that is open on the newest day, and the first day that no long silence parts from it;
    walked forwards, day by day.
    """
    bad: list[int] = []
    quiet = judged = since = 0
    for day in range(newest + 1):
        one = said.get(day, UNKNOWN)
        if day - judged > STALE_DAYS:
            bad, quiet, since = [], 0, day
        judged = day if one != UNKNOWN else judged
        if one == BAD:
            bad, quiet = [*bad, day], 0
        elif one == CALM:
            quiet += 1
            bad = [] if quiet >= CALM_REPORTS else bad
    return bad, since


@given(days, st.lists(st.tuples(st.integers(1, STALE_DAYS // 2), state), max_size=30))
def test_an_episode_that_goes_on_keeps_its_first_day_from_night_to_night(
    before: dict[int, str], nights: list[tuple[int, str]]
) -> None:
    """And so the key of its run, though nights are missed or not judged."""
    said, since, quiet = {**before, max(before): BAD}, None, 0
    day = max(said)
    for number, (later, one) in enumerate(nights):
        day += later
        # Of two nights one is judged, and of three one is bad: the episode goes on.
        one = BAD if number % 2 == 0 or quiet == CALM_REPORTS - 1 else one
        quiet = quiet + 1 if one == CALM else 0 if one == BAD else quiet
        said[day] = one
        found = signals(said, at_least=1, of_last=1)
        (episode,) = found.violated or found.lingering
        assert since in (None, episode.since)
        since = episode.since


def test_one_flagged_report_before_an_outage_and_one_after_it_ask_for_nothing() -> None:
    apart = pd.concat([reports("stable", "drift"), reports("drift", start=after(60))])
    decision = asked(history(apart))
    assert (decision.decision, decision.run_key) == ("wait", None)
    assert decision.reason == "drift in t50, but not in 2 of the last 3 reports"
    worse = pd.concat([realised("worse than expected"), realised("worse than expected", start=after(60))])
    assert asked(history(loss=worse)).decision == "wait"


@pytest.mark.parametrize("missed", [1, 3, 6])
def test_nights_that_are_made_up_for_after_an_outage_ask_for_nothing_more(missed: int) -> None:
    before = reports("drift", "drift")
    first = asked(history(before))
    back = reports("drift", start=after(2 + missed))
    made_up = reports(*["drift"] * missed, start=after(2))
    for known in (before, pd.concat([before, back]), pd.concat([before, back, made_up])):
        again = asked(history(known, made=(first,)))
        assert (again.run_key, again.since) == (first.run_key, FIRST)


def test_a_long_outage_that_is_made_up_for_joins_what_was_asked_for_since_with_what_was_before() -> None:
    """The key of a run that was asked for stays, though its episode turns out to be older."""
    apart = pd.concat([reports("drift", "drift"), reports("drift", "drift", start=after(30))])
    second = asked(history(apart))
    assert second.since == after(30)
    joined = asked(history(reports(*["drift"] * 32), made=(second,)))
    assert (joined.run_key, joined.since) == (second.run_key, FIRST)
    assert POLICY.calm_reports == CALM_REPORTS
