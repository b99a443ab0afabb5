"""Repairs that an engineer wrote into a file, a row each."""

from pathlib import Path
from typing import Any

import pandas as pd

from lakehouse_assets.contracts.repairing.plan import Wish
from lakehouse_assets.lake.errors import RequestRefusedError

ROW, SWITCHES = ["source_file", "source_line"], ["discard", "undo"]
YES, NO = ("true", "1", "yes"), ("", "false", "0", "no")


def wishes_in(file: str) -> list[Wish]:
    """The wishes in a CSV or Parquet file: `source_file`, `source_line`, perhaps `discard` or `undo`, and raw columns.

    Raises:
        RequestRefusedError: there is no such file, it is no table, lacks a column that tells the row, or says a line or
            a yes that is none; with the lines of the file that are wrong.
    """
    table = _table(file)
    missing = sorted({*ROW} - set(table.columns))
    if missing:
        raise RequestRefusedError(
            f"{file}: expected the columns source_file and source_line, divided by commas, found no "
            f"{', '.join(missing)} among {', '.join(map(str, table.columns))}. Nothing was changed."
        )
    wrong: list[str] = []
    found = [_wish(number, row, wrong) for number, row in enumerate(table.to_dict("records"), start=2)]
    if wrong:
        raise RequestRefusedError(f"{file}: {'; '.join(wrong)}. Put the file right. Nothing was changed.")
    return found


def _table(file: str) -> pd.DataFrame:
    if not Path(file).is_file():
        raise RequestRefusedError(
            f"{file}: there is no such file where the job runs. Name it by its whole path. Nothing was changed."
        )
    try:
        if file.endswith(".parquet"):
            return pd.read_parquet(file)
        return pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except ValueError as error:
        raise RequestRefusedError(
            f"{file}: expected a table as CSV in UTF-8 or as Parquet, found none: {error}. Nothing was changed."
        ) from error


def _wish(number: int, row: dict[Any, Any], wrong: list[str]) -> Wish:
    """One row's wish; what is wrong with it is added to `wrong`."""
    given = {str(name): "" if pd.isna(value) else str(value).strip() for name, value in row.items()}
    # A spreadsheet, or a column of numbers with an empty cell, says 2.0 for a line.
    line = given["source_line"].removesuffix(".0")
    if not line.isdecimal() or int(line) < 1:
        wrong.append(f"row {number}: source_line must be a line from 1, found {row['source_line']!r}")
        line = "1"
    wrong += [
        f"row {number}: {switch} must be {', '.join(YES)} or {', '.join(NO[1:])}, found {row[switch]!r}"
        for switch in SWITCHES
        if given.get(switch, "").lower() not in (*YES, *NO)
    ]
    discard, undo = (given.get(switch, "").lower() in YES for switch in SWITCHES)
    values = {name: str(row[name]) for name in given if given[name] and name not in (*ROW, *SWITCHES)}
    return Wish(str(row["source_file"]), int(line), values, discard, undo)
