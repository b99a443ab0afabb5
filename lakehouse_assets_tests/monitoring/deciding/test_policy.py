"""A policy that can never be met, or would always be, is refused in words; wherever it comes from."""

import re
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.monitoring.deciding.policy import Policy
from lakehouse_assets.use_case.policy_replay.job import Changes, PolicyReplayConfig, asked_of
from lakehouse_assets_tests.use_case.shop import shop_in

SENSELESS: list[tuple[dict[str, Any], str]] = [
    ({"drift_at_least": 4}, "drift_at_least: 4; expected no more than drift_of_last, which is 3"),
    ({"loss_at_least": 0}, "loss_at_least: 0; expected a whole number from 1 to 366"),
    ({"drift_of_last": -3}, "drift_of_last: -3; expected a whole number from 1 to 366"),
    ({"calm_reports": 0}, "calm_reports: 0; expected a whole number from 1 to 366"),
    ({"cool_down_days": -5}, "cool_down_days: -5; expected a whole number from 0 to 3,660"),
    ({"loss_cool_down_days": 2.5}, "loss_cool_down_days: 2.5; expected a whole number from 0 to 3,660"),
    ({"cool_down_days": 10**9}, "cool_down_days: 1000000000; expected a whole number from 0 to 3,660"),
    ({"learn_days": -1}, "learn_days: -1; expected a whole number from 0 to 3,660"),
    ({"least_new_rows": -1}, "least_new_rows: -1; expected a whole number from 0 to 1,000,000,000,000"),
    ({"per_week": 0}, "per_week: 0; expected a whole number from 1 to 366"),
    ({"attempts": True}, "attempts: True; expected a whole number from 1 to 10"),
    ({"attempts": 2000}, "attempts: 2000; expected a whole number from 1 to 10"),
    ({"retry_hours": -1.0}, "retry_hours: -1.0; expected hours from 0 to 168"),
    ({"retry_hours": float("nan")}, "retry_hours: nan; expected hours from 0 to 168"),
    ({"on_more_data": 0.0}, "on_more_data: 0.0; expected a share above 0, or none"),
    ({"on_more_data": float("inf")}, "on_more_data: inf; expected a share above 0, or none"),
    ({"on_drift": "no"}, "on_drift: 'no'; expected true or false"),
]


@pytest.mark.parametrize(("entries", "told"), SENSELESS, ids=[told.split(";")[0] for _, told in SENSELESS])
def test_what_makes_no_sense_is_refused_and_the_message_says_what_would(entries: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Policy(**entries)


@pytest.mark.parametrize(
    "entries",
    [
        {"cool_down_days": 0, "loss_cool_down_days": 0, "learn_days": 0, "least_new_rows": 0, "retry_hours": 0},
        {"drift_at_least": 1, "drift_of_last": 1, "calm_reports": 1, "attempts": 1, "per_week": 1},
        {"cool_down_days": 3660, "attempts": 10, "retry_hours": 168, "on_more_data": 0.001},
        {"on_more_data": 2, "on_drift": False, "on_performance": False},
    ],
)
def test_what_makes_sense_at_its_limits_is_taken(entries: dict[str, Any]) -> None:
    assert Policy(**entries)


def test_the_yaml_and_a_replay_are_refused_in_the_same_words(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.change({"  gate:": "  retraining: {cool_down_days: -5}\n  gate:"})
    with pytest.raises(Exception, match="cool_down_days: -5; expected a whole number from 0 to 3,660"):
        _ = shop.plan
    config = PolicyReplayConfig(first_day="2024-03-01", last_day="2024-03-02", changed=[Changes(loss_at_least=4)])
    with pytest.raises(ValueError, match="loss_at_least: 4; expected no more than loss_of_last, which is 3"):
        asked_of(config, Policy())
