"""A YAML file with the line of each of its entries, for errors that point at the place."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads a wide contract in 4 ms, pure Python in 90

Place = tuple[str | int, ...]
"""Keys and positions that lead to an entry: ``("schema", 0, "properties", 3, "physicalType")``."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file; ``line`` counts from 1."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        """As compilers print it, so that editors jump there."""
        return f"{self.path}:{self.line}: {self.text}"


class LocatedYaml:
    """A parsed YAML file: its ``data``, and where each entry stands.

    Raises:
        yaml.MarkedYAMLError: the text is no YAML.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._text = text
        self.data: Any = yaml.load(text, Loader=_LOADER)

    @cached_property
    def _root(self) -> yaml.Node | None:
        """The nodes with their places. Composed when first asked for: every process that loads the assets reads all
        contracts, and asks for no line unless one is wrong."""
        return yaml.compose(self._text, Loader=_LOADER)

    def problem(self, place: Place, text: str) -> Problem:
        """A problem at an entry; where it is absent, at the nearest entry around it."""
        return Problem(self.path, self.line(place), text)

    def line(self, place: Place) -> int:
        """The line of an entry, or of the nearest one around it that is there."""
        node, line = self._root, 1
        for step in place:
            found = _child(node, step) if node is not None else None
            if found is None:
                break
            line, node = found
        return line

    def lines_with(self, text: str) -> list[int]:
        """The lines that say a text."""
        return [number for number, line in enumerate(self._text.splitlines(), start=1) if text in line]

    def repeated_keys(self) -> Iterator[Problem]:
        """Keys that stand twice in one mapping: YAML would silently keep the last."""
        yield from self._repeated(self._root)

    def _repeated(self, node: yaml.Node | None) -> Iterator[Problem]:
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    yield Problem(self.path, line, f"key {key.value!r} stands here and in line {seen[key.value]}")
                seen[key.value] = line
                yield from self._repeated(value)
        elif isinstance(node, yaml.SequenceNode):
            for entry in node.value:
                yield from self._repeated(entry)


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None
