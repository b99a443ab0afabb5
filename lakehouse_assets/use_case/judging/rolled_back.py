"""A roll back of a use case: what it means now, and its traces in record, asset log and audit table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.lifecycle.judging.champions import ROLL_BACK
from lakehouse_assets.lifecycle.judging.promotion import Occasion
from lakehouse_assets.lifecycle.judging.rolling_back import (
    Planned,
    Step,
    Wish,
    carry_out_roll_back,
    plan_roll_back,
)

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.plan import Plan

#: Action of the audit row by which a run says what it is about to do.
BEGUN = "roll_back_begun"


@dataclass(frozen=True)
class Asked:
    """A roll back that somebody asks for.

    Attributes:
        plan: The use case.
        lake: Its lake.
        registry: Its registry.
        wish: What is asked for.
        who: By whom.
        run_id: The run that was asked for first; its retries carry on under this identifier.
    """

    plan: Plan
    lake: Lake
    registry: ModelRegistry
    wish: Wish
    who: str
    run_id: str

    def planned(self) -> Planned[ModelVersion]:
        """What it means here and now; nothing is changed.

        Raises:
            RollBackRefusedError: see `plan_roll_back`.
        """
        from lakehouse_assets.use_case.judging import gated

        def load_error(version: ModelVersion) -> str | None:
            rows = self.lake.read_pandas(self.plan.declaration.key("delivery", "training_set"))
            return gated.sample_error(self.plan, self.registry, self.lake, version, rows)

        return plan_roll_back(
            self.registry,
            self.plan.name,
            gated.record_of(self.plan, self.lake),
            self._occasion(),
            self.wish,
            load_error,
            self._begun(),
        )

    def carry_out(self, planned: Planned[ModelVersion]) -> dg.AssetMaterialization:
        """Say what is begun, move the alias, ask for the reference, write the row; each as often as once if repeated.

        Returns:
            What Dagster has to be told of the table of decisions.
        """
        from lakehouse_assets.contracts.additions import add_rows
        from lakehouse_assets.contracts.conform import to_arrow

        contract, step = self.plan.contract("models", "champion"), planned.step
        versions = {"from_version": step.before, "to_version": step.after}
        self._note(BEGUN, versions)
        rows = carry_out_roll_back(self.registry, planned, self._occasion(), self.wish.reason)
        # What the row names is made by the sensor repairs_asked_for: a job cannot start a run. It comes before the
        # decision's own row: without that, a run of its own takes the step for one to be finished, and asks again.
        anew = [self.plan.key("monitoring", table).path for table in ("reference", "thresholds")]
        self._note(ROLL_BACK, {**versions, "assets": ["/".join(path) for path in anew], "tags": {}})
        if len(rows):
            add_rows(self.lake, contract, to_arrow(rows, contract), contract.primary_key, self.run_id)
        return self._event(versions)

    def _event(self, versions: dict[str, int]) -> dg.AssetMaterialization:
        """With the rows' content as the data version: without one, all that is made from the table would turn stale."""
        key = self.plan.declaration.key("models", "champion")
        version = self.lake.version(key)
        content, rows = self.lake.content_version(key, version=version), self.lake.row_count(key, version=version)
        told: dict[str, Any] = {"action": ROLL_BACK, **versions, "reason": self.wish.reason, "delta_version": version}
        return dg.AssetMaterialization(
            dg.AssetKey(key),
            metadata={**told, "dagster/row_count": rows, "content_version": content},
            tags={"dagster/data_version": content, "dagster/data_version_is_user_provided": "true"},
        )

    def _begun(self) -> Step | None:
        """What this run, or the one that it is a retry of, said that it would do."""
        from lakehouse_assets.contracts.audit import entries

        said = entries(self.lake, BEGUN)
        for details in said.loc[said["entry"].eq(self._entry(BEGUN)), "details"]:
            return Step(details["from_version"], details["to_version"])
        return None

    def _note(self, action: str, details: Mapping[str, Any]) -> None:
        from lakehouse_assets.contracts import audit

        said = {"who": self.who, "reason": self.wish.reason, "run_id": self.run_id}
        entry = self._entry(action)
        audit.record(self.lake, action=action, subject=self.plan.name, details=details, entry=entry, **said)

    def _entry(self, action: str) -> str:
        return f"{action} {self.plan.name} {self.run_id}"

    def _occasion(self) -> Occasion:
        return Occasion(datetime.now(UTC), self.who, self.run_id)
