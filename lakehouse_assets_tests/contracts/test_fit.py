"""Contracts, assets and tables that disagree are told with file and line, as `make check` prints them."""

from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.contracts.fit import misfits
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations import contracts as command
from lakehouse_assets_tests.conftest import PROJECT
from lakehouse_assets_tests.contracts.test_contract import CONTRACT

KEY = ["harmonized", "press", "strokes"]
STROKES = dg.AssetSpec(KEY, kinds={"deltalake"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    zone = tmp_path / "press" / "contracts" / "harmonized"
    zone.mkdir(parents=True)
    return tmp_path


def told(folder: Path, text: str, *specs: dg.AssetSpec, lake: Lake | None = None) -> list[tuple[int, str]]:
    (folder / "press" / "contracts" / "harmonized" / "strokes.yaml").write_text(text)
    return [(problem.line, problem.text) for problem in misfits(catalogue(folder), specs, lake, folder)]


def test_a_contract_that_fits_gives_no_problem(folder: Path) -> None:
    assert told(folder, CONTRACT, STROKES) == []


def test_a_contract_without_its_asset_and_an_asset_without_its_contract_are_told(folder: Path) -> None:
    other = dg.AssetSpec(["raw", "press", "strokes"], kinds={"deltalake"})
    (missing, orphan) = told(folder, CONTRACT, other, dg.AssetSpec(["landing", "press", "files"], kinds={"file"}))
    assert missing[1].startswith("asset raw/press/strokes has no contract; draft one: python -m")
    assert orphan == (15, "there is no asset harmonized/press/strokes")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("ExpectColumnValuesToBeBetween", "ExpectColumnValuesToBeNice"),
            "no expectation 'ExpectColumnValuesToBeNice'",
        ),
        (("min_value: 1", "minimum: 1"), "minimum extra fields not permitted"),
        (("min_value: 1, ", ""), "min_value and max_value cannot both be None"),
    ],
)
def test_an_expectation_that_does_not_exist_or_refuses_its_arguments_is_told(
    folder: Path, change: tuple[str, str], expected: str
) -> None:
    assert change[0] in CONTRACT
    ((line, text),) = told(folder, CONTRACT.replace(*change), STROKES)
    assert line == 23
    assert text.startswith("quality rule presses_push: ")
    assert expected in text


def test_an_asset_that_is_only_named_as_a_dependency_is_none(folder: Path) -> None:
    @dg.asset(deps=[dg.AssetKey(list(KEY))])
    def views() -> None: ...

    specs = dg.Definitions(assets=[views]).resolve_all_asset_specs()
    assert told(folder, CONTRACT, *specs) == [(15, "there is no asset harmonized/press/strokes")]


def test_another_partition_column_or_merge_key_than_the_assets_is_told(folder: Path) -> None:
    spec = STROKES.replace_attributes(metadata={"partition_expr": "day", "merge_keys": ["stroke"]})
    assert [text for _, text in told(folder, CONTRACT, spec)] == [
        "the asset is partitioned by day, the contract's `partitioned` says no column",
        "the asset merges by 'stroke', which is no column here",
    ]


def test_a_table_of_the_lake_that_is_not_as_promised_is_told_at_its_column(folder: Path, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    write_deltalake(lake.table_uri(KEY), pa.table({"press_id": ["a"], "force": ["much"]}))
    ((line, text),) = told(folder, CONTRACT, STROKES, lake=lake)
    assert line == 34
    assert text == f"table {lake.table_uri(KEY)}: column 'force' is string in the table, promised double"


def test_a_draft_from_a_table_can_be_loaded_and_fits_the_table_that_it_was_drawn_from(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(str(tmp_path / "lake"))
    rows = pa.table(
        {
            "day": ["mon", "mon", "tue"],
            "press_id": ["a", "b", "a"],
            "stroke": pa.array([1, 1, 2], pa.int32()),
            "force": [1.5, None, 2.5],
        }
    )
    write_deltalake(lake.table_uri(KEY), rows, partition_by=["day"])
    monkeypatch.setenv("LAKE_URI", lake.uri)
    assert command.main(["scaffold", "harmonized/press/strokes", "--owner", "team:plant"]) == 0
    spec = STROKES.replace_attributes(metadata={"partition_expr": "day"})
    assert told(folder, capsys.readouterr().out, spec, lake=lake) == []
    drafted = catalogue(folder)[tuple(KEY)]
    assert sorted(drafted.primary_key) == ["day", "press_id"]
    assert [(one.name, one.type, one.required) for one in drafted.columns] == [
        ("day", "string", True),
        ("press_id", "string", True),
        ("stroke", "integer", True),
        ("force", "double", False),
    ]
    assert (drafted.owner, drafted.partition_columns) == ("team:plant", ["day"])


def test_a_draft_of_a_table_that_is_not_there_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAKE_URI", str(tmp_path))
    assert command.main(["scaffold", "harmonized/press/strokes"]) == 1
    assert "harmonized/press/strokes" in capsys.readouterr().err


def test_the_projects_contracts_fit_its_assets_and_the_command_of_make_check_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAKE_URI", str(tmp_path))
    assert command.main(["check"]) == 0
    assert "contracts fit their assets and tables." in capsys.readouterr().out
    assert "operations.contracts check" in (PROJECT / "Makefile").read_text()
