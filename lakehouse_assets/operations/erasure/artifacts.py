"""What training and monitoring left outside of the lake: MLflow's artifacts, and reports. Searched, not rewritten.

The platform's own models, plots and reports are made of sensor values and hold nobody. What somebody logs beside them
(a table of training rows, a page of notes) may; taking a person out of it is that somebody's to do, since a changed
artifact would be another model's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from lakehouse_assets.lake.storage import is_local, local_folder
from lakehouse_assets.operations.erasure.person import Person, blanked_table


def artifacts_with(roots: Iterable[str], who: Person) -> list[str]:
    """The files below these addresses, by address, that mention the person in what they hold or in their name."""
    return [
        address
        for root in roots
        for address, content in _files(root)
        if who.is_in(address.encode()) or _holds(content, who)
    ]


def _holds(content: bytes, who: Person) -> bool:
    if content.startswith(b"PAR1"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        return bool(blanked_table(pq.read_table(pa.BufferReader(content)), who)[1])
    return who.is_in(content)


def _files(root: str) -> Iterator[tuple[str, bytes]]:
    if is_local(root):
        for path in sorted(Path(local_folder(root)).rglob("*")):
            if path.is_file():
                yield str(path), path.read_bytes()
        return
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(root)
    folders: list[str | None] = [None]
    with tempfile.TemporaryDirectory(prefix="lakehouse-artifacts-") as here:
        while folders:
            for one in repository.list_artifacts(folders.pop()):
                if one.is_dir:
                    folders.append(one.path)
                else:
                    fetched = Path(repository.download_artifacts(one.path, dst_path=here))
                    yield f"{root.rstrip('/')}/{one.path}", fetched.read_bytes()
                    fetched.unlink()
