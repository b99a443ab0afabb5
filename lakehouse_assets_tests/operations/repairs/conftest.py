"""What tests of the repair jobs begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster._core.test_utils import instance_for_test

from lakehouse_assets_tests.new_homes import with_databases
from lakehouse_assets_tests.operations.repairs.asking import Platform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with instance_for_test(temp_dir=str(with_databases(tmp_path))) as instance:
        yield Platform(instance, tmp_path)
