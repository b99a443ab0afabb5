"""All contracts of a folder, by the asset that each is about."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from lakehouse_assets.contracts.contract import Contract, ContractError, load_contract
from lakehouse_assets.contracts.located import Problem

Catalogue = Mapping[tuple[str, ...], Contract]


def contract_files(folder: Path) -> list[Path]:
    """The contract files below a folder: `<domain>/contracts/<zone>/<table>.yaml`."""
    return sorted(path for contracts in folder.rglob("contracts") for path in contracts.rglob("*.yaml"))


@cache
def catalogue(folder: Path, thorough: bool = False) -> Catalogue:
    """Asset key -> contract, for all contracts below a folder; `thorough` as in `read_contract`.

    Raises:
        ContractError: with every problem of every file.
    """
    found: dict[tuple[str, ...], Contract] = {}
    problems = []
    for contract in _loaded(folder, thorough):
        if isinstance(contract, ContractError):
            problems += contract.problems
        elif contract.key in found:
            table = "/".join(contract.key)
            problems.append(
                Problem(contract.path, 1, f"table {table} has a contract already: {found[contract.key].path}")
            )
        else:
            found[contract.key] = contract
    if problems:
        raise ContractError(problems)
    return found


def _loaded(folder: Path, thorough: bool) -> Iterator[Contract | ContractError]:
    for path in contract_files(folder):
        try:
            yield load_contract(path, thorough)
        except ContractError as error:
            yield error
