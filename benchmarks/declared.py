"""What a use case declares, so that a figure is of the model that the platform trains."""

from lakehouse_assets.definitions import DEFS
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.use_case.candidate import settings_of
from lakehouse_assets.use_case.component import declared_use_cases


def settings(name: str) -> ModelSettings:
    """The settings of a use case by its name."""
    return settings_of(next(one for one in declared_use_cases(DEFS) if one.name == name))
