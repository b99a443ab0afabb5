"""The turbofan domain's jobs, its nightly schedule, and the sensor that asks for a retraining."""

from collections.abc import Iterator

import dagster as dg

from lakehouse_assets.defs.shared.equipment import EQUIPMENT
from lakehouse_assets.defs.turbofan.use_case import USE_CASE
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.daily import nightly

_LEARNED = dg.AssetSelection.assets(["distilled", "turbofan", "operating_regimes"])
_MODEL = dg.AssetSelection.assets(
    ["delivery", USE_CASE, "training_set"],
    ["delivery", USE_CASE, "training_manifest"],
    ["models", USE_CASE, "candidate"],
    ["models", USE_CASE, "evaluation"],
    ["models", USE_CASE, "champion"],
    ["monitoring", USE_CASE, "reference"],
    ["monitoring", USE_CASE, "thresholds"],
)
_SQL = dg.AssetSelection.assets(["delivery", "platform", "sql_views"])
_ALL = dg.AssetSelection.groups("turbofan", USE_CASE) | dg.AssetSelection.assets(EQUIPMENT) | _SQL
_DRIFT = dg.AssetSelection.assets(["monitoring", USE_CASE, "drift"])

turbofan_road = dg.define_asset_job(
    "turbofan_road",
    selection=_ALL - _DRIFT,
    description="The whole road for a range of days in one run: files to zones, features, model and predictions.",
)
turbofan_nightly = dg.define_asset_job(
    "turbofan_nightly",
    selection=_ALL - _MODEL - _LEARNED,
    description="One day: files to zones, features, predictions of every engine in service, drift report.",
)
turbofan_rul_training = dg.define_asset_job(
    "turbofan_rul_training",
    selection=_MODEL,
    description="Train on all days so far, evaluate on held-out engines, and let the gate decide.",
)

turbofan_nightly_schedule = nightly(turbofan_nightly)


@dg.sensor(
    job=turbofan_rul_training,
    name="turbofan_rul_retrain_on_drift",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for one retraining when drift reports of the champion say drift.",
)
def retrain_on_drift(
    context: dg.SensorEvaluationContext, lake: LakeResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask once per champion and episode of drift; the run key makes it once whatever restarts."""
    from lakehouse_assets.monitoring.retraining import retraining_wanted

    wanted = retraining_wanted(lake.lake(), USE_CASE)
    if wanted.run_key is None:
        yield dg.SkipReason(wanted.reason)
    else:
        context.log.info(wanted.reason)
        yield dg.RunRequest(run_key=wanted.run_key, tags={"retraining_reason": wanted.reason})
