"""The module that registered models name as their loader. It stays where it is: MLflow imports it by this name.

A version in a registry keeps the name under which it was registered, for years and out of reach of a change here. So
the name is promised, and what it calls may move. Names of before the promise load as well: ``lifecycle/pyfunc.py`` and
``lifecycle/serving/pyfunc.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.serving.pyfunc import ServedModel


def _load_pyfunc(data_path: str) -> ServedModel:
    """What MLflow calls, with the folder that was registered."""
    from lakehouse_assets.lifecycle.serving.pyfunc import load_served

    return load_served(data_path)
