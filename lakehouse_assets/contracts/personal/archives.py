"""What packed files hold: archives, compressed files, and office documents (which are archives of XML).

A search through a file's bytes finds nobody in what is packed. Here it is unpacked in memory, archives in archives too.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

DEEPEST = 3
"""Archives in archives are unpacked so far; what lies deeper cannot be searched."""
MOST_BYTES = 1 << 30
"""What one file may hold unpacked: more would be no delivery but an attack on memory."""

_PACKED: tuple[tuple[bytes, Callable[[io.BytesIO], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_CLOSED = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an office file of the old kind",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
}
_TAG = re.compile(rb"<[^<>]*>")


class UnsearchableError(ValueError):
    """What a file holds cannot be looked at; the message says why."""


def is_packed(content: bytes) -> bool:
    """Whether bytes are of a kind whose text only shows unpacked."""
    return content.startswith(_ZIP) or any(content.startswith(magic) for magic, _ in _PACKED) or _is_tar(content)


def unpacked(content: bytes, deep: int = DEEPEST) -> Iterator[bytes]:
    """Everything that packed bytes hold, their members' names too; XML also without its tags. Nothing of other bytes.

    Raises:
        UnsearchableError: it is locked, damaged, too large, packed too deep, or of a kind that is not known here.
    """
    closed = next((what for magic, what in _CLOSED.items() if content.startswith(magic)), None)
    if closed is not None:
        raise UnsearchableError(closed)
    if not is_packed(content):
        return
    if not deep:
        raise UnsearchableError(f"packed more than {DEEPEST} times")
    try:
        for member in _members(content):
            yield member
            if member.lstrip()[:1] == b"<":
                yield _TAG.sub(b"", member)
            yield from unpacked(member, deep - 1)
    except UnsearchableError:
        raise
    except (OSError, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise UnsearchableError(f"locked or damaged ({type(error).__name__})") from error
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError) as error:
        raise UnsearchableError(f"damaged ({type(error).__name__})") from error


def mentions(content: bytes, mentioned: Callable[[bytes], bool]) -> bool:
    """Whether packed bytes mention somebody, as they stand or in what they hold; as far as that can be looked at."""
    if mentioned(content):
        return True
    try:
        return any(mentioned(member) for member in unpacked(content))
    except UnsearchableError:
        return False


def _members(content: bytes) -> Iterator[bytes]:
    """Each member's name and what it holds."""
    left = MOST_BYTES
    for name, stream in _opened(content):
        held = stream.read(left + 1)
        left -= len(held)
        if left < 0:
            raise UnsearchableError(f"more than {MOST_BYTES >> 30} GB unpacked")
        yield name.encode("utf-8", "surrogateescape")
        yield held


def _opened(content: bytes) -> Iterator[tuple[str, IO[bytes]]]:
    packed = io.BytesIO(content)
    if content.startswith(_ZIP):
        with zipfile.ZipFile(packed) as archive:
            for one in archive.infolist():
                with archive.open(one) as stream:
                    yield one.filename, stream
    elif _is_tar(content):
        with tarfile.open(fileobj=packed, mode="r:") as tape:
            for entry in tape:
                yield entry.name, tape.extractfile(entry) or io.BytesIO()
    else:
        unpack = next(opener for magic, opener in _PACKED if content.startswith(magic))
        with unpack(packed) as stream:
            yield "", stream


def _is_tar(content: bytes) -> bool:
    return content[257:262] == b"ustar"
