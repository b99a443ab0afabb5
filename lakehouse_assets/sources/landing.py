"""The landing folder of a domain: which files a source system has delivered.

A source writes a file under a name that begins with a full stop and renames it when it is whole, so hidden files are
never looked at. Every other file is listed, also one that nobody can read: it ends in quarantine, not in oblivion.
Sub-folders are not entered: people put aside there what shall not be taken.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

Redaction = Callable[[bytes], bytes]
"""Takes erased persons out of a file's content (`contracts/personal/erased.py`)."""


class LandingError(OSError):
    """A landing folder or file that the platform is not able to read at all."""


@dataclass(frozen=True)
class LandingFile:
    """A file in a landing folder as it was when it was listed.

    ``size`` is in bytes, ``modified`` is in UTC. Two listings of an untouched file are equal.
    """

    path: Path
    name: str
    size: int
    modified: datetime
    modified_ns: int = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the content in hexadecimal digits, read when first asked for.

        Raises:
            LandingError: the file cannot be read.
        """
        return hashlib.sha256(read_bytes(self.path)).hexdigest()


def is_folder(path: Path) -> bool:
    """Whether a folder is there; so is one that answers with an error, as a share does that went away.

    What is the matter with it is told when it is listed. A look at all domains is not stopped by it.
    """
    try:
        return path.is_dir()
    except OSError:
        return True


def list_landing(folder: Path) -> list[LandingFile]:
    """List the delivered files of a folder, sorted by name; hidden files and sub-folders are left out.

    Raises:
        LandingError: there is no such folder, or it may not be listed.
    """
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise LandingError(
            f"landing folder {folder} cannot be listed ({error.strerror}): "
            "create it or make it readable, or point LANDING at the folder that has one sub-folder a domain"
        ) from error
    files = (_listed(folder / entry.name) for entry in visible)
    return sorted((file for file in files if file is not None), key=lambda file: file.name)


def read_bytes(path: Path) -> bytes:
    """The content of a delivered file.

    Raises:
        LandingError: the file cannot be read; says which and what to do.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise LandingError(
            f"delivered file {path} cannot be read ({error.strerror}): make it readable for the user "
            "that runs the platform, or drop it again, and run the ingestion again"
        ) from error


def _listed(path: Path) -> LandingFile | None:
    """One file's entry; None for a folder, and for a file that was taken away since its folder was listed."""
    try:
        if not path.is_file():
            return None
        stat = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LandingError(
            f"delivered file {path} cannot be looked at ({error.strerror}): make its folder one that the user who runs "
            "the platform may list and enter"
        ) from error
    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
    # A name that is not UTF-8 can stand in a table only with its odd bytes spelled out.
    name = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    return LandingFile(path, name, stat.st_size, modified, stat.st_mtime_ns)
