"""Nobody sees the future: not by rows that lie after a prediction, nor by features that were known later."""

from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.lifecycle.learning.model import model_digest
from lakehouse_assets.use_case.training.candidate import ingredients, settings_of
from lakehouse_assets.use_case.training.labelled import training_set
from lakehouse_assets.use_case.training.parity import as_check, differences
from lakehouse_assets_tests.use_case.shop import MACHINES, READINGS, Shop, readings, shop_in, write

AS_OF = pd.Timestamp("2024-01-15T12:00Z")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = shop_in(tmp_path)
    made.make_features()
    return made


def rows_of(shop: Shop, as_of: pd.Timestamp | None = AS_OF) -> pd.DataFrame:
    return training_set(shop.plan.declaration, shop.folder, shop.source, shop.views, as_of)


def digest(shop: Shop, rows: pd.DataFrame, folder: Path) -> str:
    """The hash of the model that these rows train."""
    made_of = ingredients(shop.plan, rows, settings_of(shop.plan.declaration))
    made_of.rows.fit(made_of.task, made_of.settings).save(folder)
    return model_digest(folder)


def test_a_training_set_is_what_was_observed_labelled_and_known(shop: Shop) -> None:
    rows, said = rows_of(shop), readings().assign(day=lambda r: pd.to_datetime(r["day"]))
    assert len(rows) == 13 * MACHINES  # the label of 13 January is known on the 15th, at 01:00
    assert rows["feature_version"].nunique() == 1
    first = rows[rows["machine"].eq("m0")].iloc[0]
    own = said[said["machine"].eq("m0")].set_index("day")
    assert first["load"] == own.loc["2024-01-01", "load"]
    assert first["label"] == own.loc["2024-01-02", "wear"]
    assert first["predicted_at"] == pd.Timestamp("2024-01-02T05:00Z")


def test_rows_of_the_future_give_the_same_training_rows_and_the_same_model(shop: Shop, tmp_path: Path) -> None:
    before = rows_of(shop)
    plain = digest(shop, before, tmp_path / "plain")
    features = "delivery/wear/features"
    rows = shop.lake.read_pandas(features.split("/"))
    # After every prediction that is learned from: rows of later days, rows of these days that were ingested later
    # (corrections), and rows that say they were known before but speak of later.
    later = pd.Timedelta(days=30)
    wild = rows.assign(load=1e6, mean_load=-1e6)
    poison = [
        wild.assign(event_time=rows["event_time"] + later, known_at=rows["known_at"] + later),
        wild.assign(known_at=rows["known_at"] + later),
        wild.assign(event_time=rows["event_time"] + later),
    ]
    write(shop.lake, features, pd.concat([*poison, rows], ignore_index=True))
    # Labels that became known after the day that is looked back from.
    told = readings()
    ahead = pd.to_datetime(told["day"]).ge("2024-01-15")
    write(shop.lake, READINGS, told.assign(wear=told["wear"].where(~ahead, 1e6)))
    after = rows_of(shop)
    pd.testing.assert_frame_equal(after, before, check_exact=True)
    assert digest(shop, after, tmp_path / "poisoned") == plain
    # The poison is no water: where it may be seen, it is.
    assert rows_of(shop, None)["label"].max() == 1e6
    close = wild.assign(event_time=rows["event_time"] + pd.Timedelta(minutes=1))
    write(shop.lake, features, pd.concat([rows, close], ignore_index=True))
    assert digest(shop, rows_of(shop), tmp_path / "seen") != plain


def test_a_feature_that_holds_the_future_is_seen_by_nobody_before_it_is_known(shop: Shop) -> None:
    function = shop.folder / "functions.py"
    text = function.read_text(encoding="utf-8")
    # The wear of the next day, which is the label; known, as an honest function says, with the row that it is of.
    leaking = text.replace(
        "    made = made.assign(event_time",
        "    made[['mean_load', 'known_at']] = rows.groupby('machine')[['wear', 'known_at']].shift(-1)\n"
        "    made = made.dropna(subset=['mean_load'])\n    made = made.assign(event_time",
    )
    assert leaking != text
    other = shop_in(shop.home / "leaking")
    (other.folder / "functions.py").write_text(leaking, encoding="utf-8")
    made = other.make_features()
    rows = rows_of(other, None).merge(
        made.assign(day=pd.to_datetime(made["day"])), on=["machine", "day"], suffixes=("", "_made")
    )
    assert rows["mean_load_made"].equals(rows["label"])
    assert rows["mean_load"].eq(rows["label"]).sum() == 0
    # What is seen instead is the newest that was known: the row of the day before, which tells this day's wear.
    assert rows[rows["day"].gt("2024-01-01")]["mean_load"].notna().all()


def test_a_row_whose_label_was_known_before_its_prediction_is_not_learned_from(tmp_path: Path) -> None:
    told = readings()
    late = (pd.to_datetime(told["day"]).eq("2024-01-05") & told["machine"].eq("m2")).to_numpy()
    told.loc[late, "known_at"] = pd.Timestamp("2024-01-20T09:00Z")
    shop = shop_in(tmp_path, told)
    shop.make_features()
    rows = rows_of(shop, None)
    assert len(rows) == 19 * MACHINES - 1
    assert rows[rows["machine"].eq("m2") & rows["day"].eq("2024-01-05")].empty


def test_scoring_that_is_given_other_features_than_training_is_found(shop: Shop) -> None:
    rows, declared = rows_of(shop, None), shop.plan.declaration
    key = shop.plan.key("delivery", "training_set")
    same = differences(declared, shop.folder, shop.source, shop.views, rows)
    assert same.empty
    assert as_check(key, same).passed
    # As if the nightly features of one day had been computed by other code: one value of one machine.
    features = shop.lake.read_pandas(["delivery", "wear", "features"])
    off = (pd.to_datetime(features["day"]).eq("2024-01-01") & features["machine"].eq("m3")).to_numpy()
    features.loc[off, "mean_load"] += 1e-9
    write(shop.lake, "delivery/wear/features", features)
    found = differences(declared, shop.folder, shop.source, shop.views, rows)
    assert found[["machine", "column"]].to_numpy().tolist() == [["m3", "mean_load"]]
    check = as_check(key, found)
    assert not check.passed
    assert "mean_load" in str(check.metadata["examples"].value)


def test_a_feature_that_scoring_cannot_see_and_a_row_that_it_does_not_know_are_found(shop: Shop) -> None:
    rows, declared = rows_of(shop, None), shop.plan.declaration
    # Scoring asks for one day; rows of features of that day are gone, so it sees the day before's.
    features = shop.lake.read_pandas(["delivery", "wear", "features"])
    last = rows["day"].max().date()
    write(shop.lake, "delivery/wear/features", features[features["day"].ne(last)])
    found = differences(declared, shop.folder, shop.source, shop.views, rows)
    assert set(found["column"]) == {"load", "mean_load"}
    assert len(found) == 2 * MACHINES
    told = readings()
    write(shop.lake, READINGS, told[~(told["day"].eq(last) & told["machine"].eq("m1"))])
    lost = differences(declared, shop.folder, shop.source, shop.views, rows)
    assert lost[lost["column"].eq("day")]["machine"].tolist() == ["m1"]
