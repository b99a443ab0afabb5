"""Training goes by what the last search chose, as long as the declared space is the one that was searched."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from deltalake import write_deltalake

from lakehouse_assets.use_case.training.candidate import settings_in_force
from lakehouse_assets_tests.use_case.shop import shop_in

CHOSEN = {"num_leaves": 5}


@pytest.mark.parametrize(
    ("space", "leaves"),
    [
        ("{num_leaves: {low: 3, high: 12}}", 5),
        ("{num_leaves: {choices: [5, 9]}}", 5),
        ("{num_leaves: {low: 6, high: 12}}", 4),
        ("{num_leaves: {choices: [6, 9]}}", 4),
        ("{max_depth: {low: 3, high: 12}}", 4),
        ("{num_leaves: {low: 3, high: 12}, max_depth: {low: 3, high: 12}}", 4),
    ],
)
def test_what_another_space_gave_is_not_used(tmp_path: Path, space: str, leaves: int) -> None:
    shop = shop_in(tmp_path)
    shop.change({"  split:": f"  tuning: {{space: {space}}}\n  split:"})
    declared = shop.plan.declaration
    rows: dict[str, Any] = {"number": [0, 1], "params": [json.dumps({"num_leaves": 9}), json.dumps(CHOSEN)]}
    write_deltalake(
        shop.lake.table_uri(declared.key("models", "trials")), pd.DataFrame(rows | {"chosen": [False, True]})
    )
    assert settings_in_force(declared, shop.lake).params["num_leaves"] == leaves
