"""A product's features are its own conditions in physical terms, never what the inspection found."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.contracts.conform import conform
from lakehouse_assets.defs.milling import harmonize
from lakehouse_assets.defs.milling.days import SOURCE, contract
from lakehouse_assets.defs.milling.milling_failure import failure
from lakehouse_assets.sources.plant.milling import Shop, write_days
from lakehouse_assets_tests.defs.deliveries import raw_of
from lakehouse_assets_tests.defs.use_cases import KEYS, declared, predicted_at, query, seen

FIRST, LAST = date(2024, 1, 1), date(2024, 1, 4)
MODES = [name for name in harmonize.FINDINGS.values() if name != "failed"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """What four machines made and the inspection found in four days, harmonized."""
    folder: Path = tmp_path_factory.mktemp("landing")
    write_days(Shop(), folder, FIRST, LAST)
    raw = raw_of(folder, SOURCE, FIRST, LAST)
    return {
        name: conform(getattr(harmonize, name)(raw, SOURCE), contract("harmonized", name)).rows
        for name in ("operations", "failures")
    }


def predicted(operations: pd.DataFrame) -> pd.DataFrame:
    observed = query("milling_failure", "observations.sql", {"operations": operations})
    return seen("milling_failure", observed, failure.features({"operations": operations}, FIRST, LAST))


def test_the_declaration_names_the_columns_that_the_functions_give(tables: dict[str, pd.DataFrame]) -> None:
    attributes = declared("milling_failure")
    observed = query("milling_failure", "observations.sql", tables)
    assert set(observed) == {*attributes["entity"], "day", "known_at", *attributes["context"]}
    assert list(attributes["entity"]) == KEYS["milling_failure"]
    rows = failure.features(tables, FIRST, LAST)
    assert set(rows) == {*failure.KEYS, *attributes["features"][0]["columns"]}
    assert not rows.duplicated([*KEYS["milling_failure"]]).any()


def test_features_are_what_physics_says(tables: dict[str, pd.DataFrame]) -> None:
    made = tables["operations"].iloc[[0, 0]].reset_index(drop=True)
    made = made.assign(quality=["L", "H"], air_temperature=298.1, process_temperature=306.7)
    made = made.assign(rotational_speed=1380 * harmonize.RPM, torque=40.0, tool_wear=200 * 60.0)
    low, high = failure.features({"operations": made}, FIRST, FIRST).to_dict("records")
    assert low["temperature_difference"] == 8.6
    assert low["power"] == pytest.approx(40 * 144.513262)
    assert low["strain"] == 8000
    assert (low["overstrain"], high["overstrain"]) == (8 / 11, 8 / 13)
    assert (low["quality_rank"], high["quality_rank"]) == (0.0, 2.0)
    with pytest.raises(ValueError, match="'X'"):
        failure.features({"operations": made.assign(quality="X")}, FIRST, FIRST)


def test_a_product_sees_itself_alone_and_never_what_was_found(tables: dict[str, pd.DataFrame]) -> None:
    operations = tables["operations"]
    whole = failure.features(tables, FIRST, LAST)
    some = operations.sample(50, random_state=1).sort_index()
    alone = failure.features({"operations": some}, FIRST, LAST)
    pd.testing.assert_frame_equal(alone, whole.loc[some.index].reset_index(drop=True))
    told = failure.features({"operations": operations.assign(failed=1, **dict.fromkeys(MODES, 1))}, FIRST, LAST)
    pd.testing.assert_frame_equal(told, whole)
    one_day = failure.features(tables, LAST, LAST)
    assert set(one_day["day"]) == {pd.Timestamp(LAST)}
    pd.testing.assert_frame_equal(one_day, whole[whole["day"].eq(pd.Timestamp(LAST))].reset_index(drop=True))


def test_a_prediction_is_made_before_the_inspection_says_what_happened(tables: dict[str, pd.DataFrame]) -> None:
    observed = query("milling_failure", "observations.sql", tables)
    labels = query("milling_failure", "labels.sql", {"observations": observed, **tables})
    assert len(labels) == len(observed) == 4 * 4 * 300
    both = observed.merge(labels, on=[*KEYS["milling_failure"], "day"], validate="one_to_one")
    made = predicted_at("milling_failure", both)
    assert (both["label_known_at"] - made).eq(pd.Timedelta(hours=10)).all()
    assert labels["label"].sum() == tables["failures"]["failed"].sum() > 0
    assert set(labels["label"]) == {0.0, 1.0}


def test_no_row_that_came_after_a_prediction_moves_it(tables: dict[str, pd.DataFrame]) -> None:
    operations, before = tables["operations"], predicted(tables["operations"])
    made_at = pd.Timestamp("2024-01-03T02:00Z")
    poisoned = operations.copy()
    later = poisoned["known_at"] > made_at
    poisoned.loc[later, failure.CONDITIONS] = 1e6
    after = predicted(poisoned)
    until = before["t"] <= made_at
    assert until.sum() == 2 * 1200
    pd.testing.assert_frame_equal(after[until], before[until], check_exact=True)
    assert not after[~until].equals(before[~until])


def test_a_late_or_corrected_product_is_predicted_when_it_came(tables: dict[str, pd.DataFrame]) -> None:
    arrival = pd.Timestamp("2024-02-01T09:00Z")
    operations = tables["operations"].copy()
    operations.loc[7, "known_at"] = arrival
    observed = query("milling_failure", "observations.sql", {"operations": operations})
    made = predicted_at("milling_failure", observed)
    assert made.eq(arrival).sum() == 1
    row = predicted(operations)[made.eq(arrival)].iloc[0]
    assert row["torque"] == operations.loc[7, "torque"]
    labels = query("milling_failure", "labels.sql", {"observations": observed, **tables})
    known = labels.set_index(KEYS["milling_failure"])["label_known_at"]
    # Its finding was known before it could be predicted, so training leaves it out.
    assert known[tuple(operations.loc[7, KEYS["milling_failure"]])] < arrival


def test_drift_on_command_reaches_the_features(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> None:
    from lakehouse_assets.sources.plant.drift import ColumnDrift

    write_days(Shop(), tmp_path, FIRST, LAST, [ColumnDrift("torque_nm", LAST, 1.5)])
    raw = raw_of(tmp_path, SOURCE, FIRST, LAST)
    drifted = conform(harmonize.operations(raw, SOURCE), contract("harmonized", "operations")).rows
    plain, moved = (failure.features({"operations": rows}, FIRST, LAST) for rows in (tables["operations"], drifted))
    shift = (moved["torque"] - plain["torque"]).groupby(plain["day"]).mean()
    assert shift.tolist() == pytest.approx([0, 0, 0, 15.0], abs=0.05)
    assert moved["overstrain"].mean() > plain["overstrain"].mean()
    assert np.array_equal(moved["air_temperature"], plain["air_temperature"])


def test_no_products_give_empty_tables_with_all_columns(tables: dict[str, pd.DataFrame]) -> None:
    nothing = {"operations": tables["operations"].iloc[:0]}
    assert list(failure.features(nothing, FIRST, LAST)) == list(failure.features(tables, FIRST, LAST))
    assert query("milling_failure", "observations.sql", nothing).empty
    assert failure.features(tables, LAST + timedelta(days=1), LAST + timedelta(days=2)).empty
