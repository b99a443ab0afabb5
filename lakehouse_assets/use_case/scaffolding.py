"""`dg scaffold defs lakehouse_assets.use_case.component.UseCase <domain>/<use case> --table … --entity … --label …`.

What it writes loads and runs as it stands; a person then says what the machine cannot know.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from string import Template

import click
import dagster as dg
from pydantic import BaseModel, Field

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.contracts.contract import Column, ContractError

_TEMPLATES = Path(__file__).parent / "templates"


class UseCaseParams(BaseModel):
    """From which table the first draft is made."""

    table: str = Field(description="A daily table with known_at, such as harmonized/milling/operations.")
    entity: str = Field(description="Its columns that, with the day, name a row; comma between them.")
    label: str = Field(description="The column to predict, of the same table; of the day after.")
    features: str = Field(description="Its number columns to predict from; comma between them.")
    owner: str = Field(default="team:data-science", description="team:… or a mail address.")


class UseCaseScaffolder(dg.Scaffolder[UseCaseParams]):
    """Writes `defs.yaml` and `functions.py`."""

    @classmethod
    def get_scaffold_params(cls) -> type[UseCaseParams]:
        """What is asked on the command line."""
        return UseCaseParams

    def scaffold(self, request: dg.ScaffoldRequest[UseCaseParams]) -> None:
        """Write both files; the folder's name is the use case's, its parent's the domain's."""
        folder = request.target_path
        try:
            words = _words(request.type_name, folder, request.params)
        except (click.UsageError, ContractError):
            _remove_if_empty(folder)
            raise
        for template, file in (("use_case.yaml.txt", "defs.yaml"), ("functions.py.txt", "functions.py")):
            text = Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)
            (folder / file).write_text(text, encoding="utf-8")
        if not _has_a_night(folder.parent):
            click.echo(
                f"Warning: no module in {folder.parent} calls domain_jobs({folder.parent.name!r}), so no night makes "
                "the predictions. Give the domain a jobs.py such as defs/milling/jobs.py.",
                err=True,
            )


def _words(kind: str, folder: Path, asked: UseCaseParams) -> dict[str, str]:
    """What the templates leave open.

    Raises:
        click.UsageError: there is no such table, or it has no such columns.
        ContractError: contracts cannot be read, so nobody can say what columns there are.
    """
    promised = _promised(folder, asked.table)
    keys, features = _columns(asked.entity, promised, asked), _columns(asked.features, promised, asked)
    (label,) = _columns(asked.label, promised, asked)
    return {
        "type": kind,
        "name": folder.name,
        "domain": folder.parent.name,
        "owner": asked.owner,
        "table": asked.table,
        "label": asked.label,
        "unit": promised[label].unit or "1",
        "entity": _noted([promised[key] for key in keys], 4),
        "keys": ", ".join(keys),
        "same_entity": " AND ".join(f"came.{key} = o.{key}" for key in keys),
        "o_keys": ", ".join(f"o.{key}" for key in keys),
        "columns": _noted([replace(promised[name], type="double") for name in features], 8),
        "key_list": repr(keys),
        "feature_list": repr(features),
    }


def _remove_if_empty(folder: Path) -> None:
    """Take back the folder that `dg` makes before it asks for the files, and those above it that it made for it."""
    while folder.name != "defs" and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _has_a_night(domain: Path) -> bool:
    """Whether a module of the domain makes its jobs (`sources.daily.domain_jobs`)."""
    calls = (
        node
        for file in domain.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "domain_jobs"
    )
    return any(ast.unparse(one.args[0]) == repr(domain.name) for one in calls if one.args)


def _promised(folder: Path, table: str) -> Mapping[str, Column]:
    """The columns of a table by its contract: a key that is written with another type would not fit the table."""
    contracts = catalogue(next((one for one in folder.parents if one.name == "defs"), folder))
    contract = contracts.get(tuple(table.split("/")))
    if contract is None:
        known = ", ".join("/".join(key) for key in sorted(contracts) if key[0] == table.split("/")[0])
        raise click.UsageError(f"--table {table}: no table of that name has a contract; expected one of {known}")
    return {one.name: one for one in contract.columns}


def _columns(asked: str, promised: Mapping[str, Column], params: UseCaseParams) -> list[str]:
    """The names in a comma-separated list, each a column of the table."""
    names = [one.strip() for one in asked.split(",")]
    strange = [name for name in names if name not in promised]
    if strange:
        raise click.UsageError(f"{params.table} has no columns {strange}; it has {', '.join(promised)}")
    return names


def _noted(columns: list[Column], indent: int) -> str:
    """Columns as entries of a mapping, in the words of the table's contract."""
    return "\n".join(" " * indent + f"{one.name}: {json.dumps(_note(one), ensure_ascii=False)}" for one in columns)


def _note(column: Column) -> dict[str, str]:
    unit = {"unit": column.unit} if column.unit else {}
    words = column.description or column.name.replace("_", " ").capitalize() + "."
    return {"type": column.type, **unit, "description": words}
