"""The sensor that decides whether a use case trains again, writes the decision down, and asks for the run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.use_case.plan import Plan

if TYPE_CHECKING:
    from lakehouse_assets.monitoring.deciding.history import History
    from lakehouse_assets.monitoring.deciding.policy import Decision

#: How often somebody looks. A look that finds nothing new reads no more than the newest commits' numbers.
SECONDS = 30


def decisions_spec(plan: Plan) -> dg.AssetSpec:
    """The table of decisions, which the sensor keeps and no run makes."""
    return dg.AssetSpec(
        plan.key("monitoring", "decisions"),
        deps=[plan.key("monitoring", "drift"), plan.key("monitoring", "performance"), plan.key("models", "champion")],
        owners=[plan.declaration.owner],
        tags={"domain": plan.declaration.domain, "use_case": plan.name},
    )


def retraining_sensor(plan: Plan, training: Any) -> dg.SensorDefinition:
    """`<use case>_retraining`: one run per decision to train, whatever restarts.

    The row of a decision is written before its run is asked for. Should the process die in between, the next look
    finds a request without a run and asks again under the same key, for which Dagster starts one run.
    """

    @dg.sensor(
        name=f"{plan.name}_retraining",
        job=training,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Decides whether {plan.name} is trained again: lost performance, drift, or much more to learn "
        "from, by the policy in its YAML. Each decision is a row of its table decisions.",
    )
    def retraining(
        context: dg.SensorEvaluationContext, lake: LakeResource, registry: ModelRegistry
    ) -> dg.SensorResult | dg.SkipReason:
        """Decide on what is known now."""
        from lakehouse_assets.monitoring.pauses import paused
        from lakehouse_assets.use_case.retraining import deciding
        from lakehouse_assets.use_case.retraining.seen import Seen

        store, now = lake.lake(), datetime.now(UTC)
        pause = paused(store, plan.name, now)
        if pause is not None:
            return dg.SkipReason(pause.words)
        trainings = deciding.trainings(plan, store, context.instance)
        seen = Seen.now(plan, store, trainings)
        told = seen.decided(context.cursor, now)
        if told is not None:
            return dg.SkipReason(f"nothing new since {told}")
        history = deciding.known(plan, store, registry, trainings)
        decision = deciding.made(plan, history, now)
        context.log.info(f"{decision.decision}: {decision.reason}")
        written = deciding.note(plan, store, history, decision)
        return dg.SensorResult(
            run_requests=[_request(plan, decision)] if decision.run_key else None,
            skip_reason=None if decision.run_key else f"{decision.decision}: {decision.reason}",
            asset_events=[_event(plan, decision, history)] if written else [],
            cursor=seen.cursor(decision),
        )

    return retraining


def _request(plan: Plan, decision: Decision) -> dg.RunRequest:
    from lakehouse_assets.monitoring.deciding.history import RETRAINING_REASON
    from lakehouse_assets.use_case.retraining.trainings import DECIDED_ON, LABELLED_ROWS

    tags = {RETRAINING_REASON: decision.reason, "use_case": plan.name, DECIDED_ON: str(decision.day)}
    if decision.labelled_rows is not None:
        tags[LABELLED_ROWS] = str(decision.labelled_rows)
    return dg.RunRequest(run_key=decision.run_key, tags=tags)


def _event(plan: Plan, decision: Decision, history: History) -> dg.AssetMaterialization:
    from lakehouse_assets.use_case.retraining.deciding import metadata_of

    return dg.AssetMaterialization(
        plan.key("monitoring", "decisions"), metadata=metadata_of(decision, history.decisions)
    )
