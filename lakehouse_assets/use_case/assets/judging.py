"""Whether a candidate may serve: evaluation, gate, and the card of what serves."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.sources.daily import REPORT, TRAINING
from lakehouse_assets.use_case.plan import Plan

GATE = "candidate_passed_the_gate"


class GateMode(Enum):
    """Whether a decision moves what serves. The names are those that run config takes."""

    on = "on"
    dry_run = "dry_run"
    off = "off"


class GateConfig(dg.Config):
    """The gate, for one run; what is left empty is as the use case declares it."""

    mode: GateMode | None = Field(default=None, description="on, dry_run (decide and promote nothing) or off.")
    margin: float | None = Field(default=None, ge=0, description="By how much it may be worse than the champion.")
    who: str = Field(default="gate", min_length=1, description="Who lets it decide, for the audit trail.")

    @property
    def bound(self) -> float | None:
        """The metric's bound; None: as declared."""
        return None


class AtMost(GateConfig):
    """The gate of a metric of which less is better. The other bound is no entry, so the launchpad refuses it."""

    at_most: float | None = Field(default=None, description="Bound of the metric, of which less is better.")

    @property
    def bound(self) -> float | None:
        """See :class:`GateConfig`."""
        return self.at_most


class AtLeast(GateConfig):
    """The gate of a metric of which more is better."""

    at_least: float | None = Field(default=None, description="Bound of the metric, of which more is better.")

    @property
    def bound(self) -> float | None:
        """See :class:`GateConfig`."""
        return self.at_least


def judging_assets(plan: Plan) -> list[dg.AssetsDefinition]:
    """Evaluation, champion, model card."""
    return [_evaluation(plan), _champion(plan), _model_card(plan)]


def _evaluation(plan: Plan) -> dg.AssetsDefinition:
    declared = plan.declaration
    extra = [table for one in declared.evaluation.extra.values() for table in one.inputs.values()]

    @dg.asset(
        key=plan.key("models", "evaluation"),
        ins={
            "candidate": dg.AssetIn(key=plan.key("models", "candidate")),
            "rows": dg.AssetIn(key=plan.key("delivery", "training_set")),
        },
        deps=[plan.dep(table, night=False) for table in dict.fromkeys(extra)],
        metadata=plan.declared(declared.evaluation),
        tags=plan.tags(TRAINING),
    )
    def evaluation(
        context: dg.AssetExecutionContext, candidate: Frame, rows: Frame, lake: LakeResource, registry: ModelRegistry
    ) -> Frame:
        """Measure candidate, champion and baseline on the same rows."""
        from lakehouse_assets.use_case.judging import judged
        from lakehouse_assets.use_case.judging.evaluated import metadata_of, models_to_judge

        newest, serving = models_to_judge(plan, registry, candidate)
        data = judged.data_to_measure_on(plan, plan.source(lake.lake()), rows)
        scores = judged.evaluation(plan, rows, data, newest, serving)
        context.add_output_metadata(metadata_of(plan, scores, data, newest))
        return scores

    return evaluation


def _champion(plan: Plan) -> dg.AssetsDefinition:
    key = plan.key("models", "champion")

    def champion(
        context: dg.AssetExecutionContext,
        config: GateConfig,
        candidate: Frame,
        scores: Frame,
        rows: Frame,
        lake: LakeResource,
        registry: ModelRegistry,
    ) -> Iterator[Any]:
        """Let the candidate serve if it passes the gate, and write down who decided what and why."""
        from lakehouse_assets.use_case.judging import gated

        decided = gated.decide(plan, registry, lake.lake(), candidate, scores, rows, gated.rules_of(plan, config))
        context.log.info(f"version {decided.version.version}: {decided.verdict.action}: {decided.verdict.reason}")
        written = gated.act(plan, registry, lake.lake(), decided, scores, config.who, context.run.run_id)
        yield dg.Output(written, metadata=gated.metadata_of(decided))
        yield dg.AssetCheckResult(
            passed=not decided.verdict.failures,
            check_name=GATE,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"reason": decided.verdict.reason},
        )

    # What is asked has the bound of the metric's side only, so the other is refused when the run is asked for.
    champion.__annotations__["config"] = AtLeast if plan.declaration.gate.at_most is None else AtMost
    return dg.asset(
        key=key,
        ins={
            "candidate": dg.AssetIn(key=plan.key("models", "candidate")),
            "scores": dg.AssetIn(key=plan.key("models", "evaluation")),
            "rows": dg.AssetIn(key=plan.key("delivery", "training_set")),
        },
        metadata={"write_mode": "append", **plan.declared(plan.declaration.gate)},
        check_specs=[
            dg.AssetCheckSpec(GATE, asset=key, description="The newest candidate may serve; if not, the reasons.")
        ],
        pool=f"{plan.name}_training",
        tags=plan.tags(TRAINING),
    )(champion)


def _model_card(plan: Plan) -> dg.AssetsDefinition:
    @dg.asset(
        key=plan.key("models", "model_card"),
        ins={
            "scores": dg.AssetIn(key=plan.key("models", "evaluation")),
            "decisions": dg.AssetIn(key=plan.key("models", "champion")),
        },
        deps=[plan.key("monitoring", "drift"), plan.key("monitoring", "performance")],
        tags=plan.tags(REPORT),
    )
    def model_card(
        context: dg.AssetExecutionContext,
        scores: Frame,
        decisions: Frame,
        lake: LakeResource,
        registry: ModelRegistry,
    ) -> Frame:
        """Write the card of what serves, as a table row and as a page."""
        from lakehouse_assets.use_case.judging import carded

        store = lake.lake()
        rows = carded.training_rows(plan, registry, store)
        written = carded.write(plan, registry, store, scores, decisions, rows)
        context.add_output_metadata(written.metadata)
        return written.rows

    return model_card
