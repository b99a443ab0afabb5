"""Rows that break a contract: set aside with the rule, the source file and line, and the source row itself."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from lakehouse_assets.contracts.conform import to_arrow
from lakehouse_assets.contracts.contract import Contract

if TYPE_CHECKING:
    import pyarrow as pa

#: What tells a source row apart: its file's name and digest, and its line.
RAW_PLACE = ["file", "sha256", "line"]
SOURCE_PLACE = ["source_file", "source_sha256", "source_line"]


def quarantine_table(
    broken: pd.DataFrame, raw: pd.DataFrame, values: Sequence[str], quarantine: Contract
) -> "pa.Table":
    """Broken rows as an Arrow table of the quarantine's contract.

    Args:
        broken: What `conform` set aside, with `SOURCE_PLACE` and `rule`.
        raw: The source rows, with `RAW_PLACE`; those that are not broken are left out.
        values: The source row's columns that were delivered; they make up `row`, as JSON.
        quarantine: The contract of the quarantine's table.
    """
    places = pd.MultiIndex.from_frame(broken[SOURCE_PLACE])
    ours = raw[pd.MultiIndex.from_frame(raw[RAW_PLACE]).isin(places)].drop_duplicates(RAW_PLACE, keep="last")
    texts = dict(zip(map(tuple, ours[RAW_PLACE].itertuples(index=False)), rows_as_json(ours, values), strict=True))
    return to_arrow(broken.assign(row=[texts[place] for place in places]), quarantine)


def rows_as_json(rows: pd.DataFrame, values: Sequence[str]) -> list[str]:
    """Some columns of each row as one JSON object, values as the text that they are."""
    return [json.dumps({name: _text(row[name]) for name in values}) for row in rows[list(values)].to_dict("records")]


def quarantine_check(
    key: Sequence[str], name: str, broken: pd.DataFrame, repair_job: str | None = None
) -> dg.AssetCheckResult:
    """The check on a quarantine: it warns as long as rows stand there."""
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(list(key)),
        check_name=name,
        passed=broken.empty,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=quarantine_metadata(broken, repair_job),
    )


def quarantine_metadata(broken: pd.DataFrame, repair_job: str | None = None) -> dict[str, Any]:
    """What the check on a quarantine shows: how many rows, by rule, and the first ten with file and line."""
    examples = [f"{r.source_file} line {r.source_line}: {r.rule}" for r in broken.head(10).itertuples()]
    kinds = broken["rule"].str.split(", found", n=1).str[0].value_counts().head(10)
    return {
        "rows_set_aside": len(broken),
        "rules_broken": "; ".join(f"{rule}: {count}" for rule, count in kinds.items()) or "none",
        "examples": "; ".join(examples) or "none",
        "what_to_do": "Put the file right, drop it into the landing folder again and materialise these days"
        + (f"; or put these rows right with the job {repair_job} (docs/contracts.md)." if repair_job else "."),
    }


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
