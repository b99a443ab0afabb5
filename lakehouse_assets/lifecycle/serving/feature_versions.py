"""The version of an observation's features, and that a model is asked only on features of the version it learned from.

Of several views it is their versions in order, joined by ``+``. A view that shows nothing for an observation has ``?``
in its place; where none shows anything the version is null, and there is nothing to predict from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FEATURE_VERSION = "feature_version"
_JOIN, _UNSEEN = "+", "?"


class FeatureVersionError(ValueError):
    """Rows carry features of another version than is needed, or of several."""


def joined_versions(views: Sequence[pd.Series], n: int) -> pd.Series:
    """The version of each of n rows, out of the version that each view gave it (null: none)."""
    import pandas as pd

    if len(views) == 1:
        return views[0].reset_index(drop=True)
    whole, seen = pd.Series([""] * n, dtype="str"), pd.Series(False, index=range(n))
    for view in views:
        part = view.reset_index(drop=True)
        seen |= part.notna()
        whole = whole + _JOIN + part.fillna(_UNSEEN)
    return whole.str.removeprefix(_JOIN).where(seen)


def one_version(versions: pd.Series, what: str) -> str:
    """The one version of rows; that of a view which some rows do not see is taken from the others.

    Args:
        versions: The column ``feature_version``; nulls are left out.
        what: What the rows are, for the error.

    Returns:
        The version, "" if no row has one.

    Raises:
        FeatureVersionError: Rows of several versions lie side by side: some days were made anew and others not.
    """
    distinct = sorted(versions.dropna().unique())
    if not distinct:
        return ""
    found = []
    for parts in zip(*(version.split(_JOIN) for version in distinct), strict=True):
        known = sorted({part for part in parts if part != _UNSEEN})
        if len(known) > 1:
            raise FeatureVersionError(
                f"{what}: the feature versions {', '.join(known)} lie side by side, since only some days were made "
                "anew. Materialise the feature view, and the tables that it is made from, for all days."
            )
        found.append(known[0] if known else _UNSEEN)
    return _JOIN.join(found)


def require_version(versions: pd.Series, learned: str, what: str) -> None:
    """Refuse rows whose features are not those that a model learned from.

    Args:
        versions: The rows' column ``feature_version``; nulls are left out.
        learned: The version that the model learned from.
        what: Which rows and which model, for the error.

    Raises:
        FeatureVersionError: They differ, or the rows mix several versions.
    """
    now = one_version(versions, what)
    pairs = list(zip(now.split(_JOIN), learned.split(_JOIN), strict=False))
    if now and (now.count(_JOIN) != learned.count(_JOIN) or any(a != b for a, b in pairs if _UNSEEN not in (a, b))):
        raise FeatureVersionError(
            f"{what}: the model learned from features {learned}, the feature view is now {now}. Materialise the "
            "feature view for all days and train, or put what the features are made of back as it was."
        )
