"""A declared use case with all that its assets need to be built: its folder, partitions, tables' contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.code_version import DECLARED, combined, function_version
from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.sources.daily import CADENCE
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.declaring.declared_table import View
from lakehouse_assets.use_case.declaring.functions import load_function, source_of
from lakehouse_assets.use_case.tables.contracts import feature_columns

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec
    from lakehouse_assets.use_case.observations import Source


def candidate_file() -> str:
    """Where training is written: its source is part of a model's origin."""
    return str(Path(__file__).parent / "training" / "candidate.py")


Contracts = Mapping[tuple[str, ...], Contract]


@dataclass(frozen=True)
class Plan:
    """One use case, ready to become assets.

    Attributes:
        declaration: What its YAML says.
        folder: Where the YAML lies, with its SQL and functions.
        contracts: All contracts of the platform.
    """

    declaration: Declaration
    folder: Path
    contracts: Contracts

    @property
    def name(self) -> str:
        """The use case's name."""
        return self.declaration.name

    @cached_property
    def days(self) -> dg.DailyPartitionsDefinition:
        """Its daily partitions."""
        return dg.DailyPartitionsDefinition(start_date=self.declaration.first_day.isoformat())

    def key(self, zone: str, table: str) -> dg.AssetKey:
        """The asset key of one of its tables."""
        return dg.AssetKey(self.declaration.key(zone, table))

    def contract(self, zone: str, table: str) -> Contract:
        """The contract of one of its tables."""
        return self.contracts[tuple(self.declaration.key(zone, table))]

    def tags(self, cadence: str) -> dict[str, str]:
        """What tells its assets from others: domain, use case, and when they are made (`sources.daily`)."""
        return {"domain": self.declaration.domain, "use_case": self.name, CADENCE: cadence}

    def dep(self, table: str, days: int = 1, ahead: int = 0, night: bool = True) -> dg.AssetDep:
        """A dependency of a daily (``night``) or unpartitioned asset on a table.

        Args:
            table: Asset key joined by /.
            days: How many days of it a day needs, the day itself included.
            ahead: By how many days its partitions lie after those of the asset.
            night: Whether the asset has daily partitions.
        """
        key = dg.AssetKey(table.split("/"))
        if not night or not self._is_daily(table):
            return dg.AssetDep(key)
        mapping = dg.TimeWindowPartitionMapping(
            start_offset=ahead - (days - 1), end_offset=ahead, allow_nonexistent_upstream_partitions=True
        )
        return dg.AssetDep(key, partition_mapping=mapping)

    def _is_daily(self, table: str) -> bool:
        contract = self.contracts.get(tuple(table.split("/")))
        return contract is not None and "day" in contract.partition_columns

    @cached_property
    def features(self) -> list[str]:
        """Names of all features, in the order of the views."""
        return [name for view in self.declaration.features for name in self.features_of(view)]

    def features_of(self, view: View) -> list[str]:
        """Names of a view's features."""
        return [one.name for one in feature_columns(view, self.declaration, self.contracts)]

    @cached_property
    def learned_tables(self) -> list[str]:
        """Every table that a training set is made from, in a fixed order."""
        declared = self.declaration
        tables = [
            *declared.observations.inputs.values(),
            *declared.labels.inputs.values(),
            *(declared.table_of(view) for view in declared.features),
            *([declared.monitoring.table] if declared.monitoring.table else []),
        ]
        return list(dict.fromkeys(tables))

    @cached_property
    def named_tables(self) -> list[str]:
        """Every table that the YAML names, those that the use case makes itself left out."""
        declared = self.declaration
        inputs = [one.table for view in declared.features for one in view.inputs.values()]
        extra = [table for one in declared.evaluation.extra.values() for table in one.inputs.values()]
        own = f"delivery/{self.name}/"
        return [one for one in dict.fromkeys([*self.learned_tables, *inputs, *extra]) if not one.startswith(own)]

    @cached_property
    def views(self) -> Sequence[ViewSpec]:
        """The feature views as the retrieval takes them."""
        from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec

        return tuple(
            ViewSpec(
                table=self.declaration.table_of(view),
                keys=tuple(view.keys or self.declaration.keys),
                event_time=view.event_time,
                known_at=view.known_at,
                features=tuple(self.features_of(view)),
                limit=timedelta(days=view.limit_days),
            )
            for view in self.declaration.features
        )

    @cached_property
    def watched(self) -> list[str]:
        """The monitored columns, without the prediction."""
        return self.declaration.monitoring.columns or self.features

    def function(self, reference: str) -> Any:
        """One of the use case's functions, imported."""
        return load_function(self.folder, reference)

    def source(self, lake: Lake, versions: Mapping[str, int] | None = None) -> Source:
        """The lake as the queries read it."""
        from lakehouse_assets.use_case.observations import Source

        return Source(lake, versions or {})

    def declared(self, *parts: Any) -> dict[str, str]:
        """Metadata with the version of the parts of the YAML that decide an asset's rows, and of their functions.

        Args:
            parts: Sections, or plain values out of them. A function counts if it is named in ``references``.
        """
        told = [one.model_dump_json() if hasattr(one, "model_dump_json") else repr(one) for one in parts]
        named = [self.function_version(one) for one in self.references if any(one in text for text in told)]
        statements = [one.read_text(encoding="utf-8") for one in self.statements if any(one.name in t for t in told)]
        return {DECLARED: combined(*told, *named, *statements)}

    def function_version(self, reference: str) -> str:
        """The version of one of the use case's functions, with all that it uses."""
        return function_version(*source_of(self.folder, reference))

    def feature_version(self, view: View) -> str:
        """What its rows carry if the function says none itself: the version of function, inputs and names."""
        inputs = {name: one.model_dump(mode="json") for name, one in view.inputs.items()}
        return combined(self.function_version(view.function or ""), repr(inputs), ",".join(self.features_of(view)))

    @property
    def training_code(self) -> str:
        """The version of the code that trains: of the tasks, and of the functions that choose rows."""
        declared = self.declaration.model
        named = [self.function_version(declared.band_rows)] if declared.band_rows else []
        return combined(function_version(Path(candidate_file()), "ingredients"), *named, repr(declared.train_where))

    @cached_property
    def statements(self) -> list[Path]:
        """The use case's SQL files."""
        return sorted(self.folder.glob("*.sql"))

    @cached_property
    def references(self) -> list[str]:
        """Every function that the YAML names."""
        one = self.declaration
        named: Iterable[str | None] = [
            one.observations.function,
            one.labels.function,
            *(view.function for view in one.features),
            one.model.band_rows,
            one.evaluation.rows,
            *(metric.function for metric in one.evaluation.metrics.values()),
            *(extra.function for extra in one.evaluation.extra.values()),
        ]
        return [reference for reference in named if reference]
