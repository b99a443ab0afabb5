"""What packed files hold is seen, and what cannot be seen is said."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from lakehouse_assets.contracts.personal import archives
from lakehouse_assets.contracts.personal.archives import UnsearchableError, is_packed, unpacked

TEXT = b"late shift: B-10423\n"


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def taped(content: bytes, mode: str = "w") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as tape:
        entry = tarfile.TarInfo("shifts.txt")
        entry.size = len(content)
        tape.addfile(entry, io.BytesIO(content))
    return target.getvalue()


PACKED = {
    "zip": zipped(shifts=TEXT),
    "gzip": gzip.compress(TEXT),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "tar": taped(TEXT),
    "tar.gz": taped(TEXT, "w:gz"),
    "zip in zip": zipped(inner=zipped(shifts=TEXT)),
}


@pytest.mark.parametrize("kind", PACKED)
def test_the_content_of_every_kind_of_archive_is_seen(kind: str) -> None:
    assert is_packed(PACKED[kind])
    assert TEXT in list(unpacked(PACKED[kind]))


def test_names_of_members_and_words_that_tags_cut_in_two_are_seen() -> None:
    document = zipped(**{"B-10423.xml": b"<w:t>with B-</w:t><w:t>10423</w:t>"})
    found = list(unpacked(document))
    assert b"B-10423.xml" in found
    assert b"with B-10423" in found


def test_plain_bytes_hold_nothing_packed() -> None:
    assert list(unpacked(TEXT)) == list(unpacked(b"")) == []


def locked() -> bytes:
    """As zipfile sees a member that is encrypted: the first bit of its flags."""
    plain = bytearray(zipped(shifts=TEXT))
    for header, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        plain[plain.index(header) + place] |= 1
    return bytes(plain)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (locked(), "locked or damaged"),
        (gzip.compress(TEXT * 99)[:-20], "damaged"),
        (PACKED["zip"][:-30], "damaged"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"7z\xbc\xaf\x27\x1c....", "a 7z archive"),
        (zipped(a=zipped(b=zipped(c=zipped(d=TEXT)))), "packed more than 3 times"),
    ],
    ids=["locked", "torn gzip", "torn zip", "pdf", "7z", "too deep"],
)
def test_what_cannot_be_looked_at_is_said_with_the_reason(content: bytes, told: str) -> None:
    with pytest.raises(UnsearchableError, match=told):
        list(unpacked(content))


def test_a_small_file_that_unpacks_without_end_is_not_unpacked_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1 << 16)
    with pytest.raises(UnsearchableError, match="unpacked"):
        list(unpacked(gzip.compress(bytes(1 << 20))))
