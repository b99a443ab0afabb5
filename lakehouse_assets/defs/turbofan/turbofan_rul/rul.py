"""Remaining useful life: features of an engine on a day, cuts as if a failed engine were in service, and metrics.

How the settings were found, and what did not help, stands in docs/turbofan_model.md.
"""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from lakehouse_assets.features.windows import feature_names, known_since, window_features
from lakehouse_assets.lifecycle.serving.feature_versions import one_version

FIRST_CUT, LAST_CUT, LONGEST_RUL = 20, 5, 150
"""An engine is in service after 20 cycles and until 5 before its failure; further than 150 from it only the label's cap
would be measured."""

CUTS_SEED, CUTS_PER_ENGINE = 20240101, 8


def features(inputs: Mapping[str, pd.DataFrame], first: date, last: date) -> pd.DataFrame:
    """The features of every engine that flew on the days first to last, both included.

    Args:
        inputs: ``normalised``, readings of these days and the 89 before them, and ``baselines`` of these days.

    Returns:
        ``engine_id``, ``day``, ``event_time`` (its beginning in UTC), ``known_at`` (since when all readings in the row
        are known), `windows.feature_names` and ``feature_version``.
    """
    begin, end = pd.Timestamp(first), pd.Timestamp(last)
    normalised = inputs["normalised"].assign(day=pd.to_datetime(inputs["normalised"]["day"]))
    normalised = normalised[normalised["day"] <= end]
    baselines = inputs["baselines"].assign(day=pd.to_datetime(inputs["baselines"]["day"]))
    version = one_version(normalised["feature_version"], "the history of these days' features")
    rows = window_features(normalised, baselines, first_day=begin)
    told = rows[["engine_id", "day"]].assign(
        event_time=rows["day"].astype("datetime64[us]").dt.tz_localize("UTC"),
        known_at=known_since(normalised, baselines, first_day=begin),
    )
    # As the model's input it is called otherwise than the column of the observations that says the same.
    made = rows[feature_names()].rename(columns={"cycle": "age"})
    return pd.concat([told, made], axis=1).assign(feature_version=version)


def random_cuts(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the labelled observations of failed engines, those at random cuts, as if the engines were in service.

    Uniform over an engine's possible cycles, without replacement. An engine's cuts depend on its own id and last cycle
    only, so that another engine leaves them as they were.

    Args:
        rows: ``engine_id``, ``cycle`` and ``label`` (cycles left, not capped).
    """
    return rows[_at_cuts(rows, CUTS_PER_ENGINE)]


def band_rows(rows: pd.DataFrame) -> np.ndarray:
    """Which training rows the band is fitted on: the same number of cuts for each engine, long-lived or not."""
    return _at_cuts(rows, 3 * CUTS_PER_ENGINE)


def _at_cuts(rows: pd.DataFrame, per_engine: int) -> np.ndarray:
    last = (rows["cycle"] + rows["label"]).astype("int64").groupby(rows["engine_id"]).max()
    cuts = {(engine, cycle) for engine, end in last.items() for cycle in _cuts(str(engine), int(end), per_engine)}
    places = zip(rows["engine_id"], rows["cycle"].astype("int64"), strict=True)
    return np.fromiter((place in cuts for place in places), bool, len(rows))


def _cuts(engine: str, end: int, per_engine: int) -> list[int]:
    possible = np.arange(max(FIRST_CUT, end - LONGEST_RUL), end - LAST_CUT + 1)
    draw = np.random.default_rng([CUTS_SEED, *engine.encode()])
    return [int(n) for n in draw.permutation(possible)[:per_engine]]


def nasa_score(predictions: pd.DataFrame, truth: pd.Series) -> float:
    """Sum of exponential penalties over engines, where promising too long a life costs more than too short a one.

    ``exp(-d / 13) - 1`` for a prediction that is early by ``-d`` cycles, ``exp(d / 10) - 1`` for one that is late by
    ``d``; 0 is perfect. Grows with the number of engines. Source: Saxena, Goebel, Simon and Eklund 2008, *Damage
    propagation modeling for aircraft engine run-to-failure simulation*, PHM08.
    """
    late = predictions["prediction"] - truth
    return float(np.sum(np.expm1(np.where(late < 0, -late / 13.0, late / 10.0))))
