"""Personal data from harmonized on: every identifier of a person is replaced by a keyed hash, its pseudonym.

A column that its contract classifies `personal` holds one identifier a row and is replaced as a whole. In every other
text column of such a table, identifiers are replaced where they are mentioned: those that stand in the table's personal
columns, and those of the form that the contract names (`identifierPattern`). Without the key nobody can tell from a
pseudonym whose it is, nor try out badge numbers.
"""

import hmac
import os
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets import settings
from lakehouse_assets.contracts.personal.identifiers import canonical, replace_mentions

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.contracts.contract import Contract

PERSONAL = "personal"
"""Classification of a column that holds a person's identifier, or its pseudonym."""
PERSONAL_TEXT = "personal_text"
"""Classification of a free text that may mention a person."""
ERASED = "erased"
"""What stands in place of an erased person."""

SHORTEST_KEY = 16
_PSEUDONYM = re.compile(r"person-[0-9a-f]{32}")


class PseudonymKeyError(ValueError):
    """The key cannot be used. The message never quotes it."""


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms with a secret key (HMAC-SHA256, the first 128 bits).

    Attributes:
        key: The key of new pseudonyms.
        retired: Earlier keys: by them, persons that were erased before a rotation are still recognised.
    """

    key: bytes = field(repr=False)
    retired: tuple[bytes, ...] = field(default=(), repr=False)

    def of(self, identifier: str) -> str:
        """The pseudonym of a person; what is a pseudonym already, or erased, stays as it is."""
        return _pseudonym(self.key, identifier)

    def all_of(self, identifier: str) -> frozenset[str]:
        """The pseudonyms of a person by all keys, the retired ones too."""
        return frozenset(_pseudonym(key, identifier) for key in (self.key, *self.retired))

    @property
    def key_ids(self) -> frozenset[str]:
        """A short name of each key, from which it cannot be told."""
        return frozenset(key_id(key) for key in (self.key, *self.retired))


def key_id(key: bytes) -> str:
    """A short name of a key, from which it cannot be told."""
    return hmac.digest(key, b"lakehouse_assets key id", "sha256").hex()[:12]


def is_pseudonym(text: str) -> bool:
    """Whether a text has the form of a pseudonym."""
    return _PSEUDONYM.fullmatch(text) is not None


def without_pseudonyms(text: str) -> str:
    """A text for Dagster's pages, which keep what they show for ever: a pseudonym in it is masked."""
    return _PSEUDONYM.sub("(personal)", text)


def pseudonyms_of_environment() -> Pseudonyms:
    """The keys in ``PSEUDONYM_KEY`` (the current one, then retired ones, separated by commas), else the embedded key.

    The embedded key is made once, at random, in a file that only its owner can read, which Git ignores.

    Raises:
        PseudonymKeyError: a key is too short to be secret, or the file may be read by others.
    """
    given = os.environ.get("PSEUDONYM_KEY")
    text = given if given else _embedded(settings.pseudonym_key_file())
    keys = tuple(key.strip().encode() for key in re.split(r"[,\n]", text) if key.strip())
    where = "PSEUDONYM_KEY" if given else str(settings.pseudonym_key_file())
    if not keys or any(len(key) < SHORTEST_KEY for key in keys):
        raise PseudonymKeyError(
            f"{where}: expected keys of at least {SHORTEST_KEY} characters, separated by commas, found a shorter one. "
            "Make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return Pseudonyms(keys[0], keys[1:])


def pseudonymised(frame: "pd.DataFrame", contract: "Contract", pseudonyms: Pseudonyms) -> "pd.DataFrame":
    """A frame in which no person can be recognised: identifiers are pseudonyms, in every column of text.

    Args:
        frame: Rows as delivered. Null stays null.
        contract: Says which columns are personal; a contract without such columns gives the frame back.
        pseudonyms: The keys.
    """
    personal = [column for column in contract.columns if column.classification == PERSONAL]
    if not personal:
        return frame
    named = {canonical(str(value)) for column in personal for value in frame[column.name].dropna().unique()} - {""}
    patterns = [re.compile(c.identifier_pattern, re.IGNORECASE) for c in personal if c.identifier_pattern]
    changed = {}
    for name in frame.columns:
        if any(name == column.name for column in personal):
            changed[name] = _mapped(frame[name], pseudonyms.of)
        elif _is_text(frame[name]):
            changed[name] = _mapped(frame[name], lambda text: _without_mentions(text, named, patterns, pseudonyms))
    return frame.assign(**changed)


def _without_mentions(
    text: str, named: Collection[str], patterns: list[re.Pattern[str]], pseudonyms: Pseudonyms
) -> str:
    def replacement(span: str) -> str | None:
        mentioned = canonical(span) in named or any(pattern.fullmatch(span) for pattern in patterns)
        return pseudonyms.of(span) if mentioned else None

    return replace_mentions(text, replacement)


def _is_text(values: "pd.Series") -> bool:
    import pandas as pd

    return bool(pd.api.types.is_object_dtype(values.dtype) or pd.api.types.is_string_dtype(values.dtype))


def _mapped(values: "pd.Series", change: Callable[[str], str]) -> "pd.Series":
    """Each different text changed once; what is no text (a date, a number, null) stays."""
    texts = {value: change(value) for value in values.dropna().unique() if isinstance(value, str)}
    return values.map(lambda value: texts.get(value, value) if isinstance(value, str) else value)


@lru_cache(maxsize=65_536)
def _pseudonym(key: bytes, identifier: str) -> str:
    known = canonical(identifier)
    if is_pseudonym(identifier) or known == ERASED.upper():
        return identifier
    # What has neither letter nor digit has no canonical form, and is hashed as it stands.
    return (
        "person-"
        + hmac.digest(key, b"person:" + (known or identifier).encode("utf-8", "surrogateescape"), "sha256").hex()[:32]
    )


def _embedded(path: Path) -> str:
    """The key file's text; made by whoever comes first."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = path.with_name(f".{path.name}.{os.getpid()}")
        own.touch(mode=0o600)
        own.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
        try:
            # A link is made whole or not at all, and not over a key that another process has made meanwhile.
            os.link(own, path)
        except FileExistsError:
            pass
        finally:
            own.unlink()
    if path.stat().st_mode & 0o077:
        raise PseudonymKeyError(f"{path} may be read by others than its owner. Put it right: chmod 600 {path}")
    return path.read_text(encoding="ascii")
