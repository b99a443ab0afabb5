"""A plant whose features lie in a real lake, with an empty registry."""

import shutil
from pathlib import Path

import pytest

from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets_tests.lifecycle.pumps import VIEW, Plant, feature_rows, write


@pytest.fixture(scope="module")
def plant(empty_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Tests of a module share it: they may add to it under names of their own."""
    folder = tmp_path_factory.mktemp("plant")
    shutil.copy(empty_registry, folder / "m.db")
    uri = f"sqlite:///{folder / 'm.db'}"
    made = Plant(folder, ModelRegistry(tracking_uri=uri, artifact_root=(folder / "artifacts").as_uri()))
    write(made.lake, VIEW.table, feature_rows())
    return made
