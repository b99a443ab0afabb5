"""Plots on an asset's page."""

from collections.abc import Mapping
from typing import Any

import dagster as dg


def pictures_metadata(pngs: Mapping[str, bytes]) -> dict[str, Any]:
    """Each picture under its name, in the metadata itself: the page needs no file to show it."""
    from lakehouse_assets.lifecycle.drawing.plots import as_markdown

    names = {name: name.removesuffix(".png") for name in pngs}
    return {shown: dg.MetadataValue.md(as_markdown(pngs[name], shown)) for name, shown in names.items()}
