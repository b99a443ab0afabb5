"""A use case that nobody has trained yet leaves its predictions out, and its domain's night goes on."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.sources.daily import ONE_RUN
from lakehouse_assets.use_case.assets.serving import serving_assets
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets_tests.use_case.shop import DAYS, FIRST, shop_in

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")


def test_a_night_without_a_champion_succeeds_and_says_why_it_predicted_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = shop_in(tmp_path)
    shop.make_features()
    plan = Plan(shop.plan.declaration, shop.folder, catalogue(tmp_path / "defs"))

    @dg.asset(key=["distilled", "shop", "other"], partitions_def=plan.days, backfill_policy=ONE_RUN)
    def other() -> None:
        """The rest of the domain's night."""

    ran = dg.materialize(
        [other, *serving_assets(plan)],
        partition_key=(FIRST + timedelta(days=DAYS - 5)).isoformat(),
        resources={
            "lake": LakeResource(lake_uri=shop.lake.uri),
            "registry": ModelRegistry(
                tracking_uri=f"sqlite:///{tmp_path / 'm.db'}", artifact_root=(tmp_path / "artifacts").as_uri()
            ),
        },
    )
    assert ran.success
    assert {event.asset_key for event in ran.get_asset_materialization_events()} == {other.key}
    skipped = {event.step_key for event in ran.all_events if event.event_type is dg.DagsterEventType.STEP_SKIPPED}
    assert skipped == {"delivery__wear__outcomes"}
    assert "No version of wear is champion yet" in capfd.readouterr().err
