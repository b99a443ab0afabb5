"""Labels that stop coming are told as what they are, and not as a change that is too young from day to day."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.monitoring.deciding.decision import Decision, worth_a_row
from lakehouse_assets.monitoring.deciding.history import SUCCEEDED, Training
from lakehouse_assets.monitoring.deciding.silence import Coming
from lakehouse_assets_tests.monitoring.deciding.decision_cases import (
    DRIFTED,
    FIRST,
    KEY,
    NOW,
    POLICY,
    asked,
    decisions,
    history,
    realised,
    reports,
)

LAST = date(2024, 5, 3)
WORDS = "no outcome has become known since 2024-05-03, and usually one does within a day: see why none comes"


def after(*days: int) -> list[date]:
    return [FIRST + timedelta(days=n) for n in days]


def on_day(number: int, *, known: int | None = None, held_out: int = 5, refused: Training | None = None) -> Decision:
    """Drift since the first day; outcomes came daily until the third or another day, the last five of which are held
    out.
    """
    last = FIRST + timedelta(days=known - 1) if known else LAST
    made = (asked(history(DRIFTED)),) if refused else ()
    told = history(reports(*["drift"] * number), made=made, trainings=(refused,) if refused else ())
    return asked(replace(told, learns_until=last - timedelta(days=held_out), coming=Coming(last, 1)))


@pytest.mark.parametrize(
    ("days", "usual"),
    [
        ([0, 1, 2, 5], 3),
        ([5, 2, 1, 0, 5, 5], 3),
        # One gap in 20 is that of an outage, one in 19 is what happens.
        ([*range(20), 60], 1),
        ([*range(19), 60], 42),
    ],
)
def test_usual_is_within_how_many_days_nineteen_of_twenty_outcomes_followed_the_one_before(days, usual) -> None:
    assert Coming.on(after(*days)) == Coming(max(after(*days)), usual)


def test_outcomes_of_one_day_tell_of_nothing_usual() -> None:
    assert Coming.on(after(3, 3)) is None
    assert Coming.on([]) is None


@given(st.lists(st.dates(date(2024, 1, 1), date(2024, 12, 31)), min_size=2, unique=True), st.integers(0, 400))
def test_a_silence_is_longer_than_twice_what_is_usual_and_than_three_days(days: list[date], quiet: int) -> None:
    coming = Coming.on(days)
    assert coming is not None
    silence = coming.silence(max(days) + timedelta(days=quiet))
    assert (silence is not None) == (quiet > max(2 * coming.usual, 3))
    assert silence is None or (silence.days, silence.since) == (quiet, max(days))


def test_a_change_of_which_too_little_is_known_as_outcomes_stopped_is_to_be_looked_into() -> None:
    # With outcomes, two days are learned by the 7th: five are held out.
    assert on_day(7, known=7).decision == "retrain"
    lacks = on_day(7)
    assert (lacks.decision, lacks.run_key, lacks.trigger) == ("investigate", None, "drift")
    assert lacks.reason.endswith(f"a training now would learn 0 days of what changed on 2024-05-01, as {WORDS}")
    assert on_day(6).decision == "wait", "three days without an outcome may be"


def test_it_is_told_in_the_same_words_for_as_long_as_it_lasts() -> None:
    told = [on_day(number) for number in range(7, 60)]
    assert {(one.decision, one.reason) for one in told} == {("investigate", told[0].reason)}
    assert not worth_a_row(replace(told[5], decided_at=NOW + timedelta(hours=1)), decisions(told[5]))


def test_a_change_that_is_too_young_anyway_waits_until_a_day_that_does_not_move() -> None:
    told = [on_day(number, held_out=9) for number in range(7, 11)]
    assert [one.decision for one in told] == ["wait"] * 4
    assert {one.reason.split(": ", 1)[1] for one in told} == {
        f"a training now would learn 0 days of what changed on 2024-05-01; it waits until 2024-05-11, and {WORDS}"
    }
    assert on_day(11, held_out=9).decision == "investigate"
    assert on_day(11, known=11, held_out=9).decision == "retrain"


def test_outcomes_that_come_again_end_it() -> None:
    assert on_day(30).decision == "investigate"
    assert on_day(30, known=29).decision == "retrain"


def test_it_hides_that_there_is_more_to_learn_from_which_would_learn_nothing_of_the_change() -> None:
    more = replace(POLICY, on_more_data=0.5)
    known = replace(history(reports(*["drift"] * 9), new_rows=90), learned_rows=100, coming=Coming(LAST, 1))
    stopped = replace(known, learns_until=LAST - timedelta(days=5))
    assert asked(stopped, more).decision == "investigate"
    assert asked(replace(known, reports=reports(*["stable"] * 9)), more).trigger == "data"


def test_what_was_refused_waits_for_outcomes_and_names_no_day_that_is_past() -> None:
    refused = Training("r1", SUCCEEDED, KEY, NOW, promoted=False, day=date(2024, 5, 2))
    told = [on_day(number, refused=refused) for number in range(7, 30)]
    assert {one.decision for one in told} == {"investigate"}
    assert {one.reason.split(" until ", 1)[1] for one in told} == {f"there is more to learn of it; {WORDS}"}
    young = [on_day(number, held_out=9, refused=refused).reason.split(" until ", 1)[1] for number in range(7, 11)]
    assert set(young) == {"there is more to learn of it, from 2024-05-11 on"}


def test_what_a_refused_one_had_learned_does_not_shrink_as_outcomes_stop() -> None:
    """It had five of the first ten days; the last outcome is of the twelfth. Ten days are twice as many, not seven."""
    refused = Training("r1", SUCCEEDED, KEY, NOW, promoted=False, day=date(2024, 5, 10))
    told = history(reports(*["drift"] * 60), trainings=(refused,))
    stopped = replace(told, learns_until=date(2024, 5, 7), coming=Coming(date(2024, 5, 12), 1))
    assert asked(stopped).decision == "investigate"
    assert "there is more to learn of it; no outcome" in asked(stopped).reason
    came = replace(told, learns_until=date(2024, 5, 10), coming=Coming(date(2024, 5, 15), 1))
    assert asked(came).decision == "retrain"


def test_new_rows_that_do_not_come_are_not_waited_for_for_ever() -> None:
    """Where whole entities are held out nothing but the new rows says that outcomes stopped."""
    none = replace(history(reports(*["drift"] * 9), new_rows=0), coming=Coming(LAST, 1))
    assert asked(none).decision == "investigate"
    assert asked(none).reason.endswith(f"0 new rows to learn from, 1 are needed; {WORDS}")
    assert asked(replace(none, coming=Coming(LAST, 4))).decision == "wait"


def test_where_nothing_is_wrong_it_is_said_beside_it() -> None:
    calm = replace(history(reports(*["stable"] * 9), realised(*["no outcomes yet"] * 9)), coming=Coming(LAST, 1))
    assert (asked(calm).decision, asked(calm).reason) == ("wait", f"nothing drifts; {WORDS}")
    assert asked(replace(calm, coming=Coming(LAST, 3))).reason == "nothing drifts"


def test_lost_performance_is_held_back_by_it_too() -> None:
    worse = realised(*["worse than expected"] * 9)
    lost = replace(history(loss=worse), learns_until=date(2024, 4, 28), coming=Coming(LAST, 1))
    both = replace(lost, reports=pd.concat([reports(*["drift"] * 9)]))
    for one in (lost, both):
        assert (asked(one).decision, asked(one).trigger) == ("investigate", "performance")
