"""`dg scaffold defs lakehouse_assets.use_case.component.UseCase <domain>/<use case> --table … --entity … --label …`.

What it writes loads and runs as it stands; a person then says what the machine cannot know.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

import dagster as dg
from pydantic import BaseModel, Field

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
        asked, folder = request.params, request.target_path
        keys = [one.strip() for one in asked.entity.split(",")]
        features = [one.strip() for one in asked.features.split(",")]
        words = {
            "type": request.type_name,
            "name": folder.name,
            "domain": folder.parent.name,
            "owner": asked.owner,
            "table": asked.table,
            "label": asked.label,
            "entity": _noted(keys, "string", 4),
            "keys": ", ".join(keys),
            "same_entity": " AND ".join(f"came.{key} = o.{key}" for key in keys),
            "o_keys": ", ".join(f"o.{key}" for key in keys),
            "columns": _noted(features, "double", 8),
            "key_list": repr(keys),
            "feature_list": repr(features),
        }
        for template, file in (("use_case.yaml.txt", "defs.yaml"), ("functions.py.txt", "functions.py")):
            text = Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)
            (folder / file).write_text(text, encoding="utf-8")


def _noted(names: list[str], kind: str, indent: int) -> str:
    """Columns as entries of a mapping, described by their own names until a person does better."""
    words = {name: name.replace("_", " ").capitalize() for name in names}
    return "\n".join(f'{" " * indent}{name}: {{type: {kind}, description: "{words[name]}."}}' for name in names)
