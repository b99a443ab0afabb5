"""What the engine says when storage fails, for people: without secrets, without traces, and with what to do next."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from lakehouse_assets.lake.secrets import HIDDEN, secret_values, without_named_secrets

SHORTEST_SECRET = 4
LONGEST_TEXT = 1500
#: What the engine reads from the environment itself, beside the lake's own options.
_READ_BY_ENGINE = ("AWS_", "LAKE_STORAGE_", "AZURE_", "GOOGLE_")

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_TRACE = re.compile(r"\n\s*(?:0: |stack backtrace)")
#: The engine shows rows that break a constraint. They may hold personal data, and errors stay in the event log.
_ROWS = re.compile(r"\s*Preview of invalid data:.*", re.DOTALL)

#: What the storage says, and what to do about it. The first that fits is told.
_ADVICE: tuple[tuple[str, str], ...] = (
    (
        "No space left|Disk quota|File too large|StorageFull",
        "The disk is full: free space (vacuum, compaction, old runs), then run this again.",
    ),
    (
        "InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken|Unauthenticated|Unauthorized",
        "The object store does not accept the key: correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or "
        "LAKE_STORAGE_…), then run this again.",
    ),
    (
        "Permission denied|Read-only|AccessDenied|Forbidden",
        "It may not be written or read: check the owner and the rights of the folder or bucket, then run this again.",
    ),
    (
        "NoSuchBucket|bucket does not exist",
        "There is no such bucket: create it, or correct LAKE_URI.",
    ),
    (
        "not found: No such file|Object at location .* not found|NoSuchKey|No files found|404 Not Found",
        "A file of this version is gone, most likely vacuumed or removed by hand. Read a newer version, or bring the "
        "file back from a backup; materialising its partition again replaces it in the present version.",
    ),
    (
        "Invalid Parquet|Corrupt footer|Requested range was invalid|unexpected EOF|EOF: |Parquet error|No magic bytes"
        "|[Ss]nappy|zstd|Unexpected end of stream|Couldn't deserialize thrift|page header",
        "A Parquet file of the table is damaged. Bring it back from a backup, or materialise its partition again, "
        "which replaces it; other partitions are not touched.",
    ),
    (
        "Deletion Vector|deletion vector",
        "A deletion vector of the table is damaged. Bring its file back from a backup.",
    ),
    (
        "Unsupported: Feature|catalog-managed|Invalid protocol action",
        "The table uses a feature of the Delta protocol that is not known here. Have its writer drop the feature, or "
        "write a copy without it.",
    ),
    (
        "Json error|contiguous commit files|LogSegment|Invalid JSON|Checkpoint",
        "An entry of the table's _delta_log is damaged or missing. Bring it back from a backup; do not write to the "
        "table before. An older version, before the damaged entry, can be read by pinning it.",
    ),
    (
        "failed validation check|violat|Constraint",
        "Rows break a constraint that the table itself carries: correct the rows, or drop the constraint.",
    ),
    (
        "Connection refused|error sending request|timed out|dns error",
        "The object store cannot be reached: check AWS_ENDPOINT_URL and the network, then run this again.",
    ),
)


def advice(text: str) -> str:
    """What to do about an engine's error; empty when it is not known."""
    for pattern, what in _ADVICE:
        if re.search(pattern, text):
            return what
    return ""


def told(error: BaseException, options: Mapping[str, str] | None = None) -> str:
    """An engine's error in one short text, without rows and without the secrets that reach the object store."""
    text = _ROWS.sub("", _COLOURS.sub("", str(error)))
    trace = _TRACE.search(text)
    text = " ".join((text[: trace.start()] if trace else text).split())
    for secret in _secrets(options):
        text = text.replace(secret, HIDDEN)
    text = without_named_secrets(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def cause(error: BaseException, options: Mapping[str, str] | None = None) -> BaseException | None:
    """The error to chain, or ``None`` when its own text holds a secret or rows: Dagster stores and shows the chain."""
    chained: BaseException | None = error
    while chained is not None:
        words = str(chained)
        if _ROWS.search(words) or without_named_secrets(words) != words:
            return None
        if any(secret in words for secret in _secrets(options)):
            return None
        chained = chained.__cause__ or chained.__context__
    return error


def _secrets(options: Mapping[str, str] | None) -> list[str]:
    """Values that must not be shown: of the options, and of the environment that the engine reads as well."""
    given = {name: value for name, value in os.environ.items() if name.upper().startswith(_READ_BY_ENGINE)}
    return secret_values({**given, **(options or {})}, SHORTEST_SECRET)
