"""Which tables the contracts say have personal columns, as their assets' metadata carries it."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from lakehouse_assets.operations.erasure.table import Personal


def personal_tables(specs: Iterable[dg.AssetSpec]) -> dict[str, Personal]:
    """Asset key joined by / -> its personal columns and what becomes of an erased person's row."""
    found = {}
    for spec in specs:
        columns = _value(spec.metadata.get("personal_columns"))
        if columns:
            policy = _value(spec.metadata.get("on_erasure")) or "blank"
            found["/".join(spec.key.path)] = Personal(dict(columns), str(policy))
    return found


def _value(given: Any) -> Any:
    return getattr(given, "value", given)
