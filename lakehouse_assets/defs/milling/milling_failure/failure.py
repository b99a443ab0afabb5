"""Features of a milled product: what the tool, the spindle and the coolant were doing, in physical terms.

Limits are those of the published data set: Matzka 2020, *Explainable artificial intelligence for predictive maintenance
applications*, AI4I. What the inspection found, and how a product failed, is never looked at.
"""

import math
from collections.abc import Mapping
from datetime import date

import pandas as pd

KEYS = ["machine_id", "product_id", "product_number", "day", "event_time", "known_at"]

MINUTE, TURN_A_MINUTE = 60.0, 2.0 * math.pi / 60.0  # s, rad/s

#: Tool wear times torque, in min N m, that a product of each quality stands. Published with the data as a property of
#: the product, like a material's strength; it is also where the simulation puts its overstrain failures.
OVERSTRAIN_LIMIT = {"L": 11_000.0, "M": 12_000.0, "H": 13_000.0}
QUALITY_RANK = {"L": 0.0, "M": 1.0, "H": 2.0}
CONDITIONS = ["air_temperature", "process_temperature", "rotational_speed", "torque", "tool_wear"]


def features(inputs: Mapping[str, pd.DataFrame], first: date, last: date) -> pd.DataFrame:
    """The features of every product of the days first to last, both included; a row sees itself and no other row.

    Args:
        inputs: ``operations``, harmonized: K, rad/s, N m and s.

    Returns:
        `KEYS`, ``quality_rank``, `CONDITIONS`, ``temperature_difference`` (K; how well heat is carried off), ``power``
        (W), ``strain`` (tool wear times torque, min N m) and ``overstrain`` (its share of what the quality stands; 1 is
        the limit). NaN where a reading is missing.

    Raises:
        ValueError: a quality is unknown.
    """
    day = pd.to_datetime(inputs["operations"]["day"])
    rows = inputs["operations"][day.between(pd.Timestamp(first), pd.Timestamp(last))].reset_index(drop=True)
    if unknown := sorted(set(rows["quality"].dropna()) - set(QUALITY_RANK)):
        raise ValueError(f"milling features: the qualities {unknown} are unknown; known are {list(QUALITY_RANK)}")
    # In the units that wear and speed are counted in: a factor to SI would make equal products differ in the last bit,
    # and the model, which cuts finely, part them.
    strain = rows["tool_wear"] / MINUTE * rows["torque"]
    turns = (rows["rotational_speed"] / TURN_A_MINUTE).round(6)
    ranked = rows.assign(quality_rank=rows["quality"].map(QUALITY_RANK))
    return ranked[[*KEYS, "quality_rank", *CONDITIONS]].assign(
        # Both temperatures are given to a tenth: without rounding 8.6 K is sometimes 8.600000000000023.
        temperature_difference=(rows["process_temperature"] - rows["air_temperature"]).round(6),
        power=rows["torque"] * turns * TURN_A_MINUTE,
        strain=strain,
        overstrain=strain / rows["quality"].map(OVERSTRAIN_LIMIT),
    )
