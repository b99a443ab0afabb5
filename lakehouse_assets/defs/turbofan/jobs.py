"""The domain's road and its night, and which night a file belongs to."""

import dagster as dg

from lakehouse_assets.sources.daily import domain_jobs
from lakehouse_assets.sources.named_file import NamedFile
from lakehouse_assets.sources.turbofan.names import parse_maintenance_name, parse_name


@dg.definitions
def jobs() -> dg.Definitions:
    """Everything that belongs to the domain says so by its tag."""
    return domain_jobs("turbofan")


def named_file(name: str) -> NamedFile | None:
    """What a file's name says; None for a name that is none of the domain's.

    The night waits for sensor rows; remaining lives and maintenance records are taken whenever they come.
    """
    said = parse_name(name)
    if said is not None:
        return NamedFile(said.day, awaited=said.kind != "RUL")
    work = parse_maintenance_name(name)
    return NamedFile(work.day, awaited=False) if work is not None else None
