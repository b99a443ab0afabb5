"""An asset's code version changes when the source that decides its rows does, and at nothing else."""

from pathlib import Path

import pytest

from lakehouse_assets import code_version as module

CACHES = [one for one in vars(module).values() if hasattr(one, "cache_clear")]

ASSETS = """
from {package}.features import shapes
from {package}.lake import tables

FACTOR = 2
QUERY = "rows.sql"


def helper(x):
    return x * FACTOR


@asset(
    name="first",
)
def first():
    return helper(1)


@asset
def second():
    from {package}.features.sizes import size

    return size(QUERY)


def third():
    return 3
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A small project in a folder; ``version(name)`` gives the version of a function of its asset module."""
    files = {
        "defs/assets.py": ASSETS.format(package=module.PACKAGE),
        "defs/sql/rows.sql": "SELECT 1",
        "defs/sql/other.sql": "SELECT 2",
        "features/__init__.py": "",
        "features/shapes.py": f"from {module.PACKAGE}.features.deep import d\n",
        "features/deep.py": "d = 1\n",
        "features/sizes.py": f"from {module.PACKAGE}.features import (\n    deep,\n)\nsize = len\n",
        "features/unused.py": "x = 1\n",
        "lake/__init__.py": "",
        "lake/tables.py": "t = 1\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(module, "PROJECT", tmp_path)

    def version(name: str) -> str:
        for cached in CACHES:
            cached.cache_clear()
        file = tmp_path / "defs" / "assets.py"
        lines = file.read_text().replace("\r\n", "\n").split("\n")
        line = next(number for number, text in enumerate(lines, start=1) if text.startswith(f"def {name}("))
        return module.code_version(file, line)

    yield tmp_path, version
    version("first")
    for cached in CACHES:
        cached.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new", "changes"),
    [
        ("defs/assets.py", "helper(1)", "helper(9)", {"first"}),
        ("defs/assets.py", 'name="first"', 'name="First"', {"first"}),
        ("defs/assets.py", "x * FACTOR", "x + FACTOR", {"first"}),
        ("defs/assets.py", "FACTOR = 2", "FACTOR = 3", {"first"}),
        ("defs/assets.py", "return 3", "return 4", {"third"}),
        ("defs/sql/rows.sql", "SELECT 1", "SELECT 7", {"second"}),
        ("defs/sql/other.sql", "SELECT 2", "SELECT 7", set()),
        ("features/sizes.py", "len", "max", {"second"}),
        ("features/deep.py", "d = 1", "d = 2", {"second"}),
        ("features/unused.py", "x = 1", "x = 2", set()),
        ("lake/tables.py", "t = 1", "t = 2", set()),
    ],
)
def test_a_change_reaches_the_assets_that_use_it_and_no_other(file, old, new, changes, project) -> None:
    folder, version = project
    names = ("first", "second", "third")
    before = {name: version(name) for name in names}
    path = folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert {name for name in names if version(name) != before[name]} == changes


def test_a_module_that_the_function_uses_through_a_top_level_import_counts(project) -> None:
    folder, version = project
    assets = folder / "defs" / "assets.py"
    assets.write_text(assets.read_text().replace("helper(1)", "helper(shapes.d)"))
    before = version("first"), version("third")
    (folder / "features" / "deep.py").write_text("d = 2\n")
    assert version("first") != before[0]
    assert version("third") == before[1]


def test_line_ends_and_the_place_of_the_project_do_not_count(project, tmp_path, monkeypatch) -> None:
    folder, version = project
    before = version("second")
    for path in folder.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert version("second") == before
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    folder.rename(elsewhere)
    monkeypatch.setattr(module, "PROJECT", elsewhere)
    for cached in CACHES:
        cached.cache_clear()
    lines = (elsewhere / "defs" / "assets.py").read_text().splitlines()
    assert module.code_version(elsewhere / "defs" / "assets.py", lines.index("def second():") + 1) == before
    elsewhere.rename(folder)
    monkeypatch.setattr(module, "PROJECT", folder)


def test_every_asset_that_runs_has_a_version_and_neighbours_in_a_file_have_their_own() -> None:
    from lakehouse_assets.definitions import defs

    made = defs.resolve_asset_graph().materializable_asset_keys
    versions = {
        spec.key.to_user_string(): spec.code_version for spec in defs.resolve_all_asset_specs() if spec.key in made
    }
    assert all(version and len(version) == module.DIGITS for version in versions.values()), versions
    assert versions["distilled/turbofan/fleet_days"] != versions["distilled/turbofan/operating_regimes"]
