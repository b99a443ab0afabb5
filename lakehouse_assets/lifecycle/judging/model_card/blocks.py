"""What a page is built from, before it is markdown or HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    words: str


@dataclass(frozen=True)
class Facts:
    """Names with what they are."""

    of: Mapping[str, str]


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    sentences: Sequence[str]


@dataclass(frozen=True)
class Grid:
    """A table; `strong` is the number of the row that matters most, `numeric` the columns that hold figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    strong: int | None = None


@dataclass(frozen=True)
class Code:
    """Lines to type."""

    lines: str


@dataclass(frozen=True)
class Flow:
    """What leads to what: each stage holds what stands side by side."""

    stages: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Pictures:
    """Plots by name, as PNG."""

    of: Mapping[str, bytes]


Block = Text | Facts | Items | Grid | Code | Flow | Pictures


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]
