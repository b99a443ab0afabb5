"""A platform whose jobs are run as the UI runs them; tests of a module share its instance."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import write_deltalake

from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.defs.kept_platform import KEY, Platform
from lakehouse_assets_tests.end_to_end.own_platform import platform_in
from lakehouse_assets_tests.lake.makers import daily_frame
from lakehouse_assets_tests.operations.nights.plant import Plant, plant_in


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("platform")
    with platform_in(state_in(folder)) as (defs, instance):
        yield Platform(folder, defs, instance)


@pytest.fixture
def platform(kept: Platform) -> Platform:
    """An empty lake of which the instance knows nothing; making an instance takes seconds."""
    shutil.rmtree(kept.lake.uri, ignore_errors=True)
    kept.instance.wipe_assets(list(kept.instance.all_asset_keys()))
    return kept


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """A plant whose files and nights a test decides on."""
    with plant_in(tmp_path) as one:
        yield one


@pytest.fixture
def lake_of_two(platform: Platform) -> Platform:
    """Two versions of a table."""
    for value in range(2):
        uri = platform.lake.table_uri(KEY)
        write_deltalake(uri, daily_frame(["2024-01-01"], value=value), mode="overwrite", partition_by=["day"])
    return platform
