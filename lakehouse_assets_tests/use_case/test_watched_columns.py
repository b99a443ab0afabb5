"""What is watched can change after the reference was made, and a column can be without any value in it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.use_case.observations import Days, observations
from lakehouse_assets.use_case.watching import watched
from lakehouse_assets_tests.use_case.shop import FIRST, Shop, shop_in, write

BOTH, ONE = "columns: [load, mean_load]", "columns: [load]"
LAST = FIRST + timedelta(days=19)
STABLE = {"load": "stable", "mean_load": "stable", "predicted_wear": "stable", "label": "outcomes not judged"}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Predictions of twenty days; two columns are watched."""
    monkeypatch.setenv("REPORTS", str(tmp_path / "reports"))
    made = shop_in(tmp_path)
    made.change({"  gate: {": f"  monitoring: {{window_days: 5, least_rows: 10, {BOTH}}}\n  gate: {{"})
    made.make_features()
    rows = observations(made.plan.declaration, made.plan.folder, made.source, Days())
    predicted = np.random.default_rng(0).normal(size=len(rows))
    told = rows.assign(predicted_wear=predicted, model_version=1, feature_version="x", day=rows["day"].dt.date)
    write(made.lake, "delivery/wear/predictions", told)
    return made


def learned() -> pd.DataFrame:
    """Sixty-odd days before."""
    random, rows = np.random.default_rng(1), 400
    days = pd.Timestamp("2023-10-01") + pd.to_timedelta(np.arange(rows) // 6, unit="D")
    columns = {"load": random.normal(50, 10, rows), "mean_load": random.normal(50, 6, rows)}
    return pd.DataFrame({"machine": "m0", "day": days, **columns, "predicted_wear": random.normal(size=rows)})


def reference(shop: Shop, history: pd.DataFrame) -> watched.Reference:
    came = pd.DataFrame({"day": history["day"], "label": np.random.default_rng(2).normal(100, 20, len(history))})
    return watched.reference_of(shop.plan, history, came, 1)


def verdicts(shop: Shop, compared_with: watched.Reference) -> Mapping[str, str]:
    (found,) = watched.reports(
        shop.plan, shop.lake, compared_with.sample, compared_with.thresholds, LAST, LAST, lambda _: None
    )
    return dict(zip(found.rows["column_name"], found.rows["verdict"], strict=True))


def test_a_column_without_any_value_in_the_reference_is_not_calibrated_and_hides_no_other(shop: Shop) -> None:
    history = learned()
    assert verdicts(shop, reference(shop, history)) == STABLE
    found = verdicts(shop, reference(shop, history.assign(mean_load=np.nan)))
    assert found == STABLE | {"mean_load": "not calibrated"}


def test_a_column_that_is_watched_no_more_is_left_out(shop: Shop) -> None:
    made = reference(shop, learned())
    shop.change({BOTH: ONE})
    assert verdicts(shop, made) == {name: one for name, one in STABLE.items() if name != "mean_load"}


def test_a_column_that_is_watched_since_is_said_to_be_without_a_threshold(shop: Shop) -> None:
    shop.change({BOTH: ONE})
    made = reference(shop, learned())
    shop.change({ONE: BOTH})
    assert verdicts(shop, made) == STABLE | {"mean_load": "not calibrated"}
