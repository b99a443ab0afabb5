"""The audit table: one row for each thing that a person did to the lake by hand (erase, restore, sandbox, …).

Rows are only ever appended. A row must hold no personal data beside who asked: the subject of an erasure is named by
pseudonym.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts.additions import AUDIT, keep, platform_contract
from lakehouse_assets.lake.table import Lake

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AUDIT", "entries", "record"]


def record(
    lake: Lake,
    *,
    action: str,
    subject: str,
    who: str,
    reason: str,
    details: Mapping[str, Any],
    run_id: str = "",
    entry: str | None = None,
) -> str:
    """Append one row to the audit table, which is made by its first row.

    Args:
        lake: The lake that was changed; the table lies in it.
        action: What was done, as a verb.
        subject: To what.
        who: Who asked for it.
        reason: Why.
        details: All else that belongs to it; anything that JSON can hold (dates and paths become text).
        run_id: The Dagster run.
        entry: Identifier of the row. Give one that follows from the deed (not a random one) where a job may be repeated
            after a crash: a row of that entry is then appended once.

    Returns:
        The row's entry.

    Raises:
        ValueError: who or why is empty; an audit row without them says nothing.
        LakeError: the row could not be written.
    """
    for name, given in (("action", action), ("subject", subject), ("who", who), ("reason", reason)):
        if not given.strip():
            raise ValueError(f"audit of {action or 'a job'} on {subject or 'nothing'}: {name} is empty. Say it.")
    entry = entry or uuid.uuid4().hex
    row = {
        "entry": entry,
        "at": datetime.now(UTC),
        "action": action,
        "subject": subject,
        "who": who,
        "reason": reason,
        "run_id": run_id,
        "details": json.dumps(details, default=str, sort_keys=True),
    }
    keep(lake, AUDIT, [row], run_id)
    return entry


def entries(lake: Lake, action: str | None = None) -> "pd.DataFrame":
    """The audit rows, the oldest first, of one action or of all; `details` as dictionaries."""
    import pandas as pd

    if not lake.exists(AUDIT):
        return pd.DataFrame(columns=platform_contract(AUDIT).column_names)
    rows = lake.read_pandas(AUDIT, where={"action": action} if action else None)
    rows = rows.sort_values("at", kind="stable", ignore_index=True)
    return rows.assign(details=[json.loads(text) for text in rows["details"]])
