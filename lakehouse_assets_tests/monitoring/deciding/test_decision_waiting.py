"""What keeps a retraining waiting: nothing to learn of the change yet, a refusal of the gate, held-out days."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd

from lakehouse_assets.monitoring.deciding.decision import Decision
from lakehouse_assets.monitoring.deciding.history import FAILED, SUCCEEDED, History, Training
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


def refused_at_once(days: int) -> History:
    """Drift of so many days; the retraining that the second one asked for was refused."""
    first = asked(history(DRIFTED))
    refused = Training("r1", SUCCEEDED, KEY, NOW, promoted=False, day=first.day)
    return history(reports(*["drift"] * days), made=(first,), trainings=(refused,))


def test_a_retraining_that_the_gate_refused_is_looked_into_and_not_repeated() -> None:
    decision = asked(refused_at_once(3))
    assert (decision.decision, decision.run_key) == ("investigate", None)
    assert "did not help, the gate refused it or it came to the model that serves; the same again" in decision.reason
    assert "more to learn of it, from 2024-05-04 on" in decision.reason


def test_it_is_tried_again_once_there_is_twice_as_much_to_learn_and_the_doubled_cool_down_is_over() -> None:
    waits = asked(refused_at_once(15))
    assert (waits.decision, waits.run_key) == ("investigate", None)
    assert f"{KEY} was refused; there is more to learn of it now" in waits.reason
    assert "cool-down until 2024-05-16, doubled 1 times" in waits.reason
    known = refused_at_once(16)
    second = asked(known)
    assert (second.decision, second.run_key) == ("retrain", "pumps-champion-1-drift-since-2024-05-16")
    assert second.since == FIRST
    made = pd.concat([known.decisions, decisions(second)])
    again = asked(replace(known, decisions=made))
    assert (again.decision, again.run_key) == ("retrain", second.run_key), "asked for, not yet run: the same key"
    refused = Training("r2", SUCCEEDED, second.run_key, NOW, promoted=False, day=second.day)
    twice = replace(known, decisions=made, trainings=(*known.trainings, refused))
    for length in (17, 31, 43):
        assert asked(replace(twice, reports=reports(*["drift"] * length))).decision == "investigate"
    assert asked(replace(twice, reports=reports(*["drift"] * 44))).decision == "retrain"
    assert asked(replace(twice, reports=reports(*["drift"] * 44), decisions=decisions())).decision == "retrain"


def test_one_that_was_promoted_and_rolled_back_is_not_tried_again() -> None:
    first = asked(history(DRIFTED))
    promoted = Training("r1", SUCCEEDED, KEY, NOW, promoted=True, day=first.day)
    decision = asked(history(reports(*["drift"] * 90), made=(first,), trainings=(promoted,)))
    assert (decision.decision, decision.run_key) == ("investigate", None)


def test_a_training_that_would_learn_nothing_of_what_changed_waits_and_says_until_when() -> None:
    """The newest five days are held out, and the label of the newest day is not known yet."""

    def on_day(number: int) -> Decision:
        until = FIRST + timedelta(days=number - 1 - 6)
        return asked(replace(history(reports(*["drift"] * number)), learns_until=until))

    early = on_day(2)
    assert (early.decision, early.run_key) == ("wait", None)
    assert "would learn 0 days of what changed on 2024-05-01" in early.reason
    assert "the newest 6 days are held out or have no label yet; it waits until 2024-05-08" in early.reason
    assert "learn 1 day of" in on_day(7).reason
    assert on_day(7).decision == "wait"
    assert (on_day(8).decision, on_day(8).run_key) == ("retrain", KEY)


def test_what_was_refused_with_days_held_out_is_measured_by_what_it_had_learned() -> None:
    policy = replace(POLICY, learn_days=0, cool_down_days=0)
    first = asked(replace(history(DRIFTED), learns_until=date(2024, 4, 27)), policy)
    refused = Training("r1", SUCCEEDED, first.run_key, NOW, promoted=False, day=first.day)

    def on_day(number: int) -> str:
        known = history(reports(*["drift"] * number), made=(first,), trainings=(refused,))
        until = FIRST + timedelta(days=number - 1 - 5)
        return asked(replace(known, learns_until=until), policy).decision

    assert [on_day(5), on_day(6)] == ["investigate", "retrain"]


def test_lost_performance_waits_from_the_day_on_which_the_features_told_of_the_change() -> None:
    worse = realised(*["as expected"] * 4, "worse than expected", "worse than expected")
    known = replace(history(loss=worse), learns_until=date(2024, 5, 2))
    assert "what changed on 2024-05-05" in asked(known).reason
    both = replace(known, reports=reports(*["drift"] * 6))
    decision = asked(both)
    assert (decision.decision, decision.trigger) == ("retrain", "performance")


def test_more_to_learn_from_waits_for_no_change() -> None:
    calm = replace(history(loss=realised("as expected"), new_rows=50), learned_rows=100, learns_until=date(2024, 3, 1))
    assert asked(calm, replace(POLICY, on_more_data=0.5)).decision == "retrain"


MORE = replace(POLICY, on_more_data=0.25)


def more_data(new_rows: int, days: int, *, lost: bool = False, told: bool = True) -> Decision:
    """What is decided when the gate refused a training for 250 new rows beside 1,000 on the second of so many days."""
    calm = realised(*["as expected"] * days)
    known = replace(history(loss=calm, new_rows=250), learned_rows=1000)
    first = asked(replace(known, performance=calm[:2]), MORE)
    assert (first.trigger, first.labelled_rows) == ("data", 1250)
    rows = first.labelled_rows if told else None
    refused = Training("r1", SUCCEEDED, first.run_key, NOW, promoted=False, day=first.day, labelled_rows=rows)
    made = decisions() if lost else decisions(replace(first, labelled_rows=rows))
    return asked(replace(known, decisions=made, trainings=(refused,), new_rows=new_rows), MORE)


def test_a_refusal_of_more_data_is_tried_again_at_as_many_more_rows_again_and_says_at_how_many() -> None:
    # 1,250 and a quarter of them; a week of cool-down, doubled, from the second of May on.
    waits = more_data(562, days=60)
    assert (waits.decision, waits.run_key) == ("investigate", None)
    assert waits.reason.endswith("until there are 1563 labelled rows to learn from, as many more again as it had")
    cools = more_data(563, days=15)
    assert cools.decision == "investigate"
    assert "-data-since-2024-05-01 was refused; there is as much more again to learn from now" in cools.reason
    assert cools.reason.endswith("cool-down until 2024-05-16, doubled 1 times as the gate refused so often in a row")
    again = more_data(563, days=16)
    assert (again.decision, again.run_key) == ("retrain", "pumps-champion-1-data-since-2024-05-16")


def test_how_many_rows_a_refused_one_had_is_known_from_its_run_should_the_decisions_be_lost() -> None:
    assert more_data(562, days=60, lost=True).decision == "investigate"
    assert more_data(563, days=60, lost=True).decision == "retrain"


def test_of_a_refusal_of_before_rows_were_counted_so_much_is_known_that_it_had_enough() -> None:
    assert more_data(562, days=60, told=False).decision == "investigate"
    assert more_data(563, days=60, told=False).decision == "retrain"


def test_no_second_run_is_asked_for_under_the_key_of_the_refused_one() -> None:
    calm = realised("as expected")
    known = replace(history(loss=calm, new_rows=250), learned_rows=1000)
    at_once = replace(MORE, cool_down_days=0)
    first = asked(known, at_once)
    refused = Training("r1", SUCCEEDED, first.run_key, NOW, promoted=False, day=first.day)
    more = replace(known, decisions=decisions(first), trainings=(refused,), new_rows=900)
    assert asked(more, at_once).decision == "investigate"
    next_day = replace(more, performance=realised("as expected", "as expected"))
    assert asked(next_day, at_once).run_key == "pumps-champion-1-data-since-2024-05-02"


def tried_again_after_a_week(ended: Training) -> History:
    """A failed retraining that was tried again on the tenth day, as nobody had looked for a week."""
    first = asked(history(DRIFTED))
    failed = Training("r1", FAILED, KEY, NOW, day=first.day)
    ten = history(reports(*["drift"] * 10), made=(first,), trainings=(failed,))
    second = asked(ten, now=NOW + timedelta(days=8))
    assert (second.run_key, str(second.day)) == (f"{KEY}-try-2", "2024-05-10")
    ended = replace(ended, run_key=second.run_key, day=second.day)
    return history(reports(*["drift"] * 10), made=(first, second), trainings=(failed, ended))


def test_the_cool_down_begins_with_the_day_on_which_a_failed_retraining_was_tried_again() -> None:
    known = tried_again_after_a_week(Training("r2", SUCCEEDED, promoted=False))
    other = reports(*["stable"] * 9, *["drift"] * 14, column="t30")
    waits = asked(replace(known, reports=pd.concat([reports(*["drift"] * 23), other.iloc[:23]])))
    assert waits.decision == "wait"
    assert "the last retraining was on 2024-05-10; cool-down until 2024-05-24, doubled 1 times" in waits.reason
    again = asked(
        replace(
            known,
            reports=pd.concat(
                [reports(*["drift"] * 24), reports(*["drift"] * 15, column="t30", start=FIRST + timedelta(days=9))]
            ),
        )
    )
    assert again.decision == "retrain"


def test_what_a_refused_retraining_had_learned_counts_to_the_day_on_which_it_was_tried_again() -> None:
    policy = replace(POLICY, cool_down_days=0)
    known = tried_again_after_a_week(Training("r2", SUCCEEDED, promoted=False))
    waits = asked(replace(known, reports=reports(*["drift"] * 19)), policy)
    assert waits.decision == "investigate"
    assert "until there is more to learn of it, from 2024-05-20 on" in waits.reason
    assert asked(replace(known, reports=reports(*["drift"] * 20)), policy).decision == "retrain"
