"""What is asked and what came: late rows when they are known, and queries that are wrong are refused with words."""

from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.use_case.declaring.functions import load_function
from lakehouse_assets.use_case.feature_rows import feature_rows
from lakehouse_assets.use_case.observations import Days, labels, observations
from lakehouse_assets.use_case.serving.scored import outcomes, scoring_rows
from lakehouse_assets_tests.use_case.shop import FIRST, MACHINES, READINGS, Shop, readings, shop_in, write

DAY = pd.Timestamp("2024-01-05")
ARRIVAL = pd.Timestamp("2024-01-09T17:30Z")
SQL = "sql: SELECT machine, day, known_at, hall FROM rows"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_in(tmp_path)


def asked(shop: Shop, days: Days = Days()) -> pd.DataFrame:  # noqa: B008 - frozen
    return observations(shop.plan.declaration, shop.folder, shop.source, days)


def came(shop: Shop) -> pd.DataFrame:
    return labels(shop.plan.declaration, shop.folder, shop.source, asked(shop), Days())


def test_a_day_is_predicted_at_its_local_time_on_the_day_after(shop: Shop) -> None:
    rows = asked(shop, Days.one(DAY.date()))
    assert len(rows) == MACHINES
    assert list(rows) == ["machine", "day", "predicted_at", "hall"]
    assert set(rows["predicted_at"]) == {pd.Timestamp("2024-01-06T06:00", tz="Europe/Berlin").tz_convert("UTC")}


def test_a_row_that_came_late_is_predicted_when_it_came_and_with_its_own_features(tmp_path: Path) -> None:
    told = readings()
    late = (pd.to_datetime(told["day"]).eq(DAY) & told["machine"].eq("m2")).to_numpy()
    told.loc[late, "known_at"] = ARRIVAL
    shop = shop_in(tmp_path, told)
    shop.make_features()
    plan = shop.plan
    rows = scoring_rows(plan.declaration, shop.folder, shop.source, plan.views, Days.one(DAY.date()))
    assert rows["predicted_at"].eq(ARRIVAL).tolist() == rows["machine"].eq("m2").tolist()
    own = rows[rows["machine"].eq("m2")].iloc[0]
    # What had been ingested by its arrival: rows of 6 and 7 January too, so the newest of these is seen.
    newest = told[pd.to_datetime(told["day"]).eq("2024-01-08") & told["machine"].eq("m2")].iloc[0]
    assert newest["known_at"] < ARRIVAL
    assert own["load"] == newest["load"]


def test_two_rows_of_one_entity_on_a_day_are_refused_with_an_example_and_a_remedy(shop: Shop) -> None:
    told = readings()
    write(shop.lake, READINGS, pd.concat([told, told.iloc[[7]]], ignore_index=True))
    with pytest.raises(ValueError, match=r"use case wear: its observations give 1 rows twice") as refused:
        asked(shop)
    for words in (
        "'machine': 'm1'",
        "2024",
        "expected one row per machine, day",
        "Add what tells them apart to `entity`",
    ):
        assert words in str(refused.value), words


def test_two_labels_of_one_observation_are_refused(shop: Shop) -> None:
    shop.change({"o.day + INTERVAL 1 DAY": "o.day + INTERVAL 1 DAY OR came.machine = o.machine AND came.day = o.day"})
    with pytest.raises(ValueError, match=r"its labels give \d+ rows twice"):
        came(shop)


def test_missing_columns_are_refused_with_those_that_are_there_and_the_file_to_mend(shop: Shop) -> None:
    shop.change({SQL: "sql: SELECT machine, day FROM rows"})
    with pytest.raises(ValueError, match=r"its observations have no columns \['known_at', 'hall'\]") as refused:
        asked(shop)
    assert "found ['machine', 'day']" in str(refused.value)
    assert str(shop.file) in str(refused.value)


def test_labels_without_their_time_are_refused(shop: Shop) -> None:
    shop.change({"came.known_at AS label_known_at, ": ""})
    with pytest.raises(ValueError, match=r"its labels have no columns \['label_known_at'\]"):
        came(shop)


def test_a_label_that_is_null_is_none(shop: Shop) -> None:
    told = readings()
    told.loc[told["machine"].eq("m4"), "wear"] = None
    write(shop.lake, READINGS, told)
    assert set(came(shop)["machine"]) == {"m0", "m1", "m2", "m3", "m5"}


def test_an_observation_without_a_known_time_is_refused(shop: Shop) -> None:
    told = readings()
    told.loc[9, "known_at"] = pd.NaT
    write(shop.lake, READINGS, told)
    with pytest.raises(ValueError, match=r"use case wear: 1 of its observations .*known_at") as refused:
        asked(shop)
    assert "m3" in str(refused.value)


def test_features_of_other_days_and_missing_columns_are_refused(shop: Shop) -> None:
    (view,) = shop.plan.declaration.features
    own = load_function(shop.folder, "features")
    last = FIRST + pd.Timedelta(days=3)
    with pytest.raises(
        ValueError, match=r"feature view features: features gives \d+ rows of other days, such as 2024-01-01"
    ):
        feature_rows(view, shop.source, FIRST + pd.Timedelta(days=2), last, lambda i, first, end: own(i, FIRST, end))
    with pytest.raises(ValueError, match=r"gives no columns \['mean_load'\]; found \["):
        feature_rows(view, shop.source, FIRST, last, lambda *given: own(*given).drop(columns="mean_load"))


def test_an_outcome_is_told_by_the_day_on_which_it_became_known(shop: Shop) -> None:
    made = asked(shop).assign(predicted_wear=1.0)
    write(shop.lake, "delivery/wear/predictions", made.assign(day=made["day"].dt.date))
    found = outcomes(shop.plan.declaration, shop.folder, shop.source, "delivery/wear/predictions", Days.one(DAY.date()))
    assert len(found) == MACHINES
    assert set(found["day"].astype(str)) == {"2024-01-05"}
    assert set(found["predicted_day"].astype(str)) == {"2024-01-04"}
