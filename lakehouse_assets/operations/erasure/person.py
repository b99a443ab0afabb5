"""Who is to be erased, and taking that person out of text and of Arrow columns of any type."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse_assets.contracts.personal.archives import is_packed, mentions
from lakehouse_assets.contracts.personal.identifiers import canonical, replace_mentions, search_pattern, spans
from lakehouse_assets.contracts.personal.pseudonyms import ERASED, Pseudonyms, is_pseudonym
from lakehouse_assets.lake.errors import RequestRefusedError


class UnknownPersonError(RequestRefusedError):
    """What was given names nobody that could be looked for."""


@dataclass(frozen=True)
class Person:
    """A person by pseudonym, and by identifier as soon as one is known.

    Attributes:
        keys: The keys of pseudonyms.
        pseudonyms: The person's, by every key.
        identifiers: The badge in its canonical form; empty where only a pseudonym was given and no badge found yet.
    """

    keys: Pseudonyms
    pseudonyms: frozenset[str]
    identifiers: frozenset[str] = field(default=frozenset(), repr=False)

    def knowing(self, texts: Iterable[str]) -> Person:
        """The person with the identifiers that these texts mention."""
        found = set(self.identifiers)
        for text in texts:
            for span in spans(text):
                known = canonical(span)
                if known not in found and not self.pseudonyms.isdisjoint(self.keys.all_of(span)):
                    found.add(known)
        every = {name for identifier in found for name in self.keys.all_of(identifier)}
        return replace(self, identifiers=frozenset(found), pseudonyms=self.pseudonyms | every)

    def is_mentioned(self, span: str) -> bool:
        """Whether a span of text is the person."""
        return span in self.pseudonyms if is_pseudonym(span) else canonical(span) in self.identifiers

    def blanked_text(self, text: str) -> str:
        """A text without the person: `ERASED` in place of every mention."""
        if not self._quick.search(text):
            return text
        blanked = replace_mentions(text, lambda span: ERASED if self.is_mentioned(span) else None)
        return ERASED if blanked == text and canonical(text) in self.identifiers else blanked

    def blanked_bytes(self, content: bytes) -> bytes:
        """The same of bytes, which need not be text; an archive that holds a mention becomes `ERASED`."""
        if is_packed(content):
            return ERASED.encode() if self.is_in(content) else content
        return self.blanked_text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def is_in(self, content: bytes) -> bool:
        """Whether bytes mention the person, in what they hold too if they are packed."""

        def mentioned(part: bytes) -> bool:
            text = part.decode("utf-8", "surrogateescape")
            return self.blanked_text(text) != text

        return mentions(content, mentioned)

    @property
    def search(self) -> str:
        """A regular expression (Python's and RE2's) that finds at least every text with the person in it."""
        every = [*map(re.escape, sorted(self.pseudonyms)), *map(search_pattern, sorted(self.identifiers))]
        return f"(?i){'|'.join(every)}"

    @cached_property
    def _quick(self) -> re.Pattern[str]:
        return re.compile(self.search)


def person(given: str, keys: Pseudonyms) -> Person:
    """The person of a badge or a pseudonym.

    Raises:
        UnknownPersonError: it is neither. The message does not quote it.
    """
    given = given.strip()
    if is_pseudonym(given):
        return Person(keys, frozenset({given}))
    if not any(canonical(span) == canonical(given) for span in spans(given)) or canonical(given) == ERASED.upper():
        raise UnknownPersonError(
            "What was given is neither a pseudonym (person- and 32 hexadecimal digits) nor a badge: expected up to "
            "four runs of letters and digits with one separator between each two, such as B-10423."
        )
    return Person(keys, keys.all_of(given), frozenset({canonical(given)}))


def blanked_column(column: pa.ChunkedArray, who: Person) -> tuple[pa.ChunkedArray, pa.Array | None]:
    """A column without the person, and which rows mentioned it; None (and the column itself) where none did."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        blanked, mask = blanked_column(column.cast(kind.value_type), who)
        return (column, None) if mask is None else (blanked.cast(kind), mask)
    if pa.types.is_string_view(kind):  # as deltalake writes what it merged; Arrow cannot search it
        blanked, mask = _blanked_text(column.cast(pa.large_string()), who)
        return (column, None) if mask is None else (blanked.cast(kind), mask)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _blanked_text(column, who)
    if _is_binary(kind) or pa.types.is_nested(kind):
        return _blanked_values(column, who)
    return column, None


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def blanked_table(rows: pa.Table, who: Person) -> tuple[pa.Table, dict[str, pa.Array]]:
    """Rows without the person, and for each column that mentioned it in which rows."""
    found = {}
    for place, name in enumerate(rows.column_names):
        blanked, mask = blanked_column(rows.column(place), who)
        if mask is not None:
            found[name] = mask
            rows = rows.set_column(place, rows.schema.field(place), blanked)
    return rows, found


def _blanked_text(column: pa.ChunkedArray, who: Person) -> tuple[pa.ChunkedArray, pa.Array | None]:
    # Most columns mention nobody, and Arrow sees that in one pass; what it finds too much is decided one by one.
    perhaps = pc.fill_null(pc.match_substring_regex(column, who.search), False)
    if not pc.any(perhaps).as_py():
        return column, None
    texts = column.filter(perhaps).to_pylist()
    blanked = [who.blanked_text(text) for text in texts]
    mask = _spread(perhaps.combine_chunks(), [one != other for one, other in zip(texts, blanked, strict=True)])
    changed = pc.replace_with_mask(
        column.combine_chunks(), perhaps.combine_chunks(), pa.array(blanked, type=column.type)
    )
    return (pa.chunked_array([changed]), mask) if pc.any(mask).as_py() else (column, None)


def _blanked_values(column: pa.ChunkedArray, who: Person) -> tuple[pa.ChunkedArray, pa.Array | None]:
    values = column.to_pylist()
    blanked = [_blanked(value, who) for value in values]
    mask = pa.array([one != other for one, other in zip(values, blanked, strict=True)], type=pa.bool_())
    if not pc.any(mask).as_py():
        return column, None
    return pa.chunked_array([pa.array(blanked, type=column.type)]), mask


def _blanked(value: Any, who: Person) -> Any:
    """A value of any depth without the person."""
    if isinstance(value, str):
        return who.blanked_text(value)
    if isinstance(value, bytes):
        return who.blanked_bytes(value)
    if isinstance(value, dict):
        return {_blanked(name, who): _blanked(one, who) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_blanked(one, who) for one in value)
    return value


def _spread(places: pa.Array, values: list[bool]) -> pa.Array:
    return pc.replace_with_mask(places, places, pa.array(values, type=pa.bool_()))
