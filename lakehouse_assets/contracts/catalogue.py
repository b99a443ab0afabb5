"""All contracts of a folder, by the asset that each is about."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from lakehouse_assets.contracts.contract import EVERY_DOMAIN, Contract, ContractError, of_domain
from lakehouse_assets.contracts.declared import MARK, component_files, component_name, declared_contracts
from lakehouse_assets.contracts.located import LocatedYaml, Problem
from lakehouse_assets.contracts.odcs.reading import load_contract

Catalogue = Mapping[tuple[str, ...], Contract]


def contract_files(folder: Path) -> list[Path]:
    """The contract files below a folder: `<domain>/contracts/<zone>/<table>.yaml`."""
    return sorted(path for contracts in folder.rglob("contracts") for path in contracts.rglob("*.yaml"))


@cache
def catalogue(folder: Path, thorough: bool = False) -> Catalogue:
    """Asset key -> contract, for all contracts below a folder; `thorough` as in `load_contract`.

    First those that have a file of their own, then those for every domain, then those that follow from components'
    YAML.

    Raises:
        ContractError: with every problem of every file.
    """
    found: dict[tuple[str, ...], Contract] = {}
    problems = []
    for contract in map(_of_its_component, _loaded(folder, thorough)):
        if isinstance(contract, ContractError):
            problems += contract.problems
        elif contract.key in found:
            table = "/".join(contract.key)
            problems.append(
                Problem(contract.path, 1, f"table {table} has a contract already: {found[contract.key].path}")
            )
        else:
            found[contract.key] = contract
    for contract in [one for one in found.values() if EVERY_DOMAIN in one.key]:
        found = _in_each_domain(found.pop(contract.key), found) | found
    written = dict(found)
    named: dict[str, Path] = {}
    for file in component_files(folder):
        try:
            declared = {contract.key: contract for contract in declared_contracts(file, written)}
        except ContractError as error:
            problems += error.problems
            continue
        if declared:
            # Their tables have no files, so two of one name would silently be one: that of the later file.
            problems += _name_taken(file, named)
        found |= declared
    if problems:
        raise ContractError(problems)
    return found


def contract_named(path: Path) -> Contract:
    """One contract: that of a file, or one of several that follow from it (``…/defs.yaml#predictions``).

    Raises:
        ContractError: as in `catalogue`.
        KeyError: no contract of that name follows from the file.
    """
    file, _, part = str(path).partition(MARK)
    if not part:
        return load_contract(path, False)
    return _declared(Path(file))[part]


@cache
def _declared(file: Path) -> Mapping[str, Contract]:
    """The contracts that follow from one YAML by their parts; those of the whole folder tell a component's inputs."""
    home = next((folder for folder in file.parents if folder.name == "defs"), file.parent)
    return {one.part: one for one in catalogue(home).values() if one.path == file}


def _in_each_domain(contract: Contract, found: Catalogue) -> dict[tuple[str, ...], Contract]:
    """The contract as that of each domain that has other tables in its zone."""
    domains = sorted({key[1] for key in found if key[0] == contract.key[0]})
    return {one.key: one for one in (of_domain(contract, domain) for domain in domains)}


def _of_its_component(contract: Contract | ContractError) -> Contract | ContractError:
    """A contract below a component's folder is of that component's table, under whatever name the component has now."""
    if isinstance(contract, ContractError):
        return contract
    beside = next((one.parent / "defs.yaml" for one in contract.path.parents if one.name == "contracts"), None)
    name = component_name(beside) if beside is not None and beside.is_file() else None
    return contract if name is None else replace(contract, key=(contract.key[0], name, *contract.key[2:]))


def _name_taken(file: Path, named: dict[str, Path]) -> list[Problem]:
    """The problem that a component before this one has its name already; else it is told to those after it."""
    name = component_name(file)
    first = file if name is None else named.setdefault(name, file)
    if first == file:
        return []
    place = ("attributes", "name")
    here, there = (LocatedYaml(one, one.read_text(encoding="utf-8")) for one in (file, first))
    return [here.problem(place, f"name {name!r} is taken: {there.problem(place, 'has it')}. Give one of them another.")]


def _loaded(folder: Path, thorough: bool) -> Iterator[Contract | ContractError]:
    for path in contract_files(folder):
        try:
            yield load_contract(path, thorough)
        except ContractError as error:
            yield error
