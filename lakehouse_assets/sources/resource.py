"""The landing folder as a Dagster resource."""

from pathlib import Path

import dagster as dg


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
