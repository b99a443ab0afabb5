"""Past days of a real lake played as nights: each sees what was known then, and policies do what they say."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.monitoring.replays.replay import AnyPolicy, Every
from lakehouse_assets.monitoring.replays.replay_results import Replayed
from lakehouse_assets.use_case.policy_replay.night_model import NightModel
from lakehouse_assets.use_case.policy_replay.past_nights import PastNights
from lakehouse_assets.use_case.policy_replay.playing import Asked, play
from lakehouse_assets.use_case.training.labelled import training_set
from lakehouse_assets_tests.use_case.policy_replay.replayed_shop import (
    DAYS,
    FIRST_NIGHT,
    JUMP,
    LAST_NIGHT,
    past,
    played_in,
    shop_with_a_past,
)
from lakehouse_assets_tests.use_case.shop import FIRST, READINGS, Shop, write

FEATURES = "delivery/wear/features"
NAMES = ("never", "every 7 days", "drift", "performance")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_with_a_past(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def played(shop: Shop) -> dict[str, Replayed]:
    return dict(played_in(shop, NAMES))


def nights(one: Replayed) -> list[date]:
    return [done.day for done in one.retrainings]


def test_every_so_many_days_trains_when_it_says_and_never_trains_never(played: dict[str, Replayed]) -> None:
    assert nights(played["never"]) == []
    assert nights(played["every 7 days"]) == [FIRST_NIGHT + timedelta(days=7 * n) for n in range(1, 6)]


def test_a_drifting_plant_makes_the_drift_policy_train_again_and_its_error_smaller(played: dict[str, Replayed]) -> None:
    drift, never = played["drift"], played["never"]
    assert nights(drift)
    # Two reports say so early, and five days are held out: it waits until two of the new days can be learned.
    assert JUMP + timedelta(days=6) < nights(drift)[0] <= JUMP + timedelta(days=9)
    assert "drift in" in drift.retrainings[0].reason
    assert drift.error(JUMP) < 0.75 * never.error(JUMP)
    assert drift.error(last=JUMP - timedelta(days=3)) == never.error(last=JUMP - timedelta(days=3))


def test_lost_performance_makes_its_policy_train_again(played: dict[str, Replayed]) -> None:
    first = played["performance"].retrainings[0]
    assert "worse than expected" in first.reason
    assert first.day > JUMP


def test_a_retraining_that_learns_nothing_of_the_change_is_a_false_alarm_and_one_that_waits_is_none(
    shop: Shop, played: dict[str, Replayed]
) -> None:
    own = shop.plan.declaration.retraining
    hasty: dict[str, AnyPolicy] = {"hasty": replace(own, learn_days=0)}
    (at_once,) = play(shop.plan, shop.lake, Asked(FIRST_NIGHT, LAST_NIGHT, hasty), lambda _: None)
    patient, seen = played["drift"], PastNights.read(shop.plan, shop.lake, LAST_NIGHT)
    learned = [
        seen.training_set(nights(one)[0]).query("split == 'training' and day >= @JUMP")["day"].nunique()
        for one in (at_once, patient)
    ]
    assert learned[0] < 2 <= learned[1]
    assert not at_once.retrainings[0].helped
    assert all(done.helped for done in patient.retrainings)
    assert patient.false_alarms == 0


def test_a_retraining_of_which_nothing_is_known_yet_is_no_false_alarm(shop: Shop) -> None:
    # The label of a row comes from the readings of the day after; the newest row has none.
    newest = FIRST + timedelta(days=DAYS - 1)
    asked = Asked(newest - timedelta(days=3), newest, {"every 3 days": Every(3)})
    ((last,),) = [one.retrainings for one in play(shop.plan, shop.lake, asked, lambda _: None)]
    assert (last.day, last.helped) == (newest, None)


@pytest.mark.parametrize("after", [0, 9, 30])
def test_a_night_knows_until_when_its_training_learns(shop: Shop, after: int) -> None:
    night, seen = FIRST_NIGHT + timedelta(days=after), PastNights.read(shop.plan, shop.lake, LAST_NIGHT)
    learned = seen.training_set(night).query("split == 'training'")["day"]
    assert seen.learns_until(night) == learned.max().date()


def test_nothing_drifts_in_a_quiet_plant(tmp_path: Path) -> None:
    quiet = played_in(shop_with_a_past(tmp_path, jump=False), NAMES)
    assert nights(quiet["drift"]) == nights(quiet["performance"]) == []
    assert quiet["every 7 days"].false_alarms > 0


@pytest.mark.parametrize("after", [0, 3, 17])
def test_a_night_trains_on_what_a_training_at_its_time_would_be_given(shop: Shop, after: int) -> None:
    plan, night = shop.plan, FIRST_NIGHT + timedelta(days=after)
    seen = PastNights.read(plan, shop.lake, LAST_NIGHT)
    asked = training_set(plan.declaration, plan.folder, plan.source(shop.lake), plan.views, seen.instant(night))
    again = seen.training_set(night)
    pd.testing.assert_frame_equal(again[asked.columns.tolist()], asked, check_exact=True)
    assert seen.rows_known(night) == len(asked)


def test_a_row_that_came_late_is_predicted_in_the_night_that_had_it(tmp_path: Path) -> None:
    rows = past(jump=False)
    late = (pd.to_datetime(rows["day"]).eq("2024-02-12") & rows["machine"].eq("m2")).to_numpy()
    rows.loc[late, "known_at"] = pd.Timestamp("2024-02-15T09:00Z")
    shop = shop_with_a_past(tmp_path, rows=rows)
    seen = PastNights.read(shop.plan, shop.lake, LAST_NIGHT)
    (row,) = seen.rows[seen.rows["day"].eq("2024-02-12") & seen.rows["machine"].eq("m2")].to_dict("records")
    # The night of 14 February predicts on the 15th at 05:00 UTC, before the row is there.
    assert row["night"] == pd.Timestamp("2024-02-15")
    assert "m2" not in set(seen.of_night(date(2024, 2, 12))["machine"])
    day, had = date(2024, 2, 12), date(2024, 2, 15)
    assert [len(seen.measured_by(day, night).query("day == @day")) for night in (day, had)] == [5, 6]


def test_an_outcome_that_came_late_counts_in_the_window_in_which_it_came(tmp_path: Path) -> None:
    rows = past(jump=False)
    late = (pd.to_datetime(rows["day"]).eq("2024-02-12") & rows["machine"].eq("m2")).to_numpy()
    rows.loc[late, "known_at"] = pd.Timestamp("2024-02-25T09:00Z")
    seen = PastNights.read((shop := shop_with_a_past(tmp_path, rows=rows)).plan, shop.lake, LAST_NIGHT)
    before, after = (seen.outcomes(FIRST, date(2024, 2, day)) for day in (24, 25))
    counted = [one[one["predicted_day"].eq("2024-02-11")].set_index("machine")["day"] for one in (before, after)]
    assert "m2" not in counted[0].index
    assert counted[1]["m2"] == pd.Timestamp("2024-02-24")
    assert counted[1].drop("m2").eq("2024-02-12").all()


def test_performance_is_measured_on_outcomes_that_were_known_by_then(shop: Shop) -> None:
    seen = PastNights.read(shop.plan, shop.lake, LAST_NIGHT)
    night = FIRST_NIGHT + timedelta(days=10)
    came = seen.outcomes(FIRST_NIGHT, night)
    assert (came["label_known_at"] <= seen.instant(night)).all()
    # The label of a row is known at 01:00 two days later, and a night is at 05:00 of the day after.
    assert came["predicted_day"].max() == pd.Timestamp(night - timedelta(days=1))
    model = NightModel.trained(seen, FIRST_NIGHT)
    assert model.performance(FIRST_NIGHT) == "no outcomes yet"
    assert model.performance(night) == "as expected"


@pytest.mark.slow
@given(after=st.integers(4, 36), level=st.sampled_from([1e4, -300.0]))
@settings(max_examples=3)
def test_what_became_known_after_a_night_changes_nothing_of_the_nights_up_to_it(
    tmp_path_factory: pytest.TempPathFactory, played: dict[str, Replayed], after: int, level: float
) -> None:
    night = FIRST_NIGHT + timedelta(days=after)
    told, shop = past(jump=True), shop_with_a_past(tmp_path_factory.mktemp("poisoned"))
    instant = pd.Timestamp(shop.plan.declaration.prediction_time.instant(night))
    features = shop.lake.read_pandas(FEATURES.split("/"))
    # Rows known later, and corrections of rows that were known, which came later.
    later = features["known_at"] > instant
    wild = features.assign(load=level, mean_load=-level, known_at=instant + pd.Timedelta(minutes=1))
    poisoned = pd.concat([features[~later], features[later].assign(load=level, mean_load=level), wild[~later]])
    write(shop.lake, FEATURES, poisoned.reset_index(drop=True))
    write(shop.lake, READINGS, told.assign(wear=told["wear"].where(told["known_at"] <= instant, level)))
    again = played_in(shop, NAMES)
    known = night - timedelta(days=1)
    for name, one in played.items():
        other = again[name]
        decided = [decision for decision in one.decisions if decision.decided_at.date() <= night]
        assert [decision for decision in other.decisions if decision.decided_at.date() <= night] == decided
        assert [day for day in nights(other) if day <= night] == [day for day in nights(one) if day <= night]
        # The label of the night's own rows is known later; of the one before it was in time.
        assert [other.errors[day] for day in sorted(one.errors) if day <= known] == [
            one.errors[day] for day in sorted(one.errors) if day <= known
        ]
    # The poison is no water: later nights see it.
    assert any(other.errors != one.errors for one, other in zip(played.values(), again.values(), strict=True))


def test_nights_that_cannot_be_played_say_which_and_what_to_do(shop: Shop) -> None:
    with pytest.raises(ValueError, match=r"no model can be trained on the night of 2024-01-01.*begin later"):
        played_in(shop, ["never"], first=FIRST)
    with pytest.raises(ValueError, match=r"last_day 2024-04-10: the rows of wear end on 2024-03-20; expected a day up"):
        played_in(shop, ["never"], last=date(2024, 4, 10))
    with pytest.raises(
        ValueError, match=r"first_day 2023-12-23: the rows of wear begin on 2024-01-01; expected a later"
    ):
        played_in(shop, ["never"], first=FIRST - timedelta(days=9))
    with pytest.raises(ValueError, match="nothing to replay"):
        played_in(shop, ["never"], first=FIRST - timedelta(days=9), last=FIRST - timedelta(days=3))
