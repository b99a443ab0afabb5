"""Erasing a person from what lies beside the tables: landing files, archives, artifacts of models."""

import contextlib
import dataclasses
import hashlib
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.contracts.personal.erased import erased_persons
from lakehouse_assets.lake.errors import MissingTableError
from lakehouse_assets.operations.erasure.erase import ErasureIncompleteError, Place, erase
from lakehouse_assets_tests.contracts.personal.test_archives import zipped
from lakehouse_assets_tests.operations.erasure.erasing import erased, traces
from lakehouse_assets_tests.operations.erasure.people import (
    ANN,
    BOB,
    KEYS,
    LANDED,
    QUARANTINE,
    RAW,
    REQUEST,
    records,
    write,
)


def test_rows_carry_the_digest_of_the_file_as_it_is_now_so_that_it_is_not_taken_in_again(
    place: Place, tmp_path: Path
) -> None:
    path = tmp_path / "landing" / "turbofan" / LANDED
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    write(place.lake, RAW, records(ANN, 9, sha256=old))
    erased(place)
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    assert new != old
    digests = place.lake.read(RAW, where={"day": records(ANN, 9)["day"][0].as_py()})["sha256"].to_pylist()
    assert digests == [new, new]


def test_repairs_hold_for_the_file_as_it_is_now_and_do_not_say_who_made_them(place: Place, tmp_path: Path) -> None:
    path, key = tmp_path / "landing" / "turbofan" / LANDED, ["raw", "milling", "repairs"]
    repair = {"source_file": LANDED, "source_sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "source_line": 2}
    rows = pa.Table.from_pylist([{**repair, "made_by": ANN}, {**repair, "source_sha256": "bb", "made_by": BOB}])
    write(place.lake, key, rows, partitioned=False)
    erased(place)
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    kept = place.lake.read(key).to_pylist()
    assert [(one["source_sha256"], one["made_by"]) for one in kept] == [(new, "erased"), ("bb", BOB)]
    assert traces(tmp_path) == []


def test_a_file_that_comes_back_is_cleaned_again_and_no_table_is_rewritten_for_it(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "landing" / "turbofan" / LANDED
    delivered = path.read_bytes()
    erased(place)
    write(place.lake, RAW, records(BOB, 9, sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    cleaned, version = path.read_bytes(), place.lake.version(RAW)
    path.write_bytes(delivered)
    assert erased(place).landing_files == (LANDED,)
    assert path.read_bytes() == cleaned
    assert place.lake.version(RAW) == version


def test_a_landing_file_that_may_not_be_written_is_said_and_all_else_is_done(place: Place, tmp_path: Path) -> None:
    from unittest import mock

    refused = PermissionError(13, "Permission denied")
    with (
        mock.patch("lakehouse_assets.operations.erasure.landing.Path.replace", side_effect=refused),
        pytest.raises(ErasureIncompleteError, match=f"{LANDED} may not be written"),
    ):
        erased(place)
    assert [path for path in traces(tmp_path) if path.startswith("lake/")] == []


def test_an_archive_in_the_landing_folder_is_searched_and_its_copy_in_quarantine_goes(
    place: Place, tmp_path: Path
) -> None:
    """What a person packs together is not ours to rewrite; what raw kept of it is."""
    packed = zipped(**{"shifts.txt": f"late: {ANN.lower()}\n".encode()})
    path = tmp_path / "landing" / "turbofan" / "shifts.zip"
    path.write_bytes(packed)
    other = zipped(other=b"nobody")
    torn = pa.table({"text": ["", ""], "content": [packed, other]})
    write(place.lake, QUARANTINE, torn, partitioned=False)
    assert path.name in erase(place, REQUEST, KEYS, dry_run=True).landing_files
    with pytest.raises(ErasureIncompleteError, match=r"shifts\.zip is an archive that mentions the person"):
        erased(place)
    assert path.read_bytes() == packed
    kept = place.lake.read(QUARANTINE)["content"].to_pylist()
    assert packed not in kept
    assert other in kept
    for version in range(place.lake.version(QUARANTINE)):
        with contextlib.suppress(MissingTableError):
            assert packed not in place.lake.read(QUARANTINE, version=version)["content"].to_pylist()
    assert erased_persons(place.lake, KEYS).redact(packed) == b"erased", "ingestion keeps nothing of it either"
    path.unlink()
    erased(place)
    assert entries(place.lake)["action"].iloc[-1] == "erase"


def test_a_landing_file_that_cannot_be_searched_is_named_and_stops_nothing(place: Place, tmp_path: Path) -> None:
    (tmp_path / "landing" / "turbofan" / "manual.pdf").write_bytes(b"%PDF-1.7 ...")
    assert erased(place).unsearched == ("turbofan/manual.pdf: a PDF",)
    (details,) = entries(place.lake, "erase")["details"]
    assert details["landing_files_not_searched"] == ["turbofan/manual.pdf: a PDF"]


@pytest.mark.parametrize("kind", ["text", "parquet", "zip"])
def test_an_artifact_of_a_model_that_mentions_her_is_named_and_left_until_somebody_deletes_it(
    kind: str, place: Place, tmp_path: Path
) -> None:
    root = tmp_path / "mlflow" / "artifacts"
    artifact = root / "1" / "models" / f"training_rows.{kind}"
    artifact.parent.mkdir(parents=True)
    (artifact.parent / "band.json").write_text('{"low": 1.5}')
    if kind == "parquet":
        pq.write_table(pa.table({"badge": [ANN, BOB]}), artifact)
    else:
        artifact.write_bytes(ANN.encode() if kind == "text" else zipped(rows=ANN.encode()))
    with_artifacts = dataclasses.replace(place, artifacts=(root.as_uri(), str(tmp_path / "no reports yet")))
    before = artifact.read_bytes()
    with pytest.raises(ErasureIncompleteError, match=rf"{re.escape(str(artifact))} mentions the person: delete"):
        erased(with_artifacts)
    assert artifact.read_bytes() == before
    (details,) = entries(place.lake, "erase_incomplete")["details"]
    assert details["artifacts"] == [str(artifact)]
    artifact.unlink()
    erased(with_artifacts)
    assert entries(place.lake)["action"].iloc[-1] == "erase"
