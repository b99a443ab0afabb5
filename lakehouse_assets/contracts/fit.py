"""Whether contracts fit what they are about: the assets, Great Expectations, and the tables that are there."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lakehouse_assets.contracts.catalogue import Catalogue
from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.contracts.located import LocatedYaml, Place, Problem

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake

_KEY: Place = ("schema", 0, "physicalName")
#: Dagster's mark on a key that is only named as a dependency. The SQL views depend on the table of every contract, so
#: that a contract for a table that nobody makes would count as an asset.
_NAMED_ONLY = "dagster/auto_created_stub_asset"


def misfits(contracts: Catalogue, specs: Iterable[dg.AssetSpec], lake: "Lake | None", home: Path) -> list[Problem]:
    """Everything in which contracts, assets and tables disagree.

    Args:
        contracts: The catalogue; each file alone is sound.
        specs: All assets; those of kind `deltalake` must have a contract.
        lake: Its tables must be as promised; None where there is no lake to look at.
        home: The folder that holds the contracts, named where one is missing.
    """
    by_key = {tuple(spec.key.path): spec for spec in specs if not spec.metadata.get(_NAMED_ONLY)}
    problems = [
        Problem(
            home,
            1,
            f"asset {'/'.join(key)} has no contract; draft one: "
            f"python -m lakehouse_assets.operations.contracts scaffold {'/'.join(key)}",
        )
        for key, spec in sorted(by_key.items())
        if "deltalake" in spec.kinds and key not in contracts
    ]
    for key, contract in sorted(contracts.items()):
        file = LocatedYaml(contract.path, contract.path.read_text(encoding="utf-8"))
        problems += _rules(contract, file)
        if key not in by_key:
            problems.append(file.problem(_KEY, f"there is no asset {'/'.join(key)}"))
            continue
        problems += _layout(contract, by_key[key], file)
        if lake is not None and lake.exists(key):
            problems += _table(contract, lake, file)
    return problems


def _rules(contract: Contract, file: LocatedYaml) -> Iterator[Problem]:
    from lakehouse_assets.contracts.checks import expectation

    for number, rule in enumerate(contract.rules):
        try:
            expectation(rule)
        except ValueError as error:
            told = " ".join(str(error).split())
            yield file.problem(("schema", 0, "quality", number, "implementation"), f"quality rule {rule.name}: {told}")


def _layout(contract: Contract, spec: dg.AssetSpec, file: LocatedYaml) -> Iterator[Problem]:
    """Partition column and merge keys, as the asset and as the contract say them."""
    expression = _said(spec, "partition_expr")
    found = expression.values() if isinstance(expression, Mapping) else [expression] if expression else []
    columns = [str(column) for column in found]
    if sorted(columns) != sorted(contract.partition_columns):
        asset, promised = (", ".join(names) or "no column" for names in (columns, contract.partition_columns))
        place = _column(contract, contract.partition_columns, "partitioned")
        yield file.problem(place, f"the asset is partitioned by {asset}, the contract's `partitioned` says {promised}")
    keys = _said(spec, "merge_keys") or []
    for key in keys if isinstance(keys, list | tuple) else [keys]:
        if key not in contract.column_names:
            yield file.problem(("schema", 0, "properties"), f"the asset merges by {key!r}, which is no column here")


def _said(spec: dg.AssetSpec, name: str) -> object:
    value = spec.metadata.get(name)
    return getattr(value, "value", value)


def _table(contract: Contract, lake: "Lake", file: LocatedYaml) -> Iterator[Problem]:
    from lakehouse_assets.contracts.promise import table_promise
    from lakehouse_assets.lake.writing.promise import table_misfits

    uri = lake.table_uri(contract.key)
    for text in table_misfits(lake.schema(contract.key), table_promise(contract)):
        named = [name for name in contract.column_names if repr(name) in text]
        yield file.problem(_column(contract, named, "physicalType"), f"table {uri}: {text}")


def _column(contract: Contract, named: list[str], entry: str) -> Place:
    """Where a column stands; the list of columns where none is named."""
    if not named:
        return ("schema", 0, "properties")
    return ("schema", 0, "properties", contract.column_names.index(named[0]), entry)
