"""What tests of operations begin with: an instance, a lake with Ann in it, a platform whose person on call is told."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import instance_for_test

from lakehouse_assets.operations.erasure.erase import Place
from lakehouse_assets_tests.new_homes import with_databases
from lakehouse_assets_tests.operations.alerts.receiver import receiver
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, Platform
from lakehouse_assets_tests.operations.erasure.erasing import traces
from lakehouse_assets_tests.operations.erasure.people import lake_with_ann


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A real one, in a folder of its own."""
    with instance_for_test(temp_dir=str(with_databases(tmp_path))) as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = lake_with_ann(tmp_path)
    assert len(traces(tmp_path)) > 15, "she is in many files, or this test shows nothing"
    return made


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A small one that is watched, and whose person on call is told by HTTP."""
    BROKEN.clear()
    with receiver() as told, instance_for_test(temp_dir=str(with_databases(tmp_path))) as instance:
        monkeypatch.setenv("ALERT_URLS", told.url)
        monkeypatch.setenv("REPORTS", str(tmp_path / "reports"))
        yield Platform(instance, tmp_path, told)
