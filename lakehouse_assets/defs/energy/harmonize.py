"""Meter readings as delivered -> conformed names, units and UTC. Pure functions.

Dagster imports every module below `defs/` when it loads the code location, so what is heavy is imported inside them.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lakehouse_assets.sources.csv.clock import Stamped
from lakehouse_assets.sources.csv.source import CsvSource

if TYPE_CHECKING:
    import pandas as pd

QUARTER_HOUR = timedelta(minutes=15)

#: Column as delivered -> conformed name, factor to the contract's unit: kWh and kvarh stay, t -> kg, per cent -> 1.
MEASURES = {
    "usage_kwh": ("usage", 1.0),
    "lagging_reactive_kvarh": ("lagging_reactive", 1.0),
    "leading_reactive_kvarh": ("leading_reactive", 1.0),
    "co2_t": ("co2", 1000.0),
    "lagging_power_factor": ("lagging_power_factor", 0.01),
    "leading_power_factor": ("leading_power_factor", 0.01),
}


def readings(raw: "pd.DataFrame", source: CsvSource, repairs: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """The readings in force, as repaired, ordered by meter and time; a reading happened when its quarter hour ended.

    A value that is no number stays the text that it is, a stamp without an instant has none: the contract sets their
    rows aside.
    """
    import pandas as pd

    from lakehouse_assets.contracts.conform import in_unit
    from lakehouse_assets.sources.csv.harmonize import identity, origin, rows_in_force
    from lakehouse_assets.sources.known import known_at
    from lakehouse_assets.sources.local_time import interval_ends

    rows = rows_in_force(raw, source, repairs)
    clock = next(form.clock for form in source.forms if isinstance(form.clock, Stamped))
    ends = interval_ends(rows, clock.column, clock.format, source.timezone)
    start = (ends - QUARTER_HOUR).dt.tz_convert(source.timezone)
    frame = pd.DataFrame(
        {
            **identity(rows, source, ends, known_at(rows, source.availability)),
            "quarter_of_day": start.dt.hour * 4 + start.dt.minute // 15,
            "load_type": rows["load_type"].str.removesuffix("_Load").str.lower(),
            **{name: in_unit(rows[column], factor) for column, (name, factor) in MEASURES.items()},
            **origin(rows),
        }
    )
    return frame.sort_values(["meter_id", "event_time", "ingested_at", "source_line"], kind="stable", ignore_index=True)


def broken_days(rows: "pd.DataFrame", zone: ZoneInfo) -> "pd.DataFrame":
    """The local days of meters that have not one reading a quarter hour: meter_id, day, readings, expected."""
    import pandas as pd

    from lakehouse_assets.sources.local_time import intervals_in

    counts = rows.groupby(["meter_id", "day"], as_index=False).agg(readings=("event_time", "nunique"))
    days = pd.to_datetime(counts["day"]).dt.date
    counts["expected"] = [intervals_in(day, zone, QUARTER_HOUR) for day in days]
    return counts[counts["readings"].ne(counts["expected"])].reset_index(drop=True)


def day_check_metadata(broken: "pd.DataFrame") -> dict[str, Any]:
    """What the check shows: how many meter days are not whole, and the first ten."""
    examples = [f"{r.meter_id} on {r.day:%Y-%m-%d}: {r.readings} of {r.expected}" for r in broken.head(10).itertuples()]
    return {
        "broken_meter_days": len(broken),
        "examples": "; ".join(examples) or "none",
        "what_to_do": "Ask the meter's operator for the missing readings and drop the corrected file under its name.",
    }


def readings_metadata(rows: "pd.DataFrame") -> dict[str, Any]:
    """What the asset page says of the readings beside their count."""
    return {"meters": int(rows["meter_id"].nunique()), "energy_mwh": round(float(rows["usage"].sum()) / 1000, 3)}
