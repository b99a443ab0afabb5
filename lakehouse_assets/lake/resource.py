"""The lake as a Dagster resource, for assets, checks and sensors that read tables themselves."""

from __future__ import annotations

import dagster as dg
from pydantic import Field

from lakehouse_assets.lake.table import Lake


class LakeResource(dg.ConfigurableResource[Lake]):
    """Gives a ``Lake``. Configure it as the IO manager."""

    lake_uri: str = Field(description="Folder or object-store address of the lake.")
    storage_options: dict[str, str] | None = Field(
        default=None, repr=False, description="Options of the object store, as deltalake takes them."
    )

    def lake(self) -> Lake:
        """The lake's tables, to read."""
        return Lake(self.lake_uri, self.storage_options)
