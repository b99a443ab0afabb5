"""The rows that drift is measured on, by whatever columns name them."""

from datetime import date

import pandas as pd
import pytest

from lakehouse_assets.monitoring.reference import monitored_rows, reference_sample, window_of
from lakehouse_assets.monitoring.reports.plots import distances

KEYS = ["plant", "machine", "day"]


def measured(days: int = 30) -> pd.DataFrame:
    rows = [
        (plant, machine, pd.Timestamp("2024-01-01") + pd.Timedelta(days=n), float(n), "left out")
        for n in reversed(range(days))
        for plant in ("north", "south")
        for machine in (1, 2)
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "torque", "note"])


def test_predictions_stand_beside_the_measurements_of_all_their_keys() -> None:
    predicted = measured().iloc[:3][KEYS].assign(failure=[0.1, 0.2, 0.3])
    rows = monitored_rows(measured(), predicted, KEYS, ["torque"], "failure")
    assert list(rows.columns) == [*KEYS, "torque", "failure"]
    assert len(rows) == 120
    assert rows["failure"].notna().sum() == 3
    one = rows[(rows["plant"] == "north") & (rows["machine"] == 2) & rows["failure"].notna()]
    assert one[["torque", "failure"]].values.tolist() == [[29.0, 0.2]]
    assert rows[KEYS].equals(rows[KEYS].sort_values(KEYS))


def test_a_sample_is_the_same_every_time_and_a_short_history_is_taken_whole() -> None:
    history = measured()
    pd.testing.assert_frame_equal(reference_sample(history, KEYS, 50), reference_sample(history, KEYS, 50))
    assert len(reference_sample(history, KEYS, 50)) == 50
    assert len(reference_sample(history, KEYS)) == 120


@pytest.mark.parametrize("days", [1, 14])
def test_a_window_holds_so_many_days_and_ends_with_its_day(days: int) -> None:
    window = window_of(measured(), date(2024, 1, 20), days)
    assert (window["day"].max(), window["day"].nunique()) == (pd.Timestamp("2024-01-20"), days)


def test_a_report_of_many_columns_shows_the_farthest() -> None:
    def rows(columns: int) -> pd.DataFrame:
        names = [f"c{n}" for n in range(columns)]
        return pd.DataFrame({"day": pd.Timestamp("2024-01-01"), "column_name": names, "value": range(columns)}).assign(
            threshold=40.0
        )

    assert len(distances(rows(85))) < 2 * len(distances(rows(25)))
