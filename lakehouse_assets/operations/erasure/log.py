"""A table's Delta log: which versions held a file, and taking a person out of the log itself.

Logs hold values: least and greatest of each column of each file (a personal column has none,
`lake/writing/personal.py`, but a table of somebody else may), and the text of predicates. Statistics are optional in
Delta, so leaving them out of a past commit changes what no reader reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pyarrow.fs as pafs
from deltalake import DeltaTable

from lakehouse_assets.operations.erasure.files import LOG, Files, file_system, rows_with
from lakehouse_assets.operations.erasure.person import Person


@dataclass(frozen=True)
class Life:
    """From which version on a file was part of its table, and with which it ceased to be (None: it is still)."""

    since: int
    until: int | None


def lives_of_files(table: Files, files: pafs.FileSystem) -> dict[str, Life]:
    """Every data file that the commits which are still in the log name."""
    lives: dict[str, Life] = {}
    first = min((version_of(path) for path in table.log if is_commit(path)), default=0)
    for path in sorted(filter(is_commit, table.log)):
        version = version_of(path)
        for action in _actions(_read(files, path)):
            added, removed = action.get("add") or action.get("cdc"), action.get("remove")
            if added:
                lives.setdefault(unquote(added["path"]), Life(version, None))
            if removed:
                name = unquote(removed["path"])
                lives[name] = Life(lives[name].since if name in lives else first, version)
    return lives


def logs_with(table: Files, files: pafs.FileSystem, who: Person) -> list[str]:
    """The files of the log that mention the person."""
    return [
        path
        for path in sorted(table.log)
        if (
            rows_with(files, path, who) if path.endswith(".parquet") else _expunged(_read(files, path), who) is not None
        )
    ]


def expunge(table: Files, uri: str, options: dict[str, str] | None, who: Person) -> list[str]:
    """Take a person out of the log, and give the paths that were rewritten or removed.

    Commits are rewritten one by one, each whole or not at all. A checkpoint only repeats what the commits say: a new
    one is made of the table as it is, then those that mention the person go.
    """
    files = file_system(uri, options)
    found = logs_with(table, files, who)
    checkpoints = [path for path in found if path.endswith(".parquet")]
    if checkpoints:
        DeltaTable(uri, storage_options=options).create_checkpoint()
    for path in found:
        if path in checkpoints:
            # The one of the newest version has just been made anew, under the same name.
            if rows_with(files, path, who):
                files.delete_file(path)
            continue
        rewritten = _expunged(_read(files, path), who)
        if rewritten is not None:
            # Buffered: deltalake 1.6.6 takes bytes, and Arrow hands a buffer on as it is where it fits no buffer.
            with files.open_output_stream(path, buffer_size=len(rewritten) + 1) as target:
                target.write(rewritten)
    return found


def _expunged(content: bytes, who: Person) -> bytes | None:
    """A commit without the person; None where it mentions nobody."""
    text = content.decode("utf-8", "surrogateescape")
    lines = [_line_without(line, who) for line in text.splitlines()]
    if lines == text.splitlines():
        return None
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _line_without(line: str, who: Person) -> str:
    if who.blanked_text(line) == line:
        return line
    try:
        action = json.loads(line)
    except json.JSONDecodeError:
        return who.blanked_text(line)
    for kind in ("add", "remove"):
        if kind in action:
            action[kind].pop("stats", None)
    return who.blanked_text(json.dumps(action, separators=(",", ":")))


def _read(files: pafs.FileSystem, path: str) -> bytes:
    with files.open_input_file(path) as source:
        return bytes(source.read())


def _actions(content: bytes) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in content.splitlines() if line.strip()]


def is_commit(path: str) -> bool:
    """Whether a file of the log is a commit."""
    name = path.removeprefix(f"{LOG}/")
    return name.endswith(".json") and name.removesuffix(".json").isdigit()


def version_of(path: str) -> int:
    """The version that a commit or checkpoint makes."""
    return int(path.rsplit("/", maxsplit=1)[-1].split(".")[0])
