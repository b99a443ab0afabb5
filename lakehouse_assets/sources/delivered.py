"""What every reader of delivered files gives: rows as delivered, and what could not be read with the reason.

Errors in the content of a file are values (rejects), never exceptions.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

import pandas as pd

Values = tuple[Any, ...]

REJECT_COLUMNS = ("file", "sha256", "line", "day", "reason", "text", "content")
"""``line`` is 0 where the whole file is rejected; then, and where a line is not text, ``content`` has the bytes."""

EMPTY = "empty file: it has no line with anything in it"
TORN = "file ends inside this line"

_DTYPES = {"line": "int64", "day": "object", "content": "object"}
"""The types of the columns that are not text."""


class ReadFile(Protocol):
    """One delivered file, read. Values stand in the order of their columns, without the cost of a frame."""

    @property
    def name(self) -> str:
        """The file's name, without folders."""

    @property
    def sha256(self) -> str:
        """Of the content that was read, in hexadecimal digits."""

    @property
    def row_values(self) -> tuple[Values, ...]:
        """The rows that can be read."""

    @property
    def reject_values(self) -> tuple[Values, ...]:
        """What cannot be read: `REJECT_COLUMNS`."""


def rejects_of(files: Iterable[ReadFile]) -> pd.DataFrame:
    """All rejects of several files as one frame (`REJECT_COLUMNS`), in the order given."""
    return frame_of([reject for one in files for reject in one.reject_values], REJECT_COLUMNS)


def frame_of(rows: Sequence[Values], columns: Sequence[str], dtypes: Mapping[str, str] = _DTYPES) -> pd.DataFrame:
    """A frame whose column types do not depend on how many rows there are or what stands in them: text but `dtypes`.

    All text becomes one array that the columns are cut from: an array a column made a daily file of 40 lines cost 8 ms.
    """
    values = dict(zip(columns, zip(*rows, strict=True) if rows else ((),) * len(columns), strict=True))
    told = [name for name in columns if name not in dtypes]
    text = pd.array(list(chain.from_iterable(values[name] for name in told)), dtype="str")
    cut = {name: text[start * len(rows) : (start + 1) * len(rows)] for start, name in enumerate(told)}
    typed = {name: pd.Series(list(values[name]), dtype=dtypes[name]) for name in columns if name in dtypes}
    return pd.DataFrame({name: cut[name] if name in cut else typed[name] for name in columns})
