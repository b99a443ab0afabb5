"""Delivered files that mention a person: what they will be without, and writing that over them."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lakehouse_assets.contracts.erased import ErasedPersons
from lakehouse_assets.sources.landing import read_bytes
from lakehouse_assets.sources.names import parse_name


@dataclass(frozen=True)
class LandingMention:
    """A delivered file that mentions the person.

    ``digests`` are the SHA-256 of the content that ingestion has seen (persons erased earlier taken out) and of the
    content that it will see.
    """

    path: Path
    content: bytes = field(repr=False)
    digests: tuple[str, str]


def files_of(root: Path) -> Iterator[Path]:
    """Every file below a landing folder, also hidden ones and those that people have put aside.

    Sensor files are left out, as ingestion takes them as they are: they hold numbers only.
    """
    return (path for path in sorted(root.rglob("*")) if path.is_file() and parse_name(path.name) is None)


def mentions_in(root: Path, before: ErasedPersons, after: ErasedPersons) -> list[LandingMention]:
    """The files below a landing folder that mention somebody whom ``after`` holds.

    Raises:
        LandingError: a file cannot be read; who it mentions cannot be told.
    """
    found = []
    for path in files_of(root):
        content = read_bytes(path)
        redacted = after.redact(content)
        if redacted != content:
            digests = (_digest(before.redact(content)), _digest(redacted))
            found.append(LandingMention(path, redacted, digests))
    return found


def write_redacted(mention: LandingMention) -> None:
    """Put the content without the person in the file's place, whole or not at all.

    Raises:
        OSError: the folder may not be written.
    """
    hidden = mention.path.with_name(f".{mention.path.name}.{os.getpid()}.partial")
    hidden.touch(mode=mention.path.stat().st_mode & 0o777)
    hidden.write_bytes(mention.content)
    hidden.replace(mention.path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
