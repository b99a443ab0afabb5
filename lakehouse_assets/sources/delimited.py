"""The fields of one delimited line (RFC 4180), the same for every kind of file that has them."""

import csv

from lakehouse_assets.sources.lines import UNDECODABLE, Line


def delimited_fields(line: Line, delimiter: str = ",") -> list[str] | str:
    """A line's fields, or in words why it has none; the words quote no value, which may be a person's.

    A field may be quoted, but does not go on in the next line.
    """
    if not line.is_text:
        return UNDECODABLE
    if '"' not in line.text:
        return line.text.split(delimiter)
    try:
        return next(csv.reader([line.text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return f"quotes that do not match: {error}"
