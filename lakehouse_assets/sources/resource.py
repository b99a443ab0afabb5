"""The landing folder as a Dagster resource."""

from __future__ import annotations

import errno
from collections.abc import Mapping
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
        elif not self.has_folder(domain):
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

    def require_files(self, domain: str, run_tags: Mapping[str, str]) -> None:
        """Refuse to take nothing in a run that was asked for because files of the domain were there.

        A share that is away leaves an empty folder. The day would be made without a row, and nobody would ask again.

        Raises:
            LandingError: nothing is there any more; one that can pass, so the step is tried again.
        """
        from lakehouse_assets.sources.daily import NIGHT_TAG
        from lakehouse_assets.sources.landing import LandingError

        if self.simulated or f"{NIGHT_TAG}.{domain}" not in run_tags or self.listed(domain):
            return
        error = LandingError(
            f"landing folder {Path(self.root) / domain}: expected the files for which this run was asked for, found "
            f"none. Bring the folder back and make the run again; to make the day without files, run {domain}_nightly."
        )
        error.errno = errno.ESTALE  # as of a network's disk that is away (`lake.passing`)
        raise error

    def has_folder(self, domain: str) -> bool:
        """Whether the domain delivers at all: the simulated plant always does, and so does a folder in trouble."""
        from lakehouse_assets.sources.landing import is_folder

        return self.simulated or is_folder(Path(self.root) / domain)

    def is_retired(self, domain: str) -> bool:
        """Whether somebody said that the domain delivers no more: its folder was renamed to `<domain>.retired`."""
        return not self.has_folder(domain) and (Path(self.root) / f"{domain}.retired").is_dir()
