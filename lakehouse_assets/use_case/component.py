"""The use-case component: one YAML becomes the assets, checks, jobs, schedules and sensors of a whole lifecycle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.contracts.contract import Contract, ContractError
from lakehouse_assets.contracts.declared import component_files
from lakehouse_assets.contracts.located import LocatedYaml
from lakehouse_assets.use_case.assets.features import feature_assets
from lakehouse_assets.use_case.assets.judging import judging_assets
from lakehouse_assets.use_case.assets.monitoring import monitoring_assets
from lakehouse_assets.use_case.assets.serving import serving_assets
from lakehouse_assets.use_case.assets.training import training_assets
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.jobs.automation import jobs_of
from lakehouse_assets.use_case.named import require_what_is_named
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.policy_replay.job import policy_replays_spec
from lakehouse_assets.use_case.retraining.sensor import decisions_spec
from lakehouse_assets.use_case.scaffolding import UseCaseScaffolder
from lakehouse_assets.use_case.tables.contracts import UnknownColumnsError, contracts_of


@dg.scaffold_with(UseCaseScaffolder)
class UseCase(dg.Component, dg.Resolvable):
    """A prediction that somebody acts on: features, training, gate, scoring, outcomes, monitoring, retraining.

    The YAML is read as :class:`~lakehouse_assets.use_case.declaring.declaration.Declaration`; docs/use_cases.md
    explains it.
    """

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration

    @classmethod
    def model(cls) -> type[BaseModel]:
        """The YAML's schema. Given whole, so that an error names the entry that is wrong."""
        return Declaration

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> UseCase:
        """The component of a YAML that keeps the schema."""
        if not isinstance(model, Declaration):
            raise TypeError(f"expected a Declaration, found {type(model).__name__}")
        return cls(model)

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What the catalogue of components says."""
        return dg.ComponentTypeSpec(
            description="One machine-learning use case on the paved road.",
            produces=["asset", "asset_check", "job", "schedule", "sensor"],
        )

    @staticmethod
    def contracts(
        attributes: Mapping[str, Any], file: Path, written: Mapping[tuple[str, ...], Contract]
    ) -> list[Contract]:
        """The contracts of the tables that a use case makes (see `contracts.declared`).

        Raises:
            ValidationError: the YAML is no use case.
            ContractError: a feature view is of a table whose columns nobody tells.
        """
        try:
            return contracts_of(Declaration.model_validate(attributes), file, written)
        except UnknownColumnsError as error:
            text = LocatedYaml(file, file.read_text(encoding="utf-8"))
            raise ContractError([text.problem(("attributes", "features"), str(error))]) from error

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Everything that the use case is, in Dagster's words.

        Raises:
            dg.DagsterInvalidDefinitionError: the YAML names a function, table, file or column that is not there.
        """
        folder = context.path
        home = next((parent for parent in folder.parents if parent.name == "defs"), folder)
        plan = Plan(self.declaration, folder, catalogue(home))
        require_what_is_named(plan)
        assets = [
            *feature_assets(plan),
            *training_assets(plan),
            *judging_assets(plan),
            *serving_assets(plan),
            *monitoring_assets(plan),
        ]
        kept = [decisions_spec(plan), policy_replays_spec(plan)]
        return dg.Definitions.merge(dg.Definitions(assets=[*assets, *kept]), jobs_of(plan, assets))


def declared_use_cases(defs: Path) -> list[Declaration]:
    """What every use case below a folder declares, by name."""
    import yaml

    found = []
    for file in component_files(defs):
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        if str(told.get("type", "")).endswith(f".{UseCase.__name__}"):
            found.append(Declaration.model_validate(told["attributes"]))
    return sorted(found, key=lambda one: one.name)
