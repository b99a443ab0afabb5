"""The pure functions that a use case names in its YAML: found without importing them, imported when they run."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from lakehouse_assets import settings

#: The module beside the YAML that a bare name is looked up in.
DEFAULT_MODULE = "functions"


class UnknownFunctionError(ValueError):
    """A YAML names a function that is not there."""


def source_of(folder: Path, reference: str) -> tuple[Path, str]:
    """The file and name of a function, without importing it: definitions that load import no pandas.

    Args:
        folder: Of the use case.
        reference: ``name`` (in ``functions.py`` beside the YAML), ``module:name`` (beside it) or
            ``package.module:name``.

    Raises:
        UnknownFunctionError: there is no such file, or it defines no such function.
    """
    module, _, name = reference.rpartition(":")
    module = module or DEFAULT_MODULE
    beside = folder / f"{module}.py"
    file = beside if beside.is_file() else settings.PROJECT_ROOT.joinpath(*module.split(".")).with_suffix(".py")
    if not file.is_file():
        raise UnknownFunctionError(f"{reference!r}: expected a function in {beside} (or package.module:function)")
    defined = [
        node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    ]
    if name not in defined:
        raise UnknownFunctionError(f"{reference!r}: {file} defines no function {name}; it has {', '.join(defined)}")
    return file, name


def load_function(folder: Path, reference: str) -> Callable[..., Any]:
    """The function itself, imported."""
    file, name = source_of(folder, reference)
    function: Callable[..., Any] = getattr(_module(file), name)
    return function


def _module(file: Path) -> ModuleType:
    if file.is_relative_to(settings.PROJECT_ROOT):
        return importlib.import_module(".".join(file.relative_to(settings.PROJECT_ROOT).with_suffix("").parts))
    name = f"_use_case_{hashlib.blake2b(str(file).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise UnknownFunctionError(f"{file} cannot be imported")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]
