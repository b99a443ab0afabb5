"""The domain's road and its night, and which night a file belongs to."""

import dagster as dg

from lakehouse_assets.defs.energy.days import SOURCE
from lakehouse_assets.sources.daily import domain_jobs

#: What a file's name says to the night.
named_file = SOURCE.named_file


@dg.definitions
def jobs() -> dg.Definitions:
    """Everything that belongs to the domain says so by its tag."""
    return domain_jobs("energy")
