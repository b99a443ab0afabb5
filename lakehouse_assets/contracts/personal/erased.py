"""The list of erased persons: ingestion consults it, so that a file that comes back does not bring a person back.

It holds pseudonyms only, by every key that was known when a person was erased.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lakehouse_assets.contracts.additions import keep
from lakehouse_assets.contracts.personal.archives import is_packed, mentions
from lakehouse_assets.contracts.personal.identifiers import replace_mentions
from lakehouse_assets.contracts.personal.pseudonyms import ERASED, PseudonymKeyError, Pseudonyms, is_pseudonym, key_id
from lakehouse_assets.lake.table import Lake

ERASED_PERSONS = ["monitoring", "platform", "erased_persons"]


@dataclass(frozen=True)
class ErasedPersons:
    """Who was erased, and how to take them out of what is ingested."""

    persons: frozenset[str]
    pseudonyms: Pseudonyms

    def redact_text(self, text: str) -> str:
        """A text with `ERASED` in place of every mention of an erased person, by identifier or by pseudonym."""
        if not self.persons:
            return text
        return replace_mentions(text, lambda span: ERASED if self._is_one(span) else None)

    def redact(self, content: bytes) -> bytes:
        """The same of a file's bytes, which need not be text. The same bytes where nobody is mentioned.

        Of an archive that holds a mention nothing is left but `ERASED`: nobody reads archives, and one that is changed
        inside would only be a broken one.
        """
        if not self.persons:
            return content
        if is_packed(content):
            return ERASED.encode() if mentions(content, self._is_mentioned_in) else content
        return self.redact_text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _is_mentioned_in(self, content: bytes) -> bool:
        text = content.decode("utf-8", "surrogateescape")
        return self.redact_text(text) != text

    def _is_one(self, span: str) -> bool:
        if is_pseudonym(span):
            return span in self.persons
        return not self.persons.isdisjoint(self.pseudonyms.all_of(span))


def erased_persons(lake: Lake, pseudonyms: Pseudonyms) -> ErasedPersons:
    """The list as it stands.

    Raises:
        PseudonymKeyError: some were erased under a key that is not known here: they would be let in again.
    """
    if not lake.exists(ERASED_PERSONS):
        return ErasedPersons(frozenset(), pseudonyms)
    rows = lake.read(ERASED_PERSONS, columns=["pseudonym", "key_id"]).to_pylist()
    unknown = sorted({row["key_id"] for row in rows} - pseudonyms.key_ids)
    if unknown:
        raise PseudonymKeyError(
            f"{lake.table_uri(ERASED_PERSONS)} lists persons who were erased under key {', '.join(unknown)}, and "
            f"PSEUDONYM_KEY holds {', '.join(sorted(pseudonyms.key_ids))}. Without that key they cannot be recognised "
            "and would come back: put it behind the current one, PSEUDONYM_KEY=<current>,<earlier>."
        )
    return ErasedPersons(frozenset(row["pseudonym"] for row in rows), pseudonyms)


def add_erased(lake: Lake, persons: Iterable[tuple[str, bytes]]) -> None:
    """Put pseudonyms on the list, each with the key that it was made with. Those that stand there stay as they are."""
    now = datetime.now(UTC)
    rows = [{"pseudonym": name, "key_id": key_id(key), "erased_at": now} for name, key in persons]
    keep(lake, ERASED_PERSONS, rows)
