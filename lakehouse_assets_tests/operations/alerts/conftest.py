"""A small platform that is watched, and whose person on call is told by HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster._core.test_utils import instance_for_test

from lakehouse_assets_tests.operations.alerts.receiver import receiver
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, Platform


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    BROKEN.clear()
    with receiver() as told, instance_for_test(temp_dir=str(tmp_path)) as instance:
        monkeypatch.setenv("ALERT_URLS", told.url)
        monkeypatch.setenv("REPORTS", str(tmp_path / "reports"))
        yield Platform(instance, tmp_path, told)
