"""The domain's road, its night, and the night's schedule."""

import dagster as dg

from lakehouse_assets.sources.daily import domain_jobs


@dg.definitions
def jobs() -> dg.Definitions:
    """Everything that belongs to the domain says so by its tag."""
    return domain_jobs("energy")
