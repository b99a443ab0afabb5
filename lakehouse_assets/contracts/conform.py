"""Rows against their contract: what keeps it goes on, typed; what breaks it is set aside with the rule in words."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.contracts.contract import Column, Contract
from lakehouse_assets.contracts.personal.pseudonyms import pseudonymised, pseudonyms_of_environment

if TYPE_CHECKING:
    import pyarrow as pa


#: Text that means "no reading" where a number belongs, in any case and with any space around it.
MISSING_WORDS = ("", "nan", "none", "null", "<na>")


_EXACT = 2**53
_WHOLE = re.compile(r"[+-]?[0-9]+")
_ISO_DATE = r"\d{4}-?\d{2}-?\d{2}([ T]00:00(:00(\.0+)?)?)?"
_ISO_TIME = r"\d{4}-?\d{2}-?\d{2}([ T].*)?"


def says_missing(values: pd.Series) -> pd.Series:
    """Whether each value is one of the `MISSING_WORDS`."""
    return values.astype(str).str.strip().str.lower().isin(MISSING_WORDS)


def in_unit(values: pd.Series, factor: float) -> pd.Series:
    """Numbers times the factor; what is neither a number nor a missing value stays as delivered, for its contract."""
    numbers = pd.to_numeric(values, errors="coerce") * factor
    text = values.notna() & numbers.isna()
    # Spelling the values out to look for words costs more than all else here, and is hardly ever needed.
    text &= ~says_missing(values) if text.any() else True
    return numbers if not text.any() else numbers.astype("object").mask(text, values)


@dataclass(frozen=True)
class Conformed:
    """The two halves of a frame: `rows` keep the contract, `broken` say in `rule` which promise each row breaks."""

    rows: pd.DataFrame
    broken: pd.DataFrame


def conform(frame: pd.DataFrame, contract: Contract) -> Conformed:
    """Split a frame by its contract's row rules: types, required values, limits, one row per key.

    Where the contract has personal columns, both halves and the rules' words hold pseudonyms only (`pseudonyms.py`).

    Args:
        frame: One column per promised column (more are kept with the broken rows, for tracing them to their source).
            Text is read as the promised type. Of several rows with one key the first stays.
        contract: The promise.

    Raises:
        KeyError: a promised column is absent from the frame altogether; that is a fault of the code, not of a row.
    """
    if contract.personal_columns:
        frame = pseudonymised(frame, contract, pseudonyms_of_environment())
    typed = frame.copy()
    rule = pd.Series("", index=frame.index, dtype="object")
    for column in contract.columns:
        typed[column.name], reasons = _typed(frame[column.name], column)
        rule = rule.mask(rule.eq("") & reasons.ne(""), reasons)
    keys = contract.primary_key
    if keys:
        good = typed[rule.eq("")]
        repeated = good.index[good.duplicated(keys, keep="first")]
        rule.loc[repeated] = f"only one row per {', '.join(keys)}: an earlier row has the same"
    keeps = rule.eq("")
    return Conformed(
        rows=typed.loc[keeps, contract.column_names].reset_index(drop=True),
        broken=frame.loc[~keeps].assign(rule=rule[~keeps]).reset_index(drop=True),
    )


def to_arrow(frame: pd.DataFrame, contract: Contract) -> "pa.Table":
    """A conformed frame as an Arrow table of exactly the promised schema."""
    import pyarrow as pa

    from lakehouse_assets.contracts.schema import arrow_schema

    return pa.Table.from_pandas(frame[contract.column_names], schema=arrow_schema(contract), preserve_index=False)


def _times(values: pd.Series, kind: str) -> pd.Series:
    """Dates or instants; what is none becomes null. Text is read as ISO 8601 only.

    pandas would guess a form from the first value, read 01.02.2024 as the second of January, and call all others no
    dates. It also takes the words now and today.
    """
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        texts = values.map(lambda value: isinstance(value, str)).astype(bool)
        wrong = texts & ~values.astype(str).str.fullmatch(_ISO_DATE if kind == "date" else _ISO_TIME)
        values = values.mask(wrong, None)
    typed = pd.to_datetime(values, errors="coerce", utc=kind == "timestamp", format="ISO8601")
    if kind == "date" and typed.dt.tz is None:
        return typed.mask(typed.dt.normalize().ne(typed))  # an hour would be cut off
    return typed


def _whole_numbers(values: pd.Series, numbers: pd.Series) -> pd.Series:
    """Numbers as 64-bit integers; what is not whole, or larger, becomes null.

    Beside a value that is none, pandas reads all as floats, which know whole numbers up to 2**53 only.
    """
    if pd.api.types.is_integer_dtype(numbers.dtype):
        return numbers.astype("Int64")
    large = numbers.abs() >= _EXACT
    whole = numbers.where((numbers % 1 == 0) & ~large).astype("Float64").astype("Int64")
    for label in numbers.index[large.fillna(False).astype(bool)]:
        text = str(values[label]).strip()
        exact = int(text) if _WHOLE.fullmatch(text) else None
        whole[label] = exact if exact is not None and -(2**63) <= exact < 2**63 else pd.NA
    return whole


def _truths(values: pd.Series) -> pd.Series:
    """Truth values, also as the words true and false; what is neither becomes null."""
    words = {"true": True, "false": False}
    found = [
        words.get(value.strip().lower()) if isinstance(value, str) else value if _is_truth(value) else None
        for value in values.astype("object")
    ]
    return pd.Series(pd.array(found, dtype="boolean"), index=values.index)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")


def _read(values: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """The values read as the promised type, and which of them cannot be."""
    given = values.notna()
    if column.type in ("double", "float", "long", "integer"):
        typed = pd.to_numeric(values, errors="coerce")
        unreadable = given & (typed.isna() | typed.isin([float("inf"), float("-inf")]))
        if unreadable.any():
            # NaN as delivered means "no reading"; any other text that is no number is a broken row.
            unreadable &= ~says_missing(values)
        if column.type in ("long", "integer"):
            typed = _whole_numbers(values, typed)
            unreadable |= given & typed.isna() & ~says_missing(values) if typed.isna().any() else False
        else:
            typed = typed.astype("float64")
    elif column.type in ("date", "timestamp"):
        typed = _times(values, column.type)
        unreadable = given & typed.isna()
    elif column.type == "boolean":
        typed = _truths(values)
        unreadable = given & typed.isna()
    else:
        typed, unreadable = values, pd.Series(False, index=values.index)
    return typed, unreadable


def _typed(values: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """The values read as the promised type, and per row the promise that it breaks ("" where it keeps all)."""
    typed, unreadable = _read(values, column)
    reasons = pd.Series("", index=values.index, dtype="object")
    kind = {
        **{"long": "a whole number", "integer": "a whole number", "date": "a date", "timestamp": "a time"},
        "boolean": "true or false",
    }
    if unreadable.any():
        # Spelling out all values of a column costs more than all else here: 20 columns of 72,000 rows took 4 CPU-s.
        reasons = reasons.mask(
            unreadable, f"{column.name} must be {kind.get(column.type, 'a number')}, found '" + values.astype(str) + "'"
        )
    missing = typed.isna() & reasons.eq("")
    if column.required:
        reasons = reasons.mask(missing, f"{column.name} must be given")
    for limit, outside, words in (
        (column.minimum, typed.lt if column.minimum is not None else None, "at least"),
        (column.maximum, typed.gt if column.maximum is not None else None, "at most"),
    ):
        if limit is not None and outside is not None:
            breaks = outside(limit).fillna(False).astype(bool) & reasons.eq("")
            if breaks.any():
                reasons = reasons.mask(breaks, f"{column.name} must be {words} {limit:g}, found " + typed.astype(str))
    return typed, reasons
