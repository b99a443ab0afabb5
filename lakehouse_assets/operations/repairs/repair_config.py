"""What people say of quarantined rows that they put right: the form of `<domain>_repair_quarantined_rows`."""

import dagster as dg
from pydantic import Field


class RowRepair(dg.Config):
    """What to do with one row that is quarantined, or was repaired before."""

    source_file: str = Field(description="The row's file, as the quarantine names it.")
    source_line: int = Field(description="The row's line in that file.", ge=1)
    values: dict[str, str] = Field(
        default_factory=dict,
        description="Corrected values by raw column (those of `table`), in the units as delivered: "
        '{"s4": "1400.60"}. "NaN" says that there is no reading.',
    )
    discard: bool = Field(default=False, description="Leave the row out for good, a second row of a day for example.")
    undo: bool = Field(
        default=False, description="Take the repairs of the row back, a discard too: it is as delivered again."
    )


class RepairConfig(dg.Config):
    """Who puts which quarantined rows right, and why. A domain adds `table`: which of its tables they are for."""

    who: str = Field(description="Who repairs; stands in the domain's repairs and the audit.", pattern=r"\S")
    reason: str = Field(description="Why these values are the right ones.", pattern=r"\S")
    rows: list[RowRepair] = Field(default_factory=list, description="The repairs, one a row.")
    repairs_file: str | None = Field(
        default=None,
        description="A CSV or Parquet file with more of them: columns source_file, source_line, discard or undo if "
        "wanted, and one for each raw column to correct. An empty cell leaves a value as it is.",
    )
    dry_run: bool = Field(default=True, description="Only say what would be done. Untick to do it.")
