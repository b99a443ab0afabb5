"""A small lake with a person in every corner of it, and a grep over all that lies there."""

import json
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.contracts.personal.pseudonyms import Pseudonyms
from lakehouse_assets.lake.settings import WriteMode, WriteSettings
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.rows import Rows
from lakehouse_assets.lake.writing.write import Target, write_rows
from lakehouse_assets.operations.erasure.erase import Place, Request
from lakehouse_assets.operations.erasure.table import Personal

KEYS = Pseudonyms(b"a key for tests only", (b"an earlier key of them",))
ANN, BOB = "B-10423", "B-20111"
RAW = ["raw", "turbofan", "maintenance_records"]
HARMONIZED = ["harmonized", "turbofan", "maintenance_records"]
QUARANTINE = ["raw", "turbofan", "quarantine"]
ROSTER = ["raw", "staff", "roster"]
SANDBOX = ["explorative", "ann", "copy"]
OTHER = ["delivery", "turbofan_rul", "features"]
CONTRACTS = {
    "/".join(RAW): Personal({"badge": "personal", "note": "personal_text"}),
    "/".join(HARMONIZED): Personal({"badge": "personal", "note": "personal_text"}),
    "/".join(QUARANTINE): Personal({"text": "personal_text", "content": "personal_text"}),
    "/".join(ROSTER): Personal({"badge": "personal"}, "delete_row"),
}
LANDED = "maintenance_FS001_2024-01-05.csv"
REQUEST = Request(ANN, "data protection officer", "request 17", timedelta(0))


def day(number: int) -> date:
    return date(2024, 1, 1) + timedelta(days=number)


def records(who: str, number: int, note: str = "", sha256: str = "aa") -> pa.Table:
    return pa.table(
        {
            "day": [day(number)] * 2,
            "badge": [who, BOB],
            "minutes": [10 * number, 5],
            "note": [note, "alone"],
            "sha256": [sha256] * 2,
        }
    )


def write(
    lake: Lake, key: list[str], rows: pa.Table, *, partitioned: bool = True, mode: str = "append", personal: bool = True
) -> None:
    """As the IO manager writes a table whose asset has personal columns."""
    columns = tuple(CONTRACTS.get("/".join(key), Personal()).columns) if personal else ()
    target = Target(lake.table_uri(key), lake.storage_options, layout=["day"] if partitioned else ())
    settings = WriteSettings(write_mode=WriteMode(mode), personal_columns=columns)
    with Rows(rows) as given:
        write_rows(given, target, settings, Provenance("/".join(key)), {})


def lake_with_ann(folder: Path) -> Place:
    """Ann works on days 1 and 3; Bob on every day; on day 2 a colleague's note mentions her."""
    lake = Lake(str(folder / "lake"))
    landing = folder / "landing"
    (landing / "turbofan").mkdir(parents=True)
    (landing / "turbofan" / LANDED).write_text(f"badge,note\n{ANN},x\n{BOB},with {ANN}\n")
    (landing / "turbofan" / "train_FD001.txt").write_text("1 1 0.1 \n")
    for number in range(4):
        who = ANN if number in (1, 3) else "B-30333"
        note = f"with {ANN.lower().replace('-', ' ')}" if number == 2 else ""
        write(lake, RAW, records(who, number, note))
        write(lake, HARMONIZED, records(KEYS.of(who), number, note and f"with {KEYS.of(ANN)}"))
        # Nobody's contract knows the copy, so its log has statistics; its seventh version has a checkpoint.
        write_deltalake(lake.table_uri(SANDBOX), records(who, number, note), mode="append")
        write_deltalake(lake.table_uri(OTHER), pa.table({"engine": ["a"], "n": [number]}), mode="append")
    DeltaTable(lake.table_uri(SANDBOX)).create_checkpoint()
    DeltaTable(lake.table_uri(RAW)).optimize.compact()
    torn = pa.table({"text": [f"{ANN},1,torn", "other"], "content": [f"\xff{ANN}".encode("latin-1"), None]})
    write(lake, QUARANTINE, torn, partitioned=False)
    write(lake, ROSTER, pa.table({"badge": [ANN, BOB], "room": ["1", "2"]}), partitioned=False)
    merged = ["raw", "staff", "merged"]
    for badge in (BOB, ANN):
        DeltaTable.create(lake.table_uri(merged), pa.schema([("badge", pa.string())]), mode="ignore").merge(
            pa.table({"badge": [badge]}), "new.badge = old.badge", source_alias="new", target_alias="old"
        ).when_not_matched_insert_all().execute()
    nested = pa.array([{"people": [ANN, BOB]}], type=pa.struct([("people", pa.list_(pa.string()))]))
    write_deltalake(lake.table_uri(["distilled", "staff", "crews"]), pa.table({"crew": nested}))
    return Place(lake, CONTRACTS, landing, lambda: {"upkeep version 1": {"/".join(RAW): 1, "/".join(HARMONIZED): 0}})


#: Her badge in every spelling, and her number alone.
SPELLED = ("B-10423", "B 10423", "B10423", "10423")


def named(*names: str) -> re.Pattern[str]:
    """What finds any of the names. Random identifiers are hexadecimal, so that a name that could be a part of one
    counts only where none goes on at either side."""
    return re.compile(
        "|".join(
            f"(?<![0-9a-f]){name}(?![0-9a-f])" if re.fullmatch("[0-9A-Fa-f]+", name) else re.escape(name)
            for name in names
        ),
        re.IGNORECASE,
    )


def grep(folder: Path, *names: str) -> list[str]:
    """Every file below a folder that holds any of the names, Parquet decoded; also file names."""
    pattern = named(*names)
    return sorted({str(path.relative_to(folder)) for path, text in _texts(folder) if pattern.search(text)})


def _texts(folder: Path) -> Iterator[tuple[Path, str]]:
    for root, _, files in os.walk(folder):
        for path in (Path(root) / name for name in files):
            yield path, str(path)
            yield path, path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                rows = pq.ParquetFile(path).read().to_pylist()
                yield (
                    path,
                    json.dumps(
                        rows, default=lambda value: value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    ),
                )


def state(folder: Path) -> dict[str, bytes]:
    """All files below a folder with what is in them."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def everybody(lake: Lake, key: list[str]) -> list[tuple[object, ...]]:
    """A table's rows, the digest of their delivery left out."""
    rows = lake.read(key).to_pylist()
    return sorted((tuple(value for name, value in row.items() if name != "sha256") for row in rows), key=repr)
