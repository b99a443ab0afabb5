"""A delivered text file as lines: their numbers, their fields, and whether the file ends inside the last one.

Line ends may be LF or CRLF, a byte order mark may stand before the first line, fields are separated by white space of
any kind, blank lines count but say nothing.
"""

import re
from dataclasses import dataclass

NUMBER_LIMIT = 99_999
"""The largest unit or cycle: 273 years of days, which every time stamp downstream can still hold."""

UNDECODABLE = "bytes that are not text: expected ASCII or UTF-8"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_POSITIVE = re.compile(r"0*([1-9][0-9]{0,4})")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.([0-9]*))?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``number`` counts from 1, ``raw`` is its bytes without the line end.

    ``text`` is what the bytes say; where they are not text, the odd ones are spelled out and ``fields`` is empty.
    ``ended`` says whether a line end followed.
    """

    number: int
    raw: bytes
    text: str
    fields: tuple[str, ...]
    is_text: bool = True
    ended: bool = True


def split_lines(content: bytes) -> list[Line]:
    """All lines of a file that are not blank."""
    pieces = content.removeprefix(_BYTE_ORDER_MARK).split(b"\n")
    last = len(pieces)
    lines = (_line(number, raw.removesuffix(b"\r"), ended=number < last) for number, raw in enumerate(pieces, start=1))
    return [line for line in lines if line is not None]


def torn_line(lines: list[Line], fields: int, published_decimals: int | None) -> Line | None:
    """The last line, where the file ends without a line end and this line's shape differs from the others'.

    A transfer that broke off leaves a line that may look right: ``23.35`` of ``23.3522``. Only by their shape can it be
    told from a whole line whose line end somebody's editor left out. Whole means: as many fields as expected, the same
    trailing white space as the last line of that width before it, and as many decimals in its last field.

    Args:
        lines: All lines of the file.
        fields: The number of fields of a whole line.
        published_decimals: The decimals to expect in the last field where no other line shows them; None: there is no
            telling, so a line that stands alone counts as torn.
    """
    if not lines or lines[-1].ended:
        return None
    line = lines[-1]
    if not line.is_text or len(line.fields) > fields:
        return None
    others = [other for other in lines[:-1] if len(other.fields) == fields]
    if len(line.fields) < fields or (others and _trailing(line) != _trailing(others[-1])):
        return line
    known = (_decimals(other.fields[-1]) for other in reversed(others))
    expected = next((decimals for decimals in known if decimals is not None), published_decimals)
    found = line.fields[-1]
    whole = found == "NaN" or (expected is not None and _decimals(found) == expected)
    return None if whole else line


def positive_whole_number(field: str) -> int | None:
    """The number that a field says, from 1 to `NUMBER_LIMIT`; None where it says anything else, be it ``1.0``."""
    match = _POSITIVE.fullmatch(field)
    return int(match[1]) if match else None


def _line(number: int, raw: bytes, *, ended: bool) -> Line | None:
    # A NUL decodes, but no delivered value holds one: disks leave blocks of them behind after a power cut.
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is None or "\0" in text:
        return Line(number, raw, raw.decode("utf-8", "backslashreplace"), (), is_text=False, ended=ended)
    fields = tuple(text.split())
    return Line(number, raw, text, fields, ended=ended) if fields else None


def _trailing(line: Line) -> str:
    return line.text[len(line.text.rstrip()) :]


def _decimals(field: str) -> int | None:
    """The decimals of a number; None where the field is not a number."""
    match = _NUMBER.fullmatch(field)
    return len(match[1] or "") if match else None
