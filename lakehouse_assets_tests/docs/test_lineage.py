"""The queries of docs/lineage.md, as they stand there, on tables as the roads write them."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.lake.errors import MissingTableError
from lakehouse_assets.lake.lines_behind import UnknownOriginError, lines_behind
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties
from lakehouse_assets_tests.docs.lineage_cases import (
    AGAIN,
    CAME_AGAIN,
    FIRST,
    FIRST_CAME,
    PREDICTED,
    PREDICTIONS,
    READINGS,
    ROWS,
    Platform,
    Rows,
    instant,
)


@pytest.fixture
def platform(tmp_path: Path, request: pytest.FixtureRequest) -> Platform:
    """A use case whose days were loaded and predicted in one go."""
    made = Platform(tmp_path, getattr(request, "param", "turbofan_rul"))
    made.comes(ROWS[made.use_case], range(30))
    made.predicts(range(30))
    return made


every_use_case = pytest.mark.parametrize("platform", list(ROWS), indirect=True)


def lines_by_hand(engine: str, day: int) -> list[tuple[str, int]]:
    [made] = [one for one in PREDICTIONS if (one["engine_id"], one["day"]) == (engine, FIRST + timedelta(days=day))]
    return [
        (row["source_file"], row["source_line"])
        for row in READINGS
        if row["engine_id"] == engine and row["day"] <= made["day"] and row["known_at"] <= made["predicted_at"]
    ]


def sources(platform: Platform, engine: str, day: int) -> Rows:
    where = {"engine_id": engine}
    return platform.ask("sources_of_a_prediction", where, engine_id=engine, day=FIRST + timedelta(days=day))


def reached(platform: Platform, file: str) -> Rows:
    return platform.ask("predictions_of_a_file", {"source_file": file}, source_file=file)


def predictions_reached(platform: Platform, file: str) -> int:
    return sum(row.get("quarters", 1) for row in reached(platform, file))


def test_a_prediction_came_from_the_lines_that_were_known_when_it_was_made(platform: Platform) -> None:
    for engine in "ab":
        for day in range(3):
            rows = sources(platform, engine, day)
            assert [(row["source_file"], row["source_line"]) for row in rows] == lines_by_hand(engine, day)
            assert {(row["model_version"], row["feature_version"]) for row in rows} == {(3, "f1")}


def test_a_line_that_came_late_is_no_source_of_what_was_predicted_before() -> None:
    assert len(lines_by_hand("b", 1)) == 1
    assert len(lines_by_hand("b", 2)) == 3


def test_a_file_reached_the_predictions_of_which_its_lines_are_sources(platform: Platform) -> None:
    for day in range(3):
        file = f"test_FS001_{FIRST + timedelta(days=day)}.txt"
        backwards = {
            (one["engine_id"], one["day"])
            for one in PREDICTIONS
            if any(name == file for name, _ in lines_by_hand(one["engine_id"], (one["day"] - FIRST).days))
        }
        assert {(row["engine_id"], row["day"]) for row in reached(platform, file)} == backwards
        assert backwards


@pytest.mark.parametrize(
    ("platform", "asked", "lines"),
    [
        ("milling_failure", {"machine_id": "m1", "number": 1, "day": date(2024, 3, 3)}, [("m1_2024-03-03", 2)]),
        (
            "energy_demand",
            {"meter_id": "e1", "target_at": instant(29, 7)},
            [("e1_2024-03-02", 2), ("e1_2024-03-30", 2)],
        ),
    ],
    indirect=["platform"],
)
def test_the_page_s_join_of_another_use_case_finds_the_lines_that_its_prediction_came_from(
    platform: Platform, asked: dict[str, Any], lines: list[tuple[str, int]]
) -> None:
    found = platform.ask("sources_of_a_prediction", {}, **asked)
    assert [(row["source_file"], row["source_line"]) for row in found] == lines


@every_use_case
@pytest.mark.parametrize("again", ["corrected", "withdrawn"])
def test_a_file_that_was_put_right_still_reached_what_was_made_from_its_first_delivery(
    platform: Platform, again: str
) -> None:
    file, day, entity, predicted, number = AGAIN[platform.use_case]
    assert predictions_reached(platform, file) == number
    rows = ROWS[platform.use_case]
    kept = [row for row in rows if row["source_file"] != file]
    later = [row | {"known_at": CAME_AGAIN, "ingested_at": CAME_AGAIN} for row in rows if row["source_file"] == file]
    platform.comes(kept + (later if again == "corrected" else []), [day])
    assert predictions_reached(platform, file) == number
    assert {row["ingested_at"] for row in reached(platform, file)} == {FIRST_CAME}

    # Scored again with another champion, from the features that are there.
    platform.predicts([predicted], features=False)
    assert predictions_reached(platform, file) == number

    # Made again from its rows of now: those are known too late for it, or gone.
    platform.predicts([predicted])
    of_that_day = sum(
        all(one[name] == value for name, value in entity.items()) and one["day"] == FIRST + timedelta(days=predicted)
        for one in PREDICTED[platform.use_case]
    ) + (platform.use_case == "turbofan_rul")
    assert predictions_reached(platform, file) == number - of_that_day


def test_a_correction_reached_what_is_made_when_it_is_known(platform: Platform) -> None:
    early = instant(0, hour=7)
    corrected = [row | {"known_at": early, "ingested_at": early} if row["day"] == FIRST else row for row in READINGS]
    platform.comes(corrected, [0])
    platform.predicts([1])
    came = {row["day"].day: row["ingested_at"] for row in reached(platform, "test_FS001_2024-03-01.txt")}
    assert came == {1: FIRST_CAME, 2: early, 3: FIRST_CAME}


def test_a_restored_table_has_the_lines_of_the_version_that_it_was_restored_to(platform: Platform) -> None:
    file = AGAIN["turbofan_rul"][0]
    features = platform.way[1]
    platform.comes([row for row in READINGS if row["source_file"] != file], [0])
    platform.predicts([2])
    assert 3 not in {row["day"].day for row in reached(platform, file)}
    extra = {"maintenance": "restore", "restored_from": "0"}
    table = platform.lake.open(features.split("/"))
    table.restore(0, commit_properties=commit_properties(Provenance(features), extra))
    platform.predicts([2], features=False)
    assert 3 in {row["day"].day for row in reached(platform, file)}


def test_rows_that_nobody_wrote_since_are_found_after_compaction_and_vacuum(platform: Platform) -> None:
    file = AGAIN["turbofan_rul"][0]
    before = reached(platform, file)
    platform.comes([row for row in READINGS if row["day"] == FIRST + timedelta(days=2)], [2])
    source = platform.lake.open(platform.way[-1].split("/"))
    source.optimize.z_order(["engine_id"])
    source.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert reached(platform, file) == before


def test_a_version_that_was_vacuumed_is_an_error_and_no_empty_answer(platform: Platform) -> None:
    file, day = AGAIN["turbofan_rul"][:2]
    platform.comes([row for row in READINGS if row["source_file"] != file], [day])
    source = platform.lake.open(platform.way[-1].split("/"))
    source.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(MissingTableError, match="harmonized/turbofan/readings"):
        reached(platform, file)


def test_a_way_that_leaves_a_table_out_is_refused(platform: Platform) -> None:
    with pytest.raises(
        UnknownOriginError, match=r"features.*does not say which version of harmonized/turbofan/readings"
    ):
        lines_behind(platform.lake, [*platform.way[:2], platform.way[-1]], ["engine_id"])
