"""Maintenance records as delivered -> conformed names and UTC. Pure functions; pseudonyms follow from the contract."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def records_in_force(raw: "pd.DataFrame") -> "pd.DataFrame":
    """The records of the latest delivery of each file, with conformed names. Values are still as delivered."""
    import pandas as pd

    from lakehouse_assets.sources.turbofan_raw import in_force

    rows = in_force(raw)
    day = pd.to_datetime(rows["day"])
    frame = pd.DataFrame(
        {
            **{name: rows[name] for name in ("engine_id", "fleet", "badge", "work", "minutes", "ingested_at")},
            "day": day,
            "event_time": day.dt.tz_localize("UTC") if len(rows) else pd.Series(dtype="datetime64[us, UTC]"),
            "note": rows["note"].mask(rows["note"].eq("")),
            "source_file": rows["file"],
            "source_line": rows["line"],
        }
    )
    given = ("badge", "work")
    frame = frame.assign(**{name: frame[name].mask(frame[name].astype("str").str.strip().eq("")) for name in given})
    return frame.sort_values(["source_file", "source_line"], kind="stable", ignore_index=True)


def quarantine_table(broken: "pd.DataFrame") -> "pa.Table":
    """Broken records as an Arrow table: where each came from, the rule it broke, and its values as JSON."""
    import pyarrow as pa

    named = ["engine_id", "fleet", "day", "source_file", "source_line", "rule"]
    values = (
        broken[["badge", "work", "minutes", "note"]]
        .astype(object)
        .where(broken[["badge", "work", "minutes", "note"]].notna(), None)
    )
    table = broken[named].assign(row=[json.dumps(row, default=str) for row in values.to_dict("records")])
    types = {"day": pa.date32(), "source_line": pa.int64()}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in table.columns])
    return pa.Table.from_pandas(table, schema=schema, preserve_index=False)
