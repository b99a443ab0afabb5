"""`make health` where the lake or Dagster's records cannot be reached: it says so, and does not break off."""

from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from lakehouse_assets.operations.embedded import prepare_dagster_home
from lakehouse_assets.operations.health.__main__ import main
from lakehouse_assets.operations.health.away import unreached


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A platform that once wrote two tables, whose lake is nowhere."""
    made = tmp_path / "dagster"
    for name, value in {"DAGSTER_HOME": made, "LAKE_URI": tmp_path / "lake", "PLANT_LANDING": tmp_path}.items():
        monkeypatch.setenv(name, str(value))
    prepare_dagster_home(made)
    with dg.DagsterInstance.get() as instance:
        for key in (["raw", "milling", "products"], ["harmonized", "milling", "operations"]):
            instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata={"delta_version": 0}))
    return made


def test_of_a_lake_whose_folder_is_gone_it_says_so_once_and_not_of_each_table(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 1
    said = capsys.readouterr().out
    assert ": 1 problem\n" in said
    assert f"LAKE AWAY monitoring/platform/health: the lake's folder {tmp_path / 'lake'} cannot be read" in said
    assert "owner team:platform; docs/runbooks/unreadable.md" in said
    assert "champion    unknown" in said
    (tmp_path / "lake").write_text("no folder", encoding="utf-8")
    assert main() == 1
    assert ": 1 problem\n" in capsys.readouterr().out


def test_of_an_object_store_that_does_not_answer_it_says_so_and_what_dagster_knows(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAKE_URI", "s3://lake")
    options = {"ENDPOINT_URL": "http://127.0.0.1:9", "ALLOW_HTTP": "true", "REGION": "us-east-1"}
    keys = {"ACCESS_KEY_ID": "a-key", "SECRET_ACCESS_KEY": "hunter22hunter22"}
    for name, value in {**options, **keys}.items():
        monkeypatch.setenv(f"LAKE_STORAGE_AWS_{name}", value)
    assert main() == 1
    said = capsys.readouterr().out
    assert "LAKE AWAY monitoring/platform/health: Cannot look for table s3://lake" in said
    assert "1 fresh" in said
    assert "hunter22" not in said


def test_where_dagster_s_records_cannot_be_reached_it_says_so_and_whether_the_lake_is_there(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lake").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster.yaml" / "away"))
    assert main() == 1
    said = capsys.readouterr().out
    assert "RECORDS AWAY monitoring/platform/health: NotADirectoryError: " in said
    assert f"The lake {tmp_path / 'lake'} is there." in said
    assert "owner team:platform; docs/runbooks/unreadable.md" in said


def test_another_error_is_not_taken_for_something_that_is_away(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANT_TIMEZONE", "Atlantis")
    with pytest.raises(ValueError, match="PLANT_TIMEZONE=Atlantis"):
        main()


def test_a_database_that_is_none_is_away_and_a_wrong_setting_of_dagster_s_is_another_error(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "dagster.yaml").unlink()
    (home / "dagster.yaml").write_text("no_such_setting: 1", encoding="utf-8")
    with pytest.raises(dg.DagsterInvalidConfigError, match="no_such_setting"):
        main()
    (home / "dagster.yaml").unlink()
    for kept in (home / "history").rglob("*.db*"):
        kept.write_text("torn" * 1000, encoding="utf-8")
    assert main() == 1
    assert "RECORDS AWAY monitoring/platform/health: DatabaseError: " in capsys.readouterr().out


def test_a_statement_that_a_database_refuses_is_another_error() -> None:
    with create_engine("sqlite://").connect() as database:
        database.execute(text("CREATE TABLE runs (id INTEGER NOT NULL)"))
        with pytest.raises(IntegrityError) as refused:
            database.execute(text("INSERT INTO runs VALUES (NULL)"))
    assert unreached(refused.value) is None
