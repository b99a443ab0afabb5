"""The landing folder as a Dagster resource."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from lakehouse_assets.sources.landing import LandingFile


class LandingZone(dg.ConfigurableResource[None]):
    """Where source systems deliver their files: one folder with one subfolder a domain."""

    root: str
    simulated: bool

    def folder(self, domain: str) -> Path:
        """The domain's landing folder; made when the simulated plant delivers there.

        Raises:
            FileNotFoundError: `LANDING` names a folder without a subfolder for the domain.
        """
        folder = Path(self.root) / domain
        if self.simulated:
            folder.mkdir(parents=True, exist_ok=True)
        elif not folder.is_dir():
            raise FileNotFoundError(
                f"landing folder {folder} does not exist. LANDING={self.root} must name a folder with one subfolder a "
                f"domain, so that {domain}'s files lie in {folder}; unset LANDING to let the simulated plant deliver."
            )
        return folder

    def listed(self, domain: str) -> list[LandingFile]:
        """The domain's delivered files; none where `LANDING` has folders of other domains only.

        Raises:
            FileNotFoundError: `LANDING` names no folder at all.
        """
        from lakehouse_assets.sources.landing import list_landing

        if self.has_folder(domain):
            return list_landing(self.folder(domain))
        if not Path(self.root).is_dir():
            raise FileNotFoundError(
                f"landing folder {self.root} does not exist. LANDING must name a folder with one subfolder a domain; "
                "unset it to let the simulated plant deliver."
            )
        return []

    def has_folder(self, domain: str) -> bool:
        """Whether the domain delivers at all: the simulated plant always does."""
        return self.simulated or (Path(self.root) / domain).is_dir()

    def is_retired(self, domain: str) -> bool:
        """Whether somebody said that the domain delivers no more: its folder was renamed to `<domain>.retired`."""
        return not self.has_folder(domain) and (Path(self.root) / f"{domain}.retired").is_dir()
