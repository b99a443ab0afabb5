"""Which errors can pass by themselves."""

import errno
import sqlite3

import duckdb
import pytest

from lakehouse_assets.lake import errors
from lakehouse_assets.lake.errors import LakeError, StorageError, WriteConflictError
from lakehouse_assets.lake.passing import may_pass
from lakehouse_assets.sources.landing import LandingError


def caused(error: Exception, by: Exception) -> Exception:
    error.__cause__ = by
    return error


CAN = [
    WriteConflictError("other writers won each time"),
    StorageError("Table s3://lake/t cannot be opened. The storage said: Connection refused"),
    StorageError("The storage said: Input/output error (os error 5)"),
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.ESTALE, "Stale file handle"),
    BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
    TimeoutError(errno.ETIMEDOUT, "Connection timed out"),
    sqlite3.OperationalError("database is locked"),
    duckdb.IOException("IO Error: Could not set lock on file lake.duckdb"),
    caused(LandingError("delivered file a.csv cannot be read"), OSError(errno.EIO, "Input/output error")),
    caused(RuntimeError("training failed"), sqlite3.OperationalError("database is locked")),
]
CANNOT = [
    StorageError("The disk is full. The storage said: No space left on device"),
    StorageError("The storage said: Permission denied (os error 13)"),
    PermissionError(errno.EACCES, "Permission denied"),
    FileNotFoundError(errno.ENOENT, "No such file or directory"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EROFS, "Read-only file system"),
    caused(LandingError("delivered file a.csv cannot be read"), PermissionError(errno.EACCES, "Permission denied")),
    sqlite3.OperationalError("no such table: runs"),
    ValueError("column said: Connection refused, timed out"),
    KeyError("s4"),
]


@pytest.mark.parametrize("error", CAN, ids=str)
def test_what_is_taken_or_away_for_a_moment_can_pass(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize("error", CANNOT, ids=str)
def test_what_somebody_must_put_right_cannot(error: Exception) -> None:
    assert not may_pass(error)


def test_of_what_the_lake_refuses_only_conflicts_pass_whatever_the_message_says() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, LakeError)]
    said = "row 7 holds: Connection refused, database is locked"
    assert {kind for kind in kinds if may_pass(kind(said))} == {WriteConflictError, StorageError}


def test_a_broken_contract_does_not_pass_because_a_file_was_locked_before() -> None:
    assert not may_pass(caused(errors.PromiseBrokenError("s4 is null"), sqlite3.OperationalError("database is locked")))
