"""How a person's identifier (a badge number) is recognised, however it is spelled, alone or within text.

Two spellings are one identifier if their letters and digits are the same: ``B-10423``, ``b 10423`` and ``B10423``. In
text an identifier is looked for among *spans*: up to `LONGEST` runs of letters and digits, one separator between each.
"""

import re
from collections.abc import Callable, Iterator

LONGEST = 4
"""The most runs of letters and digits that an identifier within text has (``B-10423`` has two)."""

_RUN = re.compile(r"[^\W_]+")
_SEPARATORS = " -_./:#\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{NO-BREAK SPACE}"


def canonical(identifier: str) -> str:
    """Letters and digits of an identifier, in upper case; empty where it has none."""
    return "".join(_RUN.findall(identifier)).upper()


def spans(text: str) -> Iterator[str]:
    """Every part of a text that may be an identifier."""
    runs = list(_RUN.finditer(text))
    for first in range(len(runs)):
        for last in range(first, min(first + LONGEST, len(runs))):
            if last > first and not _joined(text, runs[last - 1], runs[last]):
                break
            yield text[runs[first].start() : runs[last].end()]


def replace_mentions(text: str, replacement: Callable[[str], str | None]) -> str:
    """The text with identifiers replaced.

    Args:
        text: Any text.
        replacement: What to put in place of a span; None leaves it. The longest span that is replaced wins.
    """
    runs = list(_RUN.finditer(text))
    parts, done, first = [], 0, 0
    while first < len(runs):
        found = _longest(text, runs, first, replacement)
        if found is None:
            first += 1
            continue
        last, instead = found
        parts += [text[done : runs[first].start()], instead]
        done, first = runs[last].end(), last + 1
    return "".join([*parts, text[done:]]) if parts else text


def search_pattern(identifier: str) -> str:
    """A regular expression that finds, in any case, at least every text in which the identifier is mentioned.

    It is for a first, quick look, in Python's dialect and in RE2's; `replace_mentions` decides.
    """
    return "[^0-9A-Za-z]{0,3}".join(re.escape(character) for character in canonical(identifier))


def _longest(
    text: str, runs: list[re.Match[str]], first: int, replacement: Callable[[str], str | None]
) -> tuple[int, str] | None:
    """The last run of the longest span from a run on that is to be replaced, and by what."""
    found = None
    for last in range(first, min(first + LONGEST, len(runs))):
        if last > first and not _joined(text, runs[last - 1], runs[last]):
            break
        instead = replacement(text[runs[first].start() : runs[last].end()])
        if instead is not None:
            found = last, instead
    return found


def _joined(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    return other.start() - one.end() == 1 and text[one.end()] in _SEPARATORS
