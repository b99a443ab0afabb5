"""Features of a milled product: what the tool, the spindle and the coolant were doing, in physical terms.

Column names and limits are those of the published data set: Matzka 2020, *Explainable artificial intelligence for
predictive maintenance applications*, AI4I. The five columns that say how a product failed are never looked at.
"""

from __future__ import annotations

import math

import pandas as pd

OVERSTRAIN_LIMIT: dict[str, float] = {"L": 11_000.0, "M": 12_000.0, "H": 13_000.0}
"""Tool wear times torque, in min Nm, that a product of each quality stands. Published with the data as a property of
the product, like a material's strength; it is also where the simulation puts its overstrain failures."""

QUALITY_RANK: dict[str, int] = {"L": 0, "M": 1, "H": 2}

INPUTS: tuple[str, ...] = (
    *("quality", "air_temperature_k", "process_temperature_k", "rotational_speed_rpm", "torque_nm", "tool_wear_min"),
)
MODES: tuple[str, ...] = ("twf", "hdf", "pwf", "osf", "rnf")
"""The failure modes: they are the label under other names, and no feature."""


def feature_names() -> list[str]:
    """List the model's features in their order.

    The readings themselves with ``quality_rank`` for quality, ``temperature_difference_k`` (how well heat is carried
    off), ``power_w`` (torque times angular speed), ``strain_min_nm`` (tool wear times torque) and ``overstrain`` (that
    as a share of what the quality stands; 1 is the limit).
    """
    return [
        *("quality_rank", *INPUTS[1:]),
        *("temperature_difference_k", "power_w", "strain_min_nm", "overstrain"),
    ]


def milling_features(products: pd.DataFrame) -> pd.DataFrame:
    """Compute the features of each product; a row sees itself and no other row.

    Args:
        products: n rows with :data:`INPUTS`: ``quality`` is L, M or H; kelvin, rpm, Nm and minutes.

    Returns:
        n rows of :func:`feature_names` as float64 with the index of ``products``; NaN where a reading is missing.

    Raises:
        ValueError: A column is missing, or a quality is unknown.
    """
    missing = [column for column in INPUTS if column not in products.columns]
    if missing:
        raise ValueError(f"milling_features: products have no columns {missing}; found {list(products.columns)}")
    unknown = sorted(set(products["quality"].dropna().unique()) - set(QUALITY_RANK))
    if unknown:
        raise ValueError(f"milling_features: the qualities {unknown} are unknown; known are {list(QUALITY_RANK)}")
    readings = products[list(INPUTS[1:])].astype("float64")
    strain = readings["tool_wear_min"] * readings["torque_nm"]
    # Both temperatures are given to a tenth: without rounding 8.6 K is sometimes 8.600000000000023.
    difference = (readings["process_temperature_k"] - readings["air_temperature_k"]).round(6)
    features = readings.assign(
        quality_rank=products["quality"].map(QUALITY_RANK).astype("float64"),
        temperature_difference_k=difference,
        power_w=readings["torque_nm"] * readings["rotational_speed_rpm"] * (2.0 * math.pi / 60.0),
        strain_min_nm=strain,
        overstrain=strain / products["quality"].map(OVERSTRAIN_LIMIT).astype("float64"),
    )
    return features[feature_names()]
