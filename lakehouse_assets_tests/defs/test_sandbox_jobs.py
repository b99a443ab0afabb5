"""Sandboxes are made and dropped by jobs, each with its row in the audit."""

from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.lake.sandbox import SANDBOXES, living
from lakehouse_assets_tests.defs.kept_platform import KEY, TABLE, Platform, error_of


def test_a_sandbox_is_made_read_shown_and_dropped_each_with_its_audit_row(platform: Platform) -> None:
    platform.write(0)
    platform.write(1)
    asked = {"name": "study", "tables": [{"table": TABLE, "version": 0}], "purpose": "wear", "who": "ann", "days": 5}
    result = platform.run("make_sandbox", "sandbox_making", **asked)
    assert set(platform.lake.sandbox("study").read(TABLE)["value"].to_pylist()) == {0}
    (shown,) = [event.asset_key for event in result.get_asset_materialization_events()]
    assert shown == dg.AssetKey(["explorative", "study", *KEY])
    platform.run("drop_sandbox", "sandbox_dropping", name="study", who="bob")
    assert list(living(platform.lake)) == ["study"], "a dry run is the default"
    platform.run("drop_sandbox", "sandbox_dropping", name="study", who="bob", dry_run=False)
    assert living(platform.lake) == {}
    rows = entries(platform.lake)
    assert rows[["action", "subject", "who"]].values.tolist() == [
        ["make_sandbox", "study", "ann"],
        ["drop_sandbox", "study", "bob"],
    ]
    assert rows["details"][0]["versions"] == {TABLE: 0}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"name": "No Name"}, "'No Name' is no name for a sandbox"),
        ({"tables": [{"table": "features"}]}, "'features' is not an asset"),
        ({"tables": [{"table": TABLE, "version": 7}]}, "no version 7: its newest is 1"),
        ({"tables": []}, "at least 1 item"),
        ({"days": 400}, "less than or equal to 365"),
    ],
)
def test_a_sandbox_that_cannot_be_pins_nothing(asked: dict[str, Any], told: str, lake_of_two: Platform) -> None:
    config = {"name": "study", "tables": [{"table": TABLE}], "purpose": "wear", "who": "ann", **asked}
    assert told in error_of(lake_of_two.run("make_sandbox", "sandbox_making", fails=True, **config))
    assert not lake_of_two.lake.exists(SANDBOXES)
