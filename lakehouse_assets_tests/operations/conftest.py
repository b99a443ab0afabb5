"""A lake with Ann in it."""

from pathlib import Path

import pytest

from lakehouse_assets.operations.erasure.erase import Place
from lakehouse_assets_tests.operations.erasing import traces
from lakehouse_assets_tests.operations.people import lake_with_ann


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = lake_with_ann(tmp_path)
    assert len(traces(tmp_path)) > 15, "she is in many files, or this test shows nothing"
    return made
