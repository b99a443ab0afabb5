from pathlib import Path

import pytest

from lakehouse_assets import settings
from lakehouse_assets.operations.embedded import PLACED_ELSEWHERE, prepare_dagster_home, set_aside_other_input


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "DATA", tmp_path)
    for name in PLACED_ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "table").write_text("rows")
    return tmp_path


def switch(data: Path, source: str) -> list[str]:
    said: list[str] = []
    set_aside_other_input(data / ".demo_source", source, said.append)
    return said


def test_the_same_input_again_goes_on_with_the_same_lake(data: Path) -> None:
    assert switch(data, "simulated plant") == switch(data, "simulated plant") == []
    assert (data / "lake" / "table").exists()


def test_another_input_starts_afresh_and_the_earlier_lake_is_kept(data: Path) -> None:
    switch(data, "simulated plant")
    (said,) = switch(data, "/shared/data")
    assert not (data / "lake").exists()
    (kept,) = (data / "set_aside").glob("*/lake/table")
    assert kept.read_text() == "rows"
    assert str(kept.parents[1]) in said


def test_a_lake_that_was_placed_elsewhere_is_left_alone(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switch(data, "simulated plant")
    monkeypatch.setenv("LAKE_URI", "/elsewhere")
    assert switch(data, "/shared/data") == []
    assert (data / "lake" / "table").exists()


def test_a_dagster_home_with_a_configuration_of_its_own_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: true}")
    prepare_dagster_home(tmp_path)
    assert (tmp_path / "dagster.yaml").read_text() == "telemetry: {enabled: true}"
