import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.lifecycle.split import is_held_out
from lakehouse_assets.lifecycle.training_set import contradictory_engines, feature_version, labelled_rows, recipe


def features(**engines: int) -> pd.DataFrame:
    rows = [
        (name, pd.Timestamp("2024-01-01") + pd.Timedelta(days=c), c)
        for name, n in engines.items()
        for c in range(1, n + 1)
    ]
    return pd.DataFrame(rows, columns=["engine_id", "day", "cycle"]).assign(t50_mean_5=1.5)


def failed(**engines: int) -> pd.DataFrame:
    return pd.DataFrame({"engine_id": list(engines), "cycle": list(engines.values())})


def test_about_a_fifth_of_the_engines_is_held_out_and_always_the_same() -> None:
    engines = [f"turbofan-FD001-train-{n:03d}" for n in range(2000)]
    held_out = [is_held_out(engine) for engine in engines]
    assert 0.17 < sum(held_out) / len(engines) < 0.23
    assert held_out == [is_held_out(engine) for engine in engines]


def test_an_engine_lies_on_one_side_of_the_split_with_all_its_rows() -> None:
    names = {f"e{n}": 5 for n in range(40)}
    rows = labelled_rows(features(**names), failed(**names))
    assert rows.groupby("engine_id")["split"].nunique().eq(1).all()
    assert set(rows["split"]) == {"training", "held_out"}


def test_only_failed_engines_are_learned_from_and_their_label_counts_down_to_zero() -> None:
    rows = labelled_rows(features(a=3, in_service=9), failed(a=3))
    assert rows["engine_id"].unique().tolist() == ["a"]
    assert rows["rul"].tolist() == [2, 1, 0]


def test_an_engine_that_flies_on_after_its_failure_is_set_aside_and_the_others_are_learned_from() -> None:
    assert contradictory_engines(features(a=5, b=4), failed(a=3, b=4)) == ["a"]
    assert labelled_rows(features(a=5, b=4), failed(a=3, b=4))["engine_id"].unique().tolist() == ["b"]


def test_an_engine_that_failed_twice_is_set_aside() -> None:
    twice = pd.concat([failed(a=3, b=4), failed(a=4)])
    assert contradictory_engines(features(a=3, b=4), twice) == ["a"]
    assert labelled_rows(features(a=3, b=4), twice)["engine_id"].unique().tolist() == ["b"]


@given(st.integers(0, 3), st.sampled_from(["t50_mean_5", "rul", "engine_id"]))
def test_a_recipe_changes_with_any_value_that_the_model_learns_from(row: int, column: str) -> None:
    rows = labelled_rows(features(a=4), failed(a=4))
    other = rows.copy()
    other[column] = other[column].astype(object)
    other.loc[row, column] = "other" if column == "engine_id" else 77.0
    assert recipe(rows, "settings") == recipe(rows.copy(), "settings")
    assert recipe(rows, "settings") != recipe(other, "settings")
    assert recipe(rows, "settings") != recipe(rows, "other settings")


def test_the_feature_version_tells_regimes_and_columns_apart() -> None:
    regimes = pd.DataFrame({"regime": [0], "mean_t50": [700.0]})
    versions = {
        feature_version(regimes, ["a", "b"]),
        feature_version(regimes, ["a"]),
        feature_version(regimes.assign(mean_t50=701.0), ["a", "b"]),
    }
    assert len(versions) == 3
