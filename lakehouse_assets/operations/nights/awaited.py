"""Whose files nights wait for: the domains that have a landing folder, and those that had one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.parts import LANDING
from lakehouse_assets.sources.landing import LandingError

if TYPE_CHECKING:
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

    from lakehouse_assets.sources.resource import LandingZone


def awaited(
    instance: dg.DagsterInstance,
    assets: BaseAssetGraph,  # type: ignore[type-arg]
    landing: LandingZone,
) -> dict[str, date]:
    """The domains whose files nights wait for, each with its first day; none where the plant is simulated.

    A folder that is gone is no word of its source: a share may be away. Who delivers no more has its folder renamed to
    `<domain>.retired`. A domain that never had one is awaited by nobody.
    """
    found: dict[str, date] = {}
    for key in () if landing.simulated else assets.get_all_asset_keys():
        days, domain = assets.get(key).partitions_def, key.path[1]
        if key.path[0] == LANDING and isinstance(days, dg.DailyPartitionsDefinition):
            gone = not landing.has_folder(domain)
            if not gone or (not landing.is_retired(domain) and asked.delivered_files(instance, domain)):
                found[domain] = days.start.date()
    return found


def require_folders(landing: LandingZone, domains: Collection[str]) -> None:
    """Refuse to ask for nights of a plant of whose domains none has a folder.

    A mount point without its disk is an empty folder: nights without any domain would be made, and be over.

    Raises:
        FileNotFoundError: `LANDING` names no folder, or one that has none of any domain.
        LandingError: it answers with an error.
    """
    if landing.simulated:
        return
    root, trouble = Path(landing.root), None
    for folder in (root / f"{domain}{ending}" for domain in sorted(domains) for ending in ("", ".retired")):
        try:
            if folder.is_dir():
                return
        except OSError as error:
            trouble = error
    if trouble is not None:
        raise LandingError(
            f"landing folder {landing.root} cannot be looked at ({trouble.strerror}): is its disk there, and may the "
            "user who runs the platform enter it? No night is asked for until it can; it is made up then."
        ) from trouble
    found = "has no folder of any domain" if root.is_dir() else "does not exist"
    raise FileNotFoundError(
        f"landing folder {landing.root} {found} ({', '.join(sorted(domains))}): is its disk mounted? LANDING must name "
        "a folder with one subfolder a domain; unset it to let the simulated plant deliver."
    )
