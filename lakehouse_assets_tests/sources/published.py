"""The public datasets as their publishers lay them out, where they are at hand."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("LAKEHOUSE_REAL_DATA") or ROOT / ".." / "shared" / "data")


def published(domain: str, name: str) -> Path:
    """A published file; skips the test where it is not at hand."""
    path = FOLDER / domain / name
    if not path.is_file():
        pytest.skip(f"the published file is not at {path}: set LAKEHOUSE_REAL_DATA")
    return path
