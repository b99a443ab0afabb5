"""The domain's road and its night, and which night a file belongs to."""

import dagster as dg

from lakehouse_assets.defs.milling.days import SOURCE
from lakehouse_assets.sources.daily import domain_jobs
from lakehouse_assets.sources.named_file import NamedFile


@dg.definitions
def jobs() -> dg.Definitions:
    """Everything that belongs to the domain says so by its tag."""
    return domain_jobs("milling")


def named_file(name: str) -> NamedFile | None:
    """What a file's name says; None for a name that is none of the domain's."""
    said = SOURCE.parse_name(name)
    return NamedFile(said.day) if said is not None else None
