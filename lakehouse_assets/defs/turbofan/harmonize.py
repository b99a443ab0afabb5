"""Turbofan rows as delivered -> conformed names, SI units and UTC. Pure functions.

Dagster imports every module below `defs/` when it loads the code location, so what is heavy is imported inside them.

Names and units of the sensors: Saxena, Goebel, Simon, Eklund, *Damage propagation modeling for aircraft engine
run-to-failure simulation* (PHM 2008), table 2. Column `farb` is dimensionless, `pcnfr_dmd` stays in per cent.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

RANKINE = 5 / 9  # degree Rankine -> K
PSI = 6.894757293168  # psi -> kPa
RPM = 0.10471975511966  # 1/min -> rad/s
POUND = 0.45359237  # lbm/s -> kg/s
KILOFOOT = 304.8  # 1000 ft -> m

SETTINGS = {"setting_1": ("altitude", KILOFOOT), "setting_2": ("mach", 1.0), "setting_3": ("tra", 1.0)}

#: Column as delivered -> conformed name, factor to SI.
SENSORS = {
    "s1": ("t2", RANKINE),
    "s2": ("t24", RANKINE),
    "s3": ("t30", RANKINE),
    "s4": ("t50", RANKINE),
    "s5": ("p2", PSI),
    "s6": ("p15", PSI),
    "s7": ("p30", PSI),
    "s8": ("nf", RPM),
    "s9": ("nc", RPM),
    "s10": ("epr", 1.0),
    "s11": ("ps30", PSI),
    "s12": ("phi", POUND / PSI),
    "s13": ("nrf", RPM),
    "s14": ("nrc", RPM),
    "s15": ("bpr", 1.0),
    "s16": ("farb", 1.0),
    "s17": ("htbleed", 1.0),
    "s18": ("nf_dmd", RPM),
    "s19": ("pcnfr_dmd", 1.0),
    "s20": ("w31", POUND),
    "s21": ("w32", POUND),
}
SENSOR_NAMES = tuple(name for name, _ in SENSORS.values())
SETTING_NAMES = tuple(name for name, _ in SETTINGS.values())


def harmonized_readings(run_to_failure: "pd.DataFrame", in_service: "pd.DataFrame") -> "pd.DataFrame":
    """The rows in force of both kinds of file with conformed names and SI units, ordered by engine, cycle and delivery.

    A value that is no number stays the text that it is: the contract sets its row aside.
    """
    import pandas as pd

    from lakehouse_assets.sources.turbofan_raw import in_force

    kinds = [frame for frame in (in_force(run_to_failure), in_force(in_service)) if len(frame)]
    raw = pd.concat(kinds, ignore_index=True) if kinds else in_service.iloc[:0]
    columns = {conformed: _in_si(raw[name], factor) for name, (conformed, factor) in {**SETTINGS, **SENSORS}.items()}
    frame = pd.DataFrame({**_identity(raw), **columns, "source_file": raw["file"], "source_line": raw["line"]})
    return frame.sort_values(["engine_id", "cycle", "ingested_at", "source_line"], kind="stable", ignore_index=True)


def failure_events(run_to_failure: "pd.DataFrame") -> "pd.DataFrame":
    """One row per engine whose last row in a train file in force is among these rows."""
    import pandas as pd

    from lakehouse_assets.sources.turbofan_raw import in_force

    raw = in_force(run_to_failure)
    raw = raw[raw["is_last"].astype(bool)] if len(raw) else raw
    return pd.DataFrame({**_identity(raw), "source_file": raw["file"], "source_line": raw["line"]})


def stated_lives(raw_lives: "pd.DataFrame") -> "pd.DataFrame":
    """The remaining lives that the latest delivery of each RUL file states."""
    newest = raw_lives.groupby("file")["ingested_at"].transform("max")
    raw = raw_lives[raw_lives["ingested_at"].eq(newest)]
    return raw.rename(columns={"file": "source_file", "line": "source_line"})


def quarantine_table(broken: "pd.DataFrame") -> "pa.Table":
    """Broken rows as an Arrow table: where each came from, the rule it broke, and its values as text."""
    import pyarrow as pa

    named = ["engine_id", "fleet", "day", "source_file", "source_line", "rule"]
    values = broken.drop(columns=[*named, "ingested_at", "event_time"], errors="ignore").astype(str)
    table = broken[named].assign(row=[str(row) for row in values.to_dict("records")])
    types = {"day": pa.date32(), "source_line": pa.int64()}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in table.columns])
    return pa.Table.from_pandas(table, schema=schema, preserve_index=False)


def readings_metadata(rows: "pd.DataFrame") -> dict[str, Any]:
    """What the asset page says of the readings beside their count."""
    sensors = rows[list(SENSOR_NAMES)]
    return {
        "engines": int(rows["engine_id"].nunique()),
        "fleets": ", ".join(sorted(rows["fleet"].unique())),
        "readings_missing_percent": round(float(sensors.isna().mean().mean()) * 100, 3) if len(rows) else 0.0,
    }


def check_metadata(broken: "pd.DataFrame") -> dict[str, Any]:
    """What the contract check shows: how many rows, by rule, and the first ten with file and line."""
    examples = [f"{r.source_file} line {r.source_line}: {r.rule}" for r in broken.head(10).itertuples()]
    return {
        "rows_set_aside": len(broken),
        "examples": "; ".join(examples) or "none",
        "what_to_do": "Put the file right, drop it into the landing folder again and materialise these days.",
    }


def _identity(raw: "pd.DataFrame") -> dict[str, "pd.Series"]:
    """Who and when: the columns that every harmonized turbofan table begins with."""
    import pandas as pd

    day = pd.to_datetime(raw["day"])
    return {
        "engine_id": raw["engine_id"],
        "day": day,
        "event_time": day.dt.tz_localize("UTC") if len(raw) else pd.Series(dtype="datetime64[us, UTC]"),
        "ingested_at": raw["ingested_at"],
        "fleet": raw["fleet"],
        "cycle": pd.to_numeric(raw["cycle"], errors="coerce"),
    }


def _in_si(values: "pd.Series", factor: float) -> "pd.Series":
    """Numbers times the factor; what is neither a number nor a missing reading stays as delivered."""
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce") * factor
    text = values.notna() & numbers.isna() & values.astype(str).str.lower().ne("nan")
    return numbers if not text.any() else numbers.astype("object").mask(text, values)
