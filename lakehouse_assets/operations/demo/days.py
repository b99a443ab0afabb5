"""Which days of a domain the demo runs: the domain says so in its `demo.yaml`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from lakehouse_assets import settings

FILE = "demo.yaml"
#: Where the domains lie.
DEFS = settings.PROJECT_ROOT / "lakehouse_assets" / "defs"


@dataclass(frozen=True)
class DemoDays:
    """A road over the days first to last, then one night."""

    domain: str
    first: date
    last: date
    night: date


def demo_domains(defs: Path) -> list[str]:
    """The domains that have a demo: those that take longest first, since two run at once."""
    files = {file.parent.name: _declared(file) for file in defs.glob(f"*/{FILE}")}
    return sorted(files, key=lambda name: (-int(files[name]["order"]), name))


def demo_days(defs: Path, domain: str, landing: Path | None, simulated_days: int | None = None) -> DemoDays | None:
    """The days of one domain; None where `LANDING` has no folder of it.

    Args:
        defs: Where the domains lie.
        domain: The domain.
        landing: `LANDING`; None means that the simulated source delivers.
        simulated_days: How many days the simulated source delivers at most; None: as many as the domain says.
    """
    declared = _declared(defs / domain / FILE)
    if landing is None:
        first, own = declared["simulated"]["first"], int(declared["simulated"]["days"])
        days = min(own, simulated_days or own)
        night = first + timedelta(days=days - 1)
        return DemoDays(domain, first, night - timedelta(days=1), night)
    if not (landing / domain).is_dir():
        return None
    return _published(domain, declared["published"], landing / domain)


def shared_days(domains: Sequence[str], simulated_days: int | None) -> list[tuple[date, date]]:
    """The days of what all domains share: one stretch for each of theirs, and one where they overlap."""
    found = [demo_days(DEFS, name, settings.landing_root(), simulated_days) for name in domains]
    stretches: list[tuple[date, date]] = []
    for first, last in sorted((one.first, max(one.last, one.night)) for one in found if one is not None):
        if stretches and first <= stretches[-1][1] + timedelta(days=1):
            stretches[-1] = (stretches[-1][0], max(last, stretches[-1][1]))
        else:
            stretches.append((first, last))
    return stretches


def _published(domain: str, declared: Mapping[str, Any], folder: Path) -> DemoDays:
    if "function" in declared:
        module, _, name = str(declared["function"]).partition(":")
        return DemoDays(domain, *getattr(importlib.import_module(module), name)(folder))
    return DemoDays(domain, declared["first"], declared["last"], declared.get("night", declared["last"]))


def _declared(file: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(sorted(one.parent.name for one in file.parents[1].glob(f"*/{FILE}")))
        raise SystemExit(f"There is no domain {file.parent.name} with a demo; expected one of {known}.") from error
