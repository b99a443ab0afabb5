"""A replayed night's drift report is the one that the night itself would have made of the tables of that night."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.use_case.policy_replay.night_model import NightModel
from lakehouse_assets.use_case.policy_replay.past_nights import PastNights
from lakehouse_assets.use_case.watching import watched
from lakehouse_assets_tests.use_case.policy_replay.replayed_shop import FIRST_NIGHT, LAST_NIGHT, shop_with_a_past
from lakehouse_assets_tests.use_case.shop import MACHINES, Shop, write

PROMOTED = FIRST_NIGHT + timedelta(days=9)
SAID = ["column_name", "verdict", "current_rows", "reference_rows"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_with_a_past(tmp_path_factory.mktemp("shop"), jump=False)


@pytest.fixture(scope="module")
def models(shop: Shop) -> tuple[NightModel, NightModel]:
    past = PastNights.read(shop.plan, shop.lake, LAST_NIGHT)
    return NightModel.trained(past, FIRST_NIGHT), NightModel.trained(past, PROMOTED)


def served(models: tuple[NightModel, NightModel], day: date) -> Mapping[date, NightModel]:
    """Which model served on each night so far."""
    nights = [FIRST_NIGHT + timedelta(days=n) for n in range((day - FIRST_NIGHT).days + 1)]
    return {night: models[night >= PROMOTED] for night in nights}


@pytest.mark.parametrize("after", [0, 2, 4, 7])
def test_after_a_retraining_a_replayed_report_is_that_of_the_night(
    shop: Shop, models: tuple[NightModel, NightModel], after: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPORTS", str(tmp_path))
    (_, new), day = models, PROMOTED + timedelta(days=after)
    nights = served(models, day)
    replayed = new.drift_report(day, nights)
    made = pd.concat([model.predictions(night) for night, model in nights.items()])
    at = made["day"].map(lambda one: shop.plan.declaration.prediction_time.instant(one.date()))
    write(shop.lake, "delivery/wear/predictions", made.assign(day=made["day"].dt.date, predicted_at=at))
    limits = new.reference.thresholds
    (own,) = watched.reports(shop.plan, shop.lake, new.reference.sample, limits, day, day, lambda _: None)
    of_features = [own.rows.set_index("column_name")[SAID[1:]].drop("label"), replayed.set_index("column_name")]
    pd.testing.assert_frame_equal(of_features[0], of_features[1][SAID[1:]].drop("label"))
    prediction = replayed.set_index("column_name").loc["predicted_wear"]
    assert prediction["current_rows"] == min(7, after + 1) * MACHINES
    assert (prediction["verdict"] == "predictions not judged") == (after < 4)


def test_on_its_first_nights_a_retrained_model_has_made_none_of_the_predictions_of_before(
    models: tuple[NightModel, NightModel],
) -> None:
    """Of nights before the first that is played, the first model's are taken, not the newest's."""
    first, _ = models
    early = NightModel.trained(first.past, FIRST_NIGHT + timedelta(days=2))
    day = early.night
    nights = {FIRST_NIGHT: first, FIRST_NIGHT + timedelta(days=1): first, day: early}
    told = early.drift_report(day, nights).set_index("column_name")
    assert told.loc["predicted_wear", "current_rows"] == MACHINES
    assert told.loc["load", "current_rows"] == 7 * MACHINES
