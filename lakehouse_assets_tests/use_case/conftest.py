"""What tests of a use case share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets_tests.use_case.retraining.ticks import Ticks
from lakehouse_assets_tests.use_case.shop import shop_in


@pytest.fixture
def wear(tmp_path: Path, empty_registry: Path) -> Iterator[Ticks]:
    """The shop's use case, whose version 1 serves."""
    file = tmp_path / "mlflow.db"
    shutil.copy(empty_registry, file)
    registry = ModelRegistry(tracking_uri=f"sqlite:///{file}", artifact_root=(tmp_path / "artifacts").as_uri())
    ticks = Ticks(shop_in(tmp_path / "shop"), registry, tmp_path / "instance")
    ticks.serve(1)
    yield ticks
    ticks.instance.dispose()
