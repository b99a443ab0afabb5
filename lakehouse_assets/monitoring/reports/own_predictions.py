"""Which rows of a window the prediction of a report is judged by: those that the report's own version predicted.

Reference and thresholds of the prediction are of what one version makes. After a promotion or a roll back the window
still holds what another predicted; beside the new reference that is no drift of anything but the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

#: Beside the prediction: the version that made it; nothing where nobody predicted.
MODEL_VERSION = "model_version"


@dataclass(frozen=True)
class OwnPredictions:
    """The rows, and in words why they are fewer than the window has; empty: they are all."""

    rows: pd.DataFrame
    why: str


def own_predictions(window: pd.DataFrame, prediction: str, version: int) -> OwnPredictions:
    """Choose what a version has predicted, and what it failed to.

    Nobody predicts before a first champion serves: these days lack no value. Rows without one on the days on which this
    version predicted others lack theirs. So do the days on which nobody predicted, if the last prediction before them
    was this version's, or if none follows, whoever served. What another version had failed to predict is no fault of
    this one: of the few days of a new champion a single such day would be a large part.

    Args:
        window: Rows with `day`, the prediction, and `MODEL_VERSION` if others may have made some.
        prediction: Its column.
        version: Whose report it is.
    """
    days, made = window["day"], window[prediction].notna()
    by = window[MODEL_VERSION] if MODEL_VERSION in window.columns else made.map({True: version})
    before = days < days[made].min() if made.any() else pd.Series(data=False, index=window.index)
    own, others = by.eq(version).fillna(False).astype(bool), by.notna() & by.ne(version)
    theirs = others | (by.isna() & _after_others_alone(days, by.notna(), own))
    kept = ~before & ~theirs
    told = []
    if theirs.any():
        names = ", ".join(str(int(one)) for one in sorted(by[others].unique()))
        told.append(f"Of {int(theirs.sum())} others, version {names} made the predictions or served, not {version}")
    if before.any():
        told.append(f"Nobody predicted the {int(before.sum())} before {days[made].min():%Y-%m-%d}")
    return OwnPredictions(window[kept], ". ".join(told))


def _after_others_alone(days: pd.Series, predicted: pd.Series, own: pd.Series) -> pd.Series:
    """Rows of days on which others alone predicted, and of days without any prediction between such a day and a later
    prediction.
    """
    if not predicted.any():
        return predicted
    at = days.sort_values().drop_duplicates()
    last = at.where(at.isin(days[predicted])).ffill()
    alone = last.notna() & ~last.isin(days[own]) & (last.eq(at) | at.lt(days[predicted].max()))
    return days.isin(at[alone])
