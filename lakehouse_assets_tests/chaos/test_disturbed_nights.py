"""Whatever a night's files, disk or lake go through: afterwards the tables are those of an undisturbed night."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets_tests.chaos.disturbed import (
    Disturbed,
    at,
    copy,
    expect_each_told_once,
    expect_the_same,
    full_disk,
    read_only,
    whole,
)

pytestmark = pytest.mark.slow

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a full or a read-only disk")
NIGHTS = 2
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """The shop before the first of the nights."""
    return whole(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def undisturbed(shop: Disturbed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The tables after nights in which nothing happened."""
    calm = copy(shop, tmp_path_factory.mktemp("calm") / "state")
    for night in range(NIGHTS):
        calm.drop(calm.files(night))
        assert calm.night(night)
    assert calm.on_call_looks(None)
    assert calm.told().empty
    return calm.tables(NIGHTS)


@pytest.fixture
def platform(shop: Disturbed, tmp_path: Path) -> Disturbed:
    return copy(shop, tmp_path / "state")


def late(files: Files) -> Files:
    """Nothing of one machine."""
    return dict(list(files.items())[1:])


def truncated(files: Files) -> Files:
    """The transfer of one file broke off in the middle of a line."""
    name, content = next(iter(files.items()))
    return {**files, name: content[: len(content) // 2 + 7]}


def wrongly_encoded(files: Files) -> Files:
    """Some program wrote one file in another encoding."""
    name, content = next(iter(files.items()))
    return {**files, name: content.decode("utf-8-sig").encode("utf-16")}


def empty(files: Files) -> Files:
    """Of one file only the name came."""
    return {**files, next(iter(files)): b""}


def doubled(files: Files) -> Files:
    """One machine's rows came twice in one file."""
    name, content = next(iter(files.items()))
    head, *rows = content.split(b"\r\n")
    return {**files, name: b"\r\n".join([head, *rows[:-1], *rows])}


def reordered(files: Files) -> Files:
    """The lines of one file in another order."""
    name, content = next(iter(files.items()))
    head, *rows = content.rstrip(b"\r\n").split(b"\r\n")
    return {**files, name: b"\r\n".join([head, *rows[::-1]]) + b"\r\n"}


@pytest.mark.parametrize(
    ("came", "told"),
    [
        (late, False),
        (truncated, True),
        (wrongly_encoded, True),
        (empty, True),
        (doubled, True),
        (reordered, False),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_files_that_came_wrong_and_then_right_leave_what_right_ones_leave(
    platform: Disturbed, undisturbed: dict[str, pd.DataFrame], came: Callable[[Files], Files], told: bool
) -> None:
    platform.drop(came(platform.files(0)))
    platform.night(0)
    cursor = platform.on_call_looks(None)
    cursor = platform.on_call_looks(cursor)
    assert (len(platform.told()) > 0) == told
    platform.drop(platform.files(0))
    assert platform.night(0)
    platform.drop(platform.files(1))
    assert platform.night(1)
    platform.on_call_looks(cursor)
    expect_the_same(platform.tables(NIGHTS), undisturbed)
    expect_each_told_once(platform.told())


@ROOT
@pytest.mark.parametrize("disk", [read_only, full_disk], ids=["read-only", "full"])
def test_a_lake_that_cannot_be_written_fails_the_night_and_loses_nothing(
    platform: Disturbed, undisturbed: dict[str, pd.DataFrame], disk: Callable[[Path], object]
) -> None:
    lake = Path(platform.lake.uri)
    platform.drop(platform.files(0))
    with disk(lake):  # type: ignore[attr-defined]
        assert not platform.night(0)
    cursor = platform.on_call_looks(None)
    assert platform.told()["kind"].tolist() == ["failed_run"]
    again = at(platform.home)
    assert again.night(0)
    again.drop(again.files(1))
    assert again.night(1)
    again.on_call_looks(cursor)
    expect_the_same(again.tables(NIGHTS), undisturbed)
    expect_each_told_once(again.told())
