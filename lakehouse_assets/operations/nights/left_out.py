"""What a run had planned and did not make, because something before it failed or had nothing to give."""

from __future__ import annotations

from collections.abc import Collection

import dagster as dg
from dagster._core.storage.tags import WILL_RETRY_TAG


def left_out(instance: dg.DagsterInstance, run: dg.DagsterRun, wanted: Collection[dg.AssetKey]) -> list[dg.AssetKey]:
    """Those of the wanted assets that the run planned and neither made nor tried; none while it is tried again.

    What was tried and failed is told as such, and not tried here once more.
    """
    if run.tags.get(WILL_RETRY_TAG) == "true":
        return []
    kinds = {
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.STEP_FAILURE,
    }
    events = [one.get_dagster_event() for one in instance.all_logs(run.run_id, of_type=kinds)]
    tried = {one.step_key for one in events if one.event_type is dg.DagsterEventType.STEP_FAILURE}
    made = {one.asset_key for one in events if one.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION}
    planned = {
        one.asset_key
        for one in events
        if one.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED and one.step_key not in tried
    }
    return sorted(key for key in planned - made if key is not None and key in wanted)
