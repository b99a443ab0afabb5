"""Turbofan rows as delivered -> conformed names, SI units and UTC. Pure functions.

Dagster imports every module below `defs/` when it loads the code location, so what is heavy is imported inside them.

Names and units of the sensors: Saxena, Goebel, Simon, Eklund, *Damage propagation modeling for aircraft engine
run-to-failure simulation* (PHM 2008), table 2. Column `farb` is dimensionless, `pcnfr_dmd` stays in per cent.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

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
#: The columns of a raw row that were delivered; the others say where it came from.
DELIVERED = ["unit", "cycle", *SETTINGS, *SENSORS, "remaining_cycles"]
#: What a reading says: rows of two deliveries that agree in these are the same.
READING = ["engine_id", "cycle", *SETTINGS, *SENSORS]
SENSOR_NAMES = tuple(name for name, _ in SENSORS.values())
SETTING_NAMES = tuple(name for name, _ in SETTINGS.values())


def harmonized_readings(
    run_to_failure: "pd.DataFrame", in_service: "pd.DataFrame", repairs: "pd.DataFrame | None" = None
) -> "pd.DataFrame":
    """The rows in force of both kinds of file with conformed names and SI units, ordered by engine, cycle and delivery.

    A value that is no number stays the text that it is: the contract sets its row aside.

    Args:
        run_to_failure: Raw rows of train files, of whole days, superseded deliveries included.
        in_service: Raw rows of test files.
        repairs: The readings' repairs; a repaired row is known from its repair on.
    """
    import pandas as pd

    from lakehouse_assets.contracts.conform import in_unit

    kinds = [rows for frame in (run_to_failure, in_service) if len(rows := _in_force(frame, READING, repairs))]
    raw = pd.concat(kinds, ignore_index=True) if kinds else _in_force(in_service.iloc[:0], READING, None)
    columns = {conformed: in_unit(raw[name], factor) for name, (conformed, factor) in {**SETTINGS, **SENSORS}.items()}
    frame = pd.DataFrame({**_identity(raw), **columns, **_source(raw)})
    return frame.sort_values(["engine_id", "cycle", "ingested_at", "source_line"], kind="stable", ignore_index=True)


def failure_events(run_to_failure: "pd.DataFrame") -> "pd.DataFrame":
    """One row per engine whose last row in a train file in force is among these rows."""
    import pandas as pd

    # A reading that a later delivery makes its engine's last is a failure that nobody knew of before.
    raw = _in_force(run_to_failure, [*READING, "is_last"], None)
    raw = raw[raw["is_last"].astype(bool)] if len(raw) else raw
    return pd.DataFrame({**_identity(raw), **_source(raw)})


def stated_lives(raw_lives: "pd.DataFrame", repairs: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """The remaining lives that the latest delivery of each RUL file states, as repaired."""
    from lakehouse_assets.contracts.repairs import apply_repairs

    newest = raw_lives.groupby("file")["ingested_at"].transform("max")
    raw = raw_lives[raw_lives["ingested_at"].eq(newest)]
    raw = raw if repairs is None else apply_repairs(raw, repairs)
    return raw.rename(columns={"file": "source_file", "sha256": "source_sha256", "line": "source_line"})


def readings_metadata(rows: "pd.DataFrame") -> dict[str, Any]:
    """What the asset page says of the readings beside their count."""
    sensors = rows[list(SENSOR_NAMES)]
    return {
        "engines": int(rows["engine_id"].nunique()),
        "fleets": ", ".join(sorted(rows["fleet"].unique())),
        "readings_missing_percent": round(float(sensors.isna().mean().mean()) * 100, 3) if len(rows) else 0.0,
    }


def _in_force(raw: "pd.DataFrame", values: Sequence[str], repairs: "pd.DataFrame | None") -> "pd.DataFrame":
    """The rows of the latest delivery of each file and day, as repaired, with `known_at`."""
    from lakehouse_assets.sources.known import known_at
    from lakehouse_assets.sources.raw_rows import in_force_repaired
    from lakehouse_assets.sources.turbofan.clock import KNOWN

    rows = in_force_repaired(raw, values, repairs)
    return rows.assign(known_at=known_at(rows, KNOWN))


def _identity(raw: "pd.DataFrame") -> dict[str, "pd.Series"]:
    """Who and when: the columns that every harmonized turbofan table begins with."""
    import pandas as pd

    day = pd.to_datetime(raw["day"])
    return {
        "engine_id": raw["engine_id"],
        "day": day,
        "event_time": day.dt.tz_localize("UTC") if len(raw) else pd.Series(dtype="datetime64[us, UTC]"),
        "ingested_at": raw["ingested_at"],
        "known_at": raw["known_at"],
        "fleet": raw["fleet"],
        "cycle": pd.to_numeric(raw["cycle"], errors="coerce"),
    }


def _source(raw: "pd.DataFrame") -> dict[str, "pd.Series"]:
    """Where each row came from."""
    return {"source_file": raw["file"], "source_sha256": raw["sha256"], "source_line": raw["line"]}
