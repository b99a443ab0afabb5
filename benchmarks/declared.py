"""What a use case declares, so that a figure is of the model that the platform trains."""

from pathlib import Path

import yaml

from lakehouse_assets.contracts.declared import component_files
from lakehouse_assets.definitions import DEFS, contracts
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.use_case.component import declared_use_cases
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.training.candidate import settings_of


def settings(name: str) -> ModelSettings:
    """The settings of a use case by its name."""
    return settings_of(plan_of(name).declaration)


def plan_of(name: str) -> Plan:
    """A use case by its name, as its assets have it."""
    return Plan(next(one for one in declared_use_cases(DEFS) if one.name == name), folder_of(name), contracts())


def folder_of(name: str) -> Path:
    """Where its YAML lies."""
    for file in component_files(DEFS):
        if yaml.safe_load(file.read_text(encoding="utf-8"))["attributes"].get("name") == name:
            return file.parent
    raise KeyError(name)
