"""The code version of an asset: a short hash of the source that decides its rows.

What counts: the asset's function with its decorators; whatever it uses of its own module, and what that uses in turn;
the project's modules that these import, and theirs; and the SQL and YAML files beside the module that it names. So a
changed statement makes its own table (and in Dagster's eyes what follows) out of date, and not its neighbours in the
same file. The storage layer and the platform's own housekeeping do not count: they decide how rows are kept, not what
they are.

The hash is of text with its line ends normalised, so that it is the same on every machine and Python version. Nothing
is imported or run for it.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import CodeType
from typing import Any

import dagster as dg

PROJECT = Path(__file__).resolve().parent
PACKAGE = PROJECT.name
HOUSEKEEPING = tuple(f"{PACKAGE}.{name}" for name in ("lake", "operations", "settings", "definitions", "code_version"))
_SKIPPED = tuple(f"{name}." for name in HOUSEKEEPING)
NAMED_FILES = (".sql", ".yaml", ".yml")
DIGITS = 12
#: Metadata of an asset that a component makes: the version of what its YAML declares, which is part of its own.
DECLARED = "declared_version"


def asset_functions(loaded: dg.Definitions) -> dict[dg.AssetKey, CodeType]:
    """The code of the function that makes each asset."""
    made = [one for one in loaded.assets or () if isinstance(one, dg.AssetsDefinition) and one.is_executable]
    defined: dict[dg.AssetsDefinition, Any] = {one: one.op.compute_fn for one in made}
    # What asks for another try (`operations.retries`) is put around the function and is no part of it.
    functions = {one: inspect.unwrap(getattr(function, "decorated_fn", function)) for one, function in defined.items()}
    return {key: function.__code__ for one, function in functions.items() for key in one.keys}


def with_code_version(spec: dg.AssetSpec, functions: dict[dg.AssetKey, CodeType]) -> dg.AssetSpec:
    """Give an asset that says none itself the version of the source that decides its rows."""
    code = functions.get(spec.key)
    if spec.code_version is not None or code is None:
        return spec
    version = code_version(code.co_filename, code.co_firstlineno)
    declared = spec.metadata.get(DECLARED)
    return spec.replace_attributes(code_version=combined(version, str(declared)) if declared else version)


def combined(*parts: str) -> str:
    """One version out of several, in this order: 12 hexadecimal digits."""
    return hashlib.blake2b("\0".join(parts).encode()).hexdigest()[:DIGITS]


def function_version(file: Path, name: str) -> str:
    """The version of a function that a file defines at its top level.

    Raises:
        KeyError: it defines none of that name.
    """
    for statement in _parsed(file.resolve()).statements:
        if name in statement.gives:
            return code_version(file, statement.first)
    raise KeyError(f"{file} defines no {name}")


@cache
def code_version(file: str | Path, line: int) -> str:
    """The version of what is defined at a line of a file: 12 hexadecimal digits.

    Args:
        file: the module that defines the asset.
        line: a line of its function, the first decorator's included (``function.__code__.co_firstlineno``).
    """
    module = _parsed(Path(file).resolve())
    own = module.used_from(line)
    texts = [f"{_name(module.path)}\n{statement.text}" for statement in own]
    others = {found for statement in own for path in statement.imports for found in _closure(path)}
    others |= {named for statement in own for named in module.named_files(statement)}
    texts += [f"{_name(path)}\n{_digest(path)}" for path in sorted(others)]
    return combined(*texts)


@cache
def _closure(module: Path) -> frozenset[Path]:
    """A module with everything of the project that it imports."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imports_of_file(path)
    return frozenset(found)


_IMPORT = re.compile(
    rf"^[ \t]*(?:from[ \t]+({PACKAGE}[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)|import[ \t]+({PACKAGE}[\w.]*))",
    re.MULTILINE,
)


# By their spelling, not by walking the syntax tree, which took a tenth of the time in which the definitions load. A
# name in a comment or a string counts as used: at worst a version changes that need not have.
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_STRING = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")


def _imported(text: str) -> list[Path]:
    """The files of the project's modules that a text imports, at any depth. Parsing them all would cost 0.5 CPU-s."""
    found: list[Path] = []
    for module, names, plain in _IMPORT.findall(text):
        for name in re.findall(r"(\w+)(?:\s+as\s+\w+)?", names) or [""]:
            found += _files(module or plain, name)
    return found


@cache
def _imports_of_file(path: Path) -> tuple[Path, ...]:
    return tuple(_imported(_text(path)))


@dataclass(frozen=True)
class _Statement:
    """A top-level statement: its lines with its decorators, the names that it gives and uses, the texts in it."""

    first: int
    last: int
    text: str
    gives: frozenset[str]
    uses: frozenset[str]
    strings: frozenset[str]

    @cached_property
    def imports(self) -> list[Path]:
        """The project's files that its text imports."""
        return _imported(self.text)


class _Module:
    """A parsed module."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = _text(path).split("\n")
        self.statements = [_statement(node, lines) for node in ast.parse("\n".join(lines)).body]

    def used_from(self, line: int) -> list[_Statement]:
        """The statement that holds a line and all that it uses of this module, in the file's order."""
        waiting = [one for one in self.statements if one.first <= line <= one.last]
        found: set[_Statement] = set()
        while waiting:
            statement = waiting.pop()
            if statement not in found:
                found.add(statement)
                waiting += [one for one in self.statements if one.gives & statement.uses]
        return sorted(found, key=lambda one: one.first)

    def named_files(self, statement: _Statement) -> list[Path]:
        """Files below the module's folder that a statement names, with their ending or without."""
        beside = _files_beside(self.path.parent)
        return [path for string in statement.strings for path in beside.get(string, ())]


def _statement(node: ast.stmt, lines: list[str]) -> _Statement:
    first, last = _first_line(node), node.end_lineno or node.lineno
    text = "\n".join(lines[first - 1 : last])
    strings = frozenset(string for pair in _STRING.findall(text) for string in pair)
    return _Statement(first, last, text, frozenset(_names_given(node)), frozenset(_WORD.findall(text)), strings)


def _names_given(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield (alias.asname or alias.name).split(".", maxsplit=1)[0]
    else:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


@cache
def _files(module: str, name: str = "") -> tuple[Path, ...]:
    """The file of a project's module, or of the module ``name`` in it."""
    if f"{module}.".startswith(_SKIPPED):
        return ()
    known, inner = _modules(), f"{module}.{name}"
    if name and f"{inner}.".startswith(_SKIPPED):
        return ()
    found = (known.get(inner) if name else None) or known.get(module)
    return (found,) if found is not None else ()


@cache
def _modules() -> dict[str, Path]:
    """The file of every module of the project, found in one walk: asking for each took a third of all this."""
    found: dict[str, Path] = {}
    for folder, _, files in os.walk(PROJECT):
        package = ".".join((PACKAGE, *Path(folder).relative_to(PROJECT).parts))
        for file in files:
            if file.endswith(".py"):
                name = package if file == "__init__.py" else f"{package}.{file.removesuffix('.py')}"
                found.setdefault(name, Path(folder, file))
    return found


@cache
def _files_beside(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in NAMED_FILES:
            for name in (path.name, path.stem):
                found.setdefault(name, []).append(path)
    return found


@cache
def _parsed(path: Path) -> _Module:
    return _Module(path)


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").replace("\r\n", "\n")


@cache
def _digest(path: Path) -> str:
    return hashlib.blake2b(_text(path).encode()).hexdigest()


@cache
def _name(path: Path) -> str:
    """A name that is the same on every machine."""
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else path.name
