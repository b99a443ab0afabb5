"""What can go wrong in the lake, each with who, where, what was expected, what was found and what to do."""

from __future__ import annotations


class LakeError(Exception):
    """Base of every error that the lake raises on purpose."""


class RequestRefusedError(ValueError):
    """What somebody asked for by hand is refused, in words for that person. Nothing was changed.

    Base of the refusals of all jobs that people start: no asset is worse off, so nobody but that person need know.
    """


class MissingTableError(LakeError):
    """A table, a version of it or a file below it is not there."""


class ErasedVersionError(MissingTableError):
    """A version of a table held a person who was erased, and cannot be read any more."""


class MissingSettingError(LakeError):
    """An asset lacks metadata that the IO manager needs, or carries a value that it does not know."""


class PartitionTypeError(LakeError):
    """A partition key cannot be told apart in the column that is meant to hold it."""


class OutsidePartitionError(LakeError):
    """Rows lie outside the partitions of their run. Nothing was written."""


class SchemaChangedError(LakeError):
    """The rows' columns do not fit the table's. Nothing was written."""


class PromiseBrokenError(LakeError):
    """What an asset returned does not keep what its contract promises. Nothing was written."""


class MergeKeyError(LakeError):
    """Merge keys are missing, null or not unique among the rows. Nothing was written."""


class UnsupportedTypeError(LakeError):
    """An asset gave or asked for a Python type that the IO manager does not know."""


class UnreadableTableError(LakeError):
    """The table would be read wrong: it uses a feature of the Delta protocol not known here, or a file is damaged."""


class UnwritableTableError(LakeError):
    """The table forbids this write: it is append-only, or has a writer feature that is not kept here."""


class WriteConflictError(LakeError):
    """Other writers kept winning until the retries were used up. Nothing of this write is in the table."""


class StorageError(LakeError):
    """The storage below the table refused: full, read-only or unreachable."""
