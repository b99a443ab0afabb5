"""The pictures on a drift report's asset page."""

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.monitoring.reports.plots import course


def reports(days: int, threshold: float = 1.0, drifting: float = 0.0) -> pd.DataFrame:
    told = [(day, name) for day in range(days) for name in ("t24", "t30", "prediction")]
    rows = pd.DataFrame(told, columns=["day", "column_name"])
    value = 0.3 + drifting * rows["day"].where(rows["column_name"].eq("t30"), 0)
    days_of = pd.Timestamp("2024-05-01") + pd.to_timedelta(rows["day"], unit="D")
    return rows.assign(day=days_of, model_version=1, threshold=threshold, value=value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [reports(1), reports(3, threshold=np.nan)], ids=["one day", "nothing calibrated"])
def test_a_course_can_be_drawn_of_little(rows: pd.DataFrame) -> None:
    assert course(rows).startswith(b"\x89PNG")


def test_the_course_shows_what_drifts_and_days_without_a_report() -> None:
    calm, gap = reports(20), reports(20)[lambda rows: rows["day"] != pd.Timestamp("2024-05-10")]
    assert course(calm) != course(reports(20, drifting=0.1))
    assert course(calm) != course(gap)


def test_the_course_marks_where_another_champion_began() -> None:
    rows = reports(20)
    after = rows.assign(model_version=1 + (rows["day"] > pd.Timestamp("2024-05-10")))
    assert course(rows) != course(after)


def test_the_course_shows_the_farthest_columns_and_not_all() -> None:
    names = pd.DataFrame({"column_name": [f"c{n}" for n in range(40)], "value": np.linspace(0.1, 0.5, 40)})
    days = pd.DataFrame({"day": pd.date_range("2024-05-01", periods=10)})
    many = days.merge(names, how="cross").assign(model_version=1, threshold=1.0)
    # What lies below the fifth changes nothing in the picture.
    nearer = many.assign(value=many["value"].where(many["column_name"].isin([f"c{n}" for n in range(35, 40)]), 0.01))
    assert course(many) == course(nearer)
