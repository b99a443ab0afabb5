"""Maintenance records as delivered -> conformed names and UTC. Pure functions; pseudonyms follow from the contract."""

from typing import TYPE_CHECKING

from lakehouse_assets.contracts.contract import Contract

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def records_in_force(raw: "pd.DataFrame") -> "pd.DataFrame":
    """The records of the latest delivery of each file, with conformed names. Values are still as delivered."""
    import pandas as pd

    from lakehouse_assets.sources.turbofan.raw import in_force

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


def quarantine_table(broken: "pd.DataFrame", quarantine: Contract) -> "pa.Table":
    """Broken records as an Arrow table: where each came from, the rule it broke, and its values as JSON.

    The values are those of the broken rows and not of raw's, which hold badges.
    """
    from lakehouse_assets.contracts.conform import to_arrow
    from lakehouse_assets.contracts.quarantine import rows_as_json

    return to_arrow(broken.assign(row=rows_as_json(broken, ["badge", "work", "minutes", "note"])), quarantine)
