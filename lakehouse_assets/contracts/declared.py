"""Contracts of tables that a component makes: they follow from its YAML, so no schema is written twice.

A component class that makes tables has a static method ``contracts(attributes, file, written)``. It is found by the
``type:`` of the YAML, so this room knows no component.
"""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lakehouse_assets.contracts.contract import Contract, ContractError
from lakehouse_assets.contracts.located import LocatedYaml, Problem

#: Stands between the YAML's file and the table's name in the name of such a contract: ``…/defs.yaml#predictions``.
MARK = "#"


#: A component's YAML is asked for its name and for its contracts; parsing it each time took a hundredth of loading.
_read = cache(LocatedYaml)


def component_files(folder: Path) -> list[Path]:
    """The components' files below a folder."""
    return sorted(folder.rglob("defs.yaml"))


def component_name(file: Path) -> str | None:
    """The name that a component's YAML gives it; None if it gives none or is no YAML (loading it tells why)."""
    try:
        told = _read(file, file.read_text(encoding="utf-8")).data
    except yaml.MarkedYAMLError:
        return None
    attributes = told.get("attributes") if isinstance(told, dict) else None
    name = attributes.get("name") if isinstance(attributes, dict) else None
    return name if isinstance(name, str) else None


def declared_contracts(file: Path, written: Mapping[tuple[str, ...], Contract]) -> Iterator[Contract]:
    """The contracts that follow from a component's YAML; none if its class makes no tables.

    Args:
        file: The YAML.
        written: Contracts that have files of their own; a table that has one gets no other.

    Raises:
        ContractError: the YAML cannot be read as its component, with the line.
    """
    try:
        text = _read(file, file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError([Problem(file, line, f"no YAML: {error.problem}")]) from error
    contracts = getattr(_component(text), "contracts", None)
    if contracts is None:
        return
    try:
        made = contracts(text.data.get("attributes") or {}, file, written)
        yield from (contract for contract in made if contract.key not in written)
    except ValidationError as error:
        raise ContractError(
            [text.problem(("attributes", *one["loc"]), f"{'.'.join(map(str, one['loc']))}: {one['msg']}")
             for one in error.errors()]
        ) from error  # fmt: skip


def _component(text: LocatedYaml) -> Any:
    """The component's class; None for a file that names none (a folder's post-processing, say)."""
    kind = text.data.get("type") if isinstance(text.data, dict) else None
    module, _, name = str(kind or "").rpartition(".")
    if not module.startswith("lakehouse_assets"):
        return None
    return getattr(importlib.import_module(module), name, None)
