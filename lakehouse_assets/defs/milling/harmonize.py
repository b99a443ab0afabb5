"""Milling rows as delivered -> conformed names, SI units and UTC. Pure functions.

Dagster imports every module below `defs/` when it loads the code location, so what is heavy is imported inside them.
"""

from typing import TYPE_CHECKING, Any

from lakehouse_assets.sources.csv.source import CsvSource

if TYPE_CHECKING:
    import pandas as pd

RPM = 0.10471975511966  # 1/min -> rad/s
MINUTE = 60.0  # min -> s

#: Column as delivered -> conformed name, factor to SI.
CONDITIONS = {
    "air_temperature_k": ("air_temperature", 1.0),
    "process_temperature_k": ("process_temperature", 1.0),
    "rotational_speed_rpm": ("rotational_speed", RPM),
    "torque_nm": ("torque", 1.0),
    "tool_wear_min": ("tool_wear", MINUTE),
}

#: Column as delivered -> conformed name. They are the label: no table of operations has them.
FINDINGS = {
    "machine_failure": "failed",
    "twf": "tool_wear_failure",
    "hdf": "heat_dissipation_failure",
    "pwf": "power_failure",
    "osf": "overstrain_failure",
    "rnf": "random_failure",
}


def operations(raw: "pd.DataFrame", source: CsvSource, repairs: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """The conditions under which each product in force was made, as repaired, ordered by machine and product.

    A value that is no number stays the text that it is: the contract sets its row aside.
    """
    from lakehouse_assets.contracts.conform import in_unit
    from lakehouse_assets.sources.csv.harmonize import rows_in_force
    from lakehouse_assets.sources.known import known_at

    rows = rows_in_force(raw, source, repairs)
    values = {name: in_unit(rows[column], factor) for column, (name, factor) in CONDITIONS.items()}
    return _frame(rows, source, known_at(rows, source.availability), {"quality": rows["type"], **values})


def failures(raw: "pd.DataFrame", source: CsvSource, repairs: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """What the inspection of each product in force found, as repaired, and since when that is known.

    Raises:
        ValueError: the source does not declare when its labels are known.
    """
    from lakehouse_assets.contracts.conform import in_unit
    from lakehouse_assets.sources.csv.harmonize import rows_in_force
    from lakehouse_assets.sources.known import known_at

    if source.label_availability is None:
        raise ValueError(f"source {source.domain} declares no labels_known: since when is a failure known?")
    rows = rows_in_force(raw, source, repairs)
    values = {name: in_unit(rows[column], 1.0) for column, name in FINDINGS.items()}
    return _frame(rows, source, known_at(rows, source.label_availability), values)


def operations_metadata(rows: "pd.DataFrame") -> dict[str, Any]:
    """What the asset page says of the operations beside their count."""
    return {"machines": int(rows["machine_id"].nunique())}


def failures_metadata(rows: "pd.DataFrame") -> dict[str, Any]:
    """What the asset page says of the findings beside their count."""
    return {"failed": int(rows["failed"].sum()), "failed_percent": round(float(rows["failed"].mean() or 0) * 100, 3)}


def _frame(
    rows: "pd.DataFrame", source: CsvSource, known: "pd.Series", values: "dict[str, pd.Series]"
) -> "pd.DataFrame":
    import pandas as pd

    from lakehouse_assets.sources.csv.harmonize import identity, origin
    from lakehouse_assets.sources.csv.raw import counted_instants

    who = identity(rows, source, counted_instants(rows, source), known)
    product = {"product_number": pd.to_numeric(rows["udi"]), "product_id": rows["product_id"]}
    frame = pd.DataFrame({**who, **product, **values, **origin(rows)})
    order = ["machine_id", "day", "product_number", "ingested_at", "source_line"]
    return frame.sort_values(order, kind="stable", ignore_index=True)
