"""A harmonized table and its quarantine: made from raw rows, and from what people put right in them.

Dagster imports this with the definitions, so what is heavy is imported inside the functions that run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts.contract import Contract

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from lakehouse_assets.lake.table import Lake

Typed = Callable[[Sequence[Any], Any], Any]
"""Frames of the raw tables, of whole days, and the table's repairs -> its rows, with the place that each came from."""


@dataclass(frozen=True)
class Harmonised:
    """What raw rows come to: frames of the rows that keep the contract and of the others, and both as tables."""

    rows: "pd.DataFrame"
    broken: "pd.DataFrame"
    table: "pa.Table"
    set_aside: "pa.Table"


@dataclass(frozen=True)
class HarmonizedTable:
    """A harmonized table of a domain.

    Attributes:
        promise: Its contract.
        quarantine: The contract of its quarantine.
        raw: Keys of the raw tables that it is made from.
        typed: Makes its rows from theirs; a row that was repaired has its repaired values, and is known since then.
        delivered: Raw columns that were delivered; the others say where a row came from.
        repairable: Those of them that a repair may set: never what tells whose row it is, or when it happened.
    """

    promise: Contract
    quarantine: Contract
    raw: tuple[Sequence[str], ...]
    typed: Typed
    delivered: Sequence[str]
    repairable: Sequence[str]

    @property
    def name(self) -> str:
        """The table's name within its domain, by which its repairs name it."""
        return self.promise.key[-1]

    @property
    def has_days(self) -> bool:
        """Whether it is made by days."""
        return bool(self.promise.partition_columns)

    @property
    def repairs_key(self) -> list[str]:
        """The asset key of the domain's repairs."""
        return repairs_key(self.promise.key[1])

    def harmonised(self, raw: "Sequence[pd.DataFrame]", repairs: "pd.DataFrame | None" = None) -> Harmonised:
        """The table's rows, and those that break its contract with their source rows as delivered or last repaired.

        Args:
            raw: Frames of the raw tables, of whole days.
            repairs: `repairs_in` of the lake; None of a table whose rows nobody repairs.
        """
        from lakehouse_assets.contracts.conform import conform, to_arrow

        split = conform(self.typed(raw, repairs), self.promise)
        aside = self._set_aside(split.broken, raw, repairs)
        return Harmonised(split.rows, split.broken, to_arrow(split.rows, self.promise), aside)

    def repairs_in(self, lake: "Lake") -> "pd.DataFrame":
        """The repairs of its rows; none where nobody has repaired anything."""
        import pandas as pd

        from lakehouse_assets.contracts.repairs import REPAIR_COLUMNS

        if not lake.exists(self.repairs_key):
            return pd.DataFrame(columns=REPAIR_COLUMNS)
        return lake.read_pandas(self.repairs_key, where={"table": self.name})

    def _set_aside(
        self, broken: "pd.DataFrame", raw: "Sequence[pd.DataFrame]", repairs: "pd.DataFrame | None"
    ) -> "pa.Table":
        import pandas as pd

        from lakehouse_assets.contracts.quarantine import RAW_PLACE, quarantine_table
        from lakehouse_assets.contracts.repairs import apply_repairs

        frames = [frame for frame in raw if len(frame) and len(broken)] or [raw[0].iloc[:0]]
        values = [name for name in self.delivered if name in frames[0].columns]
        ours = pd.concat([frame[[*RAW_PLACE, *values]] for frame in frames], ignore_index=True)
        ours = ours if repairs is None else apply_repairs(ours, repairs)
        return quarantine_table(broken, ours, values, self.quarantine)


def repairs_key(domain: str) -> list[str]:
    """The asset key of a domain's repairs."""
    return ["raw", domain, "repairs"]
