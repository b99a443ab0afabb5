"""Delivered files that mention a person: what they will be without, and writing that over them."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lakehouse_assets.contracts.personal.archives import UnsearchableError, is_packed, unpacked
from lakehouse_assets.contracts.personal.erased import ErasedPersons
from lakehouse_assets.sources.landing import read_bytes
from lakehouse_assets.sources.turbofan.names import parse_name


@dataclass(frozen=True)
class LandingMention:
    """A delivered file that mentions the person.

    ``digests`` are the SHA-256 of the content that ingestion has seen (persons erased earlier taken out) and of the
    content that it will see.
    """

    path: Path
    content: bytes = field(repr=False)
    digests: tuple[str, str]
    packed: bool = False
    """Whether it is an archive, which is not rewritten: what else it holds is not ours to throw away."""


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
            found.append(LandingMention(path, redacted, digests, is_packed(content)))
    return found


def parts_of(content: bytes) -> Iterator[bytes]:
    """A file's bytes, and what they hold if they are packed, as far as that can be looked at."""
    yield content
    with suppress(UnsearchableError):
        yield from unpacked(content)


def unsearchable_in(root: Path) -> list[str]:
    """The files below a landing folder of which nobody can tell whom they mention, each with the reason."""
    found = []
    for path in files_of(root):
        try:
            for _ in unpacked(read_bytes(path)):
                pass
        except UnsearchableError as error:
            found.append(f"{path.relative_to(root)}: {error}")
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
