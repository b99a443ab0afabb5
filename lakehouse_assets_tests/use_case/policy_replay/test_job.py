"""The job that replays policies, run through Dagster on a real lake: its rows, its page, and what it leaves alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.monitoring.deciding.policy import Policy
from lakehouse_assets.monitoring.replays.replay import Every, Never
from lakehouse_assets.use_case.policy_replay.job import (
    POLICIES,
    Changes,
    PolicyReplayConfig,
    asked_of,
    policy_replay_job,
    policy_replays_spec,
)
from lakehouse_assets.use_case.policy_replay.playing import ReplayRequestError
from lakehouse_assets_tests.use_case.policy_replay.replayed_shop import (
    FIRST_NIGHT,
    LAST_NIGHT,
    plan_in,
    shop_with_a_past,
)
from lakehouse_assets_tests.use_case.shop import Shop

pytestmark = pytest.mark.slow

TABLE = ["monitoring", "wear", "policy_replays"]
DAYS = {"first_day": str(FIRST_NIGHT), "last_day": str(LAST_NIGHT)}


def run(shop: Shop, config: Mapping[str, Any]) -> dg.ExecuteInProcessResult:
    job = policy_replay_job(plan_in(shop))
    return job.execute_in_process(
        run_config={"ops": {"wear_playing_policies": {"config": dict(config)}}},
        resources={"lake": LakeResource(lake_uri=shop.lake.uri)},
    )


def tables(shop: Shop) -> dict[str, int]:
    """Every table of the lake with its version."""
    found = {one.parent.relative_to(shop.lake.uri).as_posix() for one in Path(shop.lake.uri).rglob("_delta_log")}
    return {name: shop.lake.version(name.split("/")) for name in sorted(found)}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_with_a_past(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def before(shop: Shop) -> dict[str, int]:
    return tables(shop)


@pytest.fixture(scope="module")
def done(shop: Shop, before: dict[str, int]) -> dg.ExecuteInProcessResult:
    changed = [{"on_drift": False, "on_performance": False, "on_more_data": 0.5}]
    return run(shop, {**DAYS, "changed": changed, "apart_from": "2024-03-01"})


def test_it_leaves_one_row_a_policy(shop: Shop, done: dg.ExecuteInProcessResult) -> None:
    rows = shop.lake.read_pandas(TABLE).set_index("policy")
    more = "own with on_drift False, on_more_data 0.5, on_performance False"
    assert set(rows.index) == {*POLICIES, more}
    assert rows["run_id"].eq(done.run_id).all()
    assert rows["complete"].all()
    assert rows["days"].eq((LAST_NIGHT - FIRST_NIGHT).days + 1).all()
    assert rows["measure"].eq("mean absolute error").all()
    assert rows.loc["never", "retrainings"] == 0
    assert rows.loc["never", "training_cpu_seconds"] == 0
    assert rows.loc["every 7 days", "retrained_on"].startswith("2024-02-17, 2024-02-24")
    assert json.loads(rows.loc[more, "settings"])["on_more_data"] == 0.5
    assert rows.loc[more, "retrainings"] >= 1
    assert rows.loc["drift", "error_apart"] < rows.loc["never", "error_apart"]
    months = json.loads(rows.loc["never", "error_by_month"])
    assert set(months) == {"2024-02", "2024-03"}
    assert months["2024-03"] == pytest.approx(rows.loc["never", "error_apart"])


def test_its_page_shows_the_table_the_plot_and_why_each_policy_trained(done: dg.ExecuteInProcessResult) -> None:
    (event,) = done.get_asset_materialization_events()
    shown = event.step_materialization_data.materialization
    assert list(shown.asset_key.path) == TABLE
    metadata = {name: str(value.value) for name, value in shown.metadata.items()}
    assert "| never | " in metadata["policies"]
    assert "data:image/png;base64," in metadata["replay"]
    assert "- drift, 2024-03-" in metadata["retrainings"]
    assert metadata["nights"] == f"{FIRST_NIGHT} to {LAST_NIGHT}"


def test_it_writes_nothing_else(shop: Shop, before: dict[str, int], done: dg.ExecuteInProcessResult) -> None:
    after = tables(shop)
    assert after.pop("/".join(TABLE)) >= 0
    assert after == before


def test_a_second_replay_adds_its_rows_and_one_that_runs_out_of_time_says_how_far_it_came(
    shop: Shop, done: dg.ExecuteInProcessResult
) -> None:
    again = run(shop, {**DAYS, "policies": ["never", "every 3 days"], "cpu_minutes": 1e-12})
    rows = shop.lake.read_pandas(TABLE)
    assert set(rows["run_id"]) == {done.run_id, again.run_id}
    own = rows[rows["run_id"].eq(again.run_id)]
    assert not own["complete"].any()
    assert own["days"].nunique() == 1
    (event,) = again.get_asset_materialization_events()
    said = event.step_materialization_data.materialization.metadata["nights"].value
    assert said == f"{FIRST_NIGHT} to {FIRST_NIGHT}; {LAST_NIGHT} was not reached"
    assert own["not_known_yet"].eq(0).all()


def test_the_config_names_policies_and_the_own_one_with_changes() -> None:
    own = Policy(cool_down_days=9, on_more_data=0.4)
    config = PolicyReplayConfig(
        **DAYS, policies=["never", "every 12 days", "drift", "own"], changed=[Changes(cool_down_days=2)]
    )
    asked = asked_of(config, own)
    assert asked.policies == {
        "never": Never(),
        "every 12 days": Every(12),
        "drift": Policy(cool_down_days=9, on_performance=False),
        "own": own,
        "own with cool_down_days 2": Policy(cool_down_days=2, on_more_data=0.4),
    }
    assert asked.cpu_seconds == 1800


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({**DAYS, "policies": ["sometimes"]}, "policy 'sometimes'; expected one of never"),
        ({**DAYS, "policies": ["every 0 days"]}, "policy 'every 0 days'"),
        ({**DAYS, "policies": []}, "no policy to play"),
        ({**DAYS, "policies": ["every 07 days"]}, "policy 'every 07 days'"),
        (
            {"first_day": "2024-03-01", "last_day": "2024-02-01"},
            "first_day 2024-03-01, last_day 2024-02-01: expected the last one not before the first",
        ),
        ({**DAYS, "apart_from": "2025-01-01"}, "apart_from 2025-01-01: expected a day after 2024-02-10, up to"),
        ({**DAYS, "apart_from": "soon"}, "apart_from 'soon': expected a day such as 2024-03-01"),
        ({**DAYS, "first_day": "yesterday"}, "first_day 'yesterday': expected a day such as 2024-03-01"),
        ({**DAYS, "first_day": ""}, "first_day '': expected a day such as 2024-03-01"),
        ({**DAYS, "last_day": "2024-02-30"}, "last_day '2024-02-30': expected a day such as 2024-03-01"),
        ({**DAYS, "last_day": "9999-12-30"}, "last_day '9999-12-30': expected a past day"),
        ({**DAYS, "policies": ["never", "never"]}, "policies, changed: 'never' stands there twice; expected each once"),
        (
            {**DAYS, "changed": [{}]},
            "changed: {} changes nothing of the use case's own policy; expected some of on_drift",
        ),
        (
            {**DAYS, "changed": [{"drift_at_least": 5}]},
            "changed: {drift_at_least 5}.*drift_at_least: 5; expected no more than drift_of_last",
        ),
        ({**DAYS, "changed": [{"learn_days": 4}] * 2}, "'own with learn_days 4' stands there twice"),
    ],
)
def test_a_config_that_asks_for_nothing_that_is_there_is_refused(config: dict[str, Any], told: str) -> None:
    with pytest.raises((ReplayRequestError, ValueError, dg.DagsterInvalidConfigError), match=told):
        asked_of(PolicyReplayConfig(**config), Policy())


def test_every_entry_that_is_named_as_one_to_change_can_be_changed() -> None:
    own = Policy(drift_at_least=1, loss_at_least=1, learn_days=5, per_week=5)
    with pytest.raises(ReplayRequestError) as refused:
        asked_of(PolicyReplayConfig(**DAYS, changed=[Changes()]), own)
    named = str(refused.value).split("expected some of ")[1].split(", ")
    for name in named:
        value = {"on_drift": False, "on_performance": False, "on_more_data": 0.5}.get(name, 2)
        asked = asked_of(PolicyReplayConfig(**DAYS, policies=[], changed=[Changes(**{name: value})]), own)
        (policy,) = asked.policies.values()
        assert getattr(policy, name) == value


def test_the_table_is_an_asset_with_its_owner_that_no_run_makes(shop: Shop) -> None:
    spec = policy_replays_spec(plan_in(shop))
    assert list(spec.key.path) == TABLE
    assert spec.owners == ["team:shop"]
    assert pd.Series([list(dep.asset_key.path) for dep in spec.deps]).isin([["delivery", "wear", "features"]]).any()
