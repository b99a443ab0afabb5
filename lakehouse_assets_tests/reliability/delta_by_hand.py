"""Delta tables as other engines write them: log entries, Parquet files and deletion vectors, made after the protocol.

There is no Spark here. What stands below follows PROTOCOL.md of delta-io/delta word by word, so that no engine that is
under test has a part in what it is tested on.
"""

import json
import struct
import uuid
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def field(name: str, kind: Any, nullable: bool = True, **metadata: Any) -> dict[str, Any]:
    """A column of a table's schema."""
    return {"name": name, "type": kind, "nullable": nullable, "metadata": metadata}


def mapped(name: str, kind: Any, number: int, physical: str, **metadata: Any) -> dict[str, Any]:
    """A column of a table with column mapping."""
    names = {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": physical}
    return field(name, kind, **names, **metadata)


class HandMade:
    """A table in the making: ``add`` and ``remove`` collect, ``commit`` writes the next log entry."""

    def __init__(
        self,
        folder: Path,
        fields: Sequence[dict[str, Any]],
        partition_columns: Sequence[str] = (),
        features: Sequence[str] = (),
        writer_features: Sequence[str] = (),
        versions: tuple[int, int] = (1, 2),
        **configuration: str,
    ) -> None:
        self.folder = folder
        self.log = folder / "_delta_log"
        self.log.mkdir(parents=True)
        self.version = -1
        self.adds: dict[str, dict[str, Any]] = {}
        self.protocol: dict[str, Any] = {"minReaderVersion": versions[0], "minWriterVersion": versions[1]}
        if features or writer_features:
            readers = 3 if features else versions[0]
            self.protocol = {"minReaderVersion": readers, "minWriterVersion": 7}
            self.protocol["writerFeatures"] = [*features, *writer_features]
            if features:
                self.protocol["readerFeatures"] = list(features)
        self.metadata = {
            "id": str(uuid.uuid4()),
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps({"type": "struct", "fields": list(fields)}),
            "partitionColumns": list(partition_columns),
            "configuration": configuration,
            "createdTime": 1704067200000,
        }
        self.waiting: list[dict[str, Any]] = [{"protocol": self.protocol}, {"metaData": self.metadata}]

    def add(
        self,
        rows: pa.Table,
        partition: dict[str, str | None] | None = None,
        path: str | None = None,
        logged_path: str | None = None,
        stats: dict[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Writes a Parquet file and enters it; ``logged_path`` is the path as the log escapes it."""
        path = path or f"part-{len(self.adds):05d}-{uuid.uuid4()}.parquet"
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, file)
        action = {
            "path": logged_path or path,
            "partitionValues": partition or {},
            "size": file.stat().st_size,
            "modificationTime": 1704067200000,
            "dataChange": True,
            "stats": json.dumps(stats or {"numRecords": rows.num_rows}),
            **more,
        }
        return self.enter(action)

    def enter(self, action: dict[str, Any]) -> str:
        """Enters a file that is there."""
        self.adds[action["path"]] = action
        self.waiting.append({"add": action})
        return str(action["path"])

    def delete_rows(self, path: str, places: Sequence[int], storage: str = "u") -> None:
        """Marks rows of a file as deleted, as a DELETE does."""
        old = self.adds[path]
        self.waiting.append({"remove": {"path": path, "deletionTimestamp": 1704067200001, "dataChange": True}})
        vector = deletion_vector(self.folder, places, storage)
        stats = json.dumps({**json.loads(old["stats"]), "tightBounds": False})
        self.enter({**old, "stats": stats, "deletionVector": vector})

    def commit(self) -> "HandMade":
        """Writes the next log entry."""
        self.version += 1
        lines = [{"commitInfo": {"timestamp": 1704067200000 + self.version, "operation": "WRITE"}}, *self.waiting]
        (self.log / f"{self.version:020d}.json").write_text("\n".join(json.dumps(line) for line in lines))
        self.waiting = []
        return self

    def v2_checkpoint(self) -> None:
        """A checkpoint named by UUID whose files stand in a sidecar; the entries before it are cleaned away."""
        name = f"{uuid.uuid4()}.parquet"
        (self.log / "_sidecars").mkdir()
        sidecar = self.log / "_sidecars" / name
        adds = [
            {**{k: v for k, v in add.items() if k != "partitionValues"},
             "partitionValues": list(add["partitionValues"].items())}
            for add in self.adds.values()
        ]  # fmt: skip
        kind = pa.struct(
            [
                ("path", pa.string()), ("partitionValues", pa.map_(pa.string(), pa.string())), ("size", pa.int64()),
                ("modificationTime", pa.int64()), ("dataChange", pa.bool_()), ("stats", pa.string()),
            ]
        )  # fmt: skip
        pq.write_table(pa.table({"add": pa.array(adds, kind)}), sidecar)
        entry = {"path": name, "sizeInBytes": sidecar.stat().st_size, "modificationTime": 1704067200000}
        lines = [
            {"checkpointMetadata": {"version": self.version}},
            {"protocol": self.protocol},
            {"metaData": self.metadata},
            {"sidecar": entry},
        ]
        name = f"{self.version:020d}.checkpoint.{uuid.uuid4()}.json"
        (self.log / name).write_text("\n".join(json.dumps(line) for line in lines))
        (self.log / "_last_checkpoint").write_text(json.dumps({"version": self.version, "size": len(lines)}))
        for version in range(self.version + 1):
            (self.log / f"{version:020d}.json").unlink()


def deletion_vector(folder: Path, places: Sequence[int], storage: str) -> dict[str, Any]:
    """The descriptor of a deletion vector: inline (``i``), in a file beside the table (``u``) or anywhere (``p``)."""
    bitmap = _roaring_array(places)
    if storage == "i":
        padded = bitmap + b"\x00" * (-len(bitmap) % 4)
        return {"storageType": "i", "pathOrInlineDv": z85(padded), "sizeInBytes": len(bitmap),
                "cardinality": len(places)}  # fmt: skip
    name = uuid.uuid4()
    file = folder / f"deletion_vector_{name}.bin"
    checksum = struct.pack(">I", zlib.crc32(bitmap))
    file.write_bytes(b"\x01" + struct.pack(">I", len(bitmap)) + bitmap + checksum)
    where = z85(name.bytes) if storage == "u" else file.absolute().as_uri()
    return {"storageType": storage, "pathOrInlineDv": where, "offset": 1, "sizeInBytes": len(bitmap),
            "cardinality": len(places)}  # fmt: skip


def z85(data: bytes) -> str:
    """Base85 with the alphabet of ZeroMQ's RFC 32."""
    text = ""
    for (number,) in struct.iter_unpack(">I", data):
        text += "".join(Z85[number // 85**power % 85] for power in (4, 3, 2, 1, 0))
    return text


def _roaring_array(places: Sequence[int]) -> bytes:
    """A RoaringBitmapArray in the portable format: one 32-bit bitmap of array (to 4096 places) and bit containers."""
    containers: dict[int, list[int]] = {}
    for place in sorted(places):
        containers.setdefault(place >> 16, []).append(place & 0xFFFF)
    head = struct.pack("<II", 12346, len(containers))
    head += b"".join(struct.pack("<HH", key, len(low) - 1) for key, low in containers.items())
    offset = len(head) + 4 * len(containers)
    body = b""
    for low in containers.values():
        head += struct.pack("<I", offset + len(body))
        if len(low) <= 4096:
            body += struct.pack(f"<{len(low)}H", *low)
        else:
            body += sum(1 << place for place in low).to_bytes(8192, "little")
    return struct.pack("<IQI", 1681511377, 1, 0) + head + body
