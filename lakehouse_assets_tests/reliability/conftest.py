"""The lake's fixtures, and a real S3 server on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.lake.conftest import instance, lake, materialise
from lakehouse_assets_tests.reliability.foreign_reading import KEY
from lakehouse_assets_tests.reliability.processes import Nursery

__all__ = ["instance", "lake", "materialise"]


@dataclass(frozen=True)
class S3:
    """A running server and the keys that it takes."""

    endpoint: str
    key: str
    secret: str

    @property
    def options(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    command = [sys.executable, "-W", "ignore", "-m", "lakehouse_assets_tests.reliability.s3_server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield S3(**json.loads(server.stdout.readline()))
        finally:
            server.kill()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def folder(lake: Lake) -> Path:
    """Where the table of `foreign_reading` lies, for tests that make it by hand."""
    return Path(lake.table_uri(KEY))
