"""A copy of the project with one more use case, and what running that one left."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets_tests.conftest import PROJECT, state_in

NAME, COMPONENT = "tool_wear", "lakehouse_assets.use_case.component.UseCase"
DOMAIN = "lakehouse_assets/defs/milling"
#: What a person says after scaffolding.
SAID = {
    '"Say what is predicted, and who does what with it."': "Wear of a tool tomorrow, for the tool store.",
    "    rounds: 100\n": "    rounds: 20\n  tuning: {space: {num_leaves: {low: 3, high: 12}}, folds: 2, by: time}\n",
}


@dataclass(frozen=True)
class Copy:
    """The project as git knows it, in a folder of its own, with no data."""

    folder: Path

    def dg(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A `dg` command in the copy, of the copy's package."""
        program = Path(sys.executable).with_name("dg")
        return subprocess.run(
            [str(program), *command], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    @property
    def environment(self) -> dict[str, str]:
        state = state_in(self.folder.with_name(f"{self.folder.name}_state"))
        return {**state, "PYTHONPATH": str(self.folder), "VIRTUAL_ENV": sys.prefix}

    def check(self) -> str:
        """What `dg check defs` says; it must pass."""
        done = self.dg("check", "defs", "--use-active-venv")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def change(self, file: str, changes: Mapping[str, str]) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def git(self, *command: str) -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        return subprocess.run(
            ["git", *who, *command], cwd=self.folder, capture_output=True, text=True, check=True
        ).stdout


def copy_of_the_project(folder: Path) -> Copy:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
    for file in filter(None, files):
        if (PROJECT / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / file, folder / file)
    copy = Copy(folder)
    copy.git("init", "--quiet")
    copy.git("add", "--all")
    copy.git("commit", "--quiet", "--message", "As it was")
    return copy


def with_a_fourth(folder: Path) -> Copy:
    """The copy after a person scaffolded a use case and said what they want; nothing else was touched."""
    made = copy_of_the_project(folder)
    asked = {
        "table": "harmonized/milling/operations",
        "entity": "machine_id,product_number",
        "label": "tool_wear",
        "features": "torque,rotational_speed,tool_wear",
    }
    options = [word for name, value in asked.items() for word in (f"--{name}", value)]
    done = made.dg("scaffold", "defs", COMPONENT, f"milling/{NAME}", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    made.change(f"{DOMAIN}/{NAME}/defs.yaml", SAID)
    return made


@dataclass(frozen=True)
class Ran:
    """What the days of the use case left (`fourth_days`)."""

    environment: dict[str, str]
    told: dict[str, Any]

    @property
    def lake(self) -> Lake:
        return Lake(self.environment["LAKE_URI"])

    @property
    def registry(self) -> ModelRegistry:
        return ModelRegistry(tracking_uri=self.environment["MLFLOW_TRACKING_URI"], artifact_root="file:///none")

    def step(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.told["steps"][name]
        return found

    def rows(self, table: str, step: str) -> pd.DataFrame:
        """A table as it was after a step."""
        version = self.step(step)["tables"][f"delivery/{NAME}/{table}"]
        rows = self.lake.read_pandas(["delivery", NAME, table], version=version)
        return rows.sort_values(["day", "machine_id", "product_number"], ignore_index=True)

    @property
    def record(self) -> pd.DataFrame:
        """Every decision, in its order."""
        return self.lake.read_pandas(["models", NAME, "champion"]).sort_values("decided_at", ignore_index=True)


def run_its_days(copy: Copy) -> Ran:
    """Run `fourth_days` in the copy."""
    environment = copy.environment
    script = copy.folder / "lakehouse_assets_tests" / "end_to_end" / "fourth_days.py"
    done = subprocess.run(
        [sys.executable, str(script), NAME],
        env=environment,
        cwd=copy.folder,
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return Ran(environment, json.loads(done.stdout.splitlines()[-1]))
