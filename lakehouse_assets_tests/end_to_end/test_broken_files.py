"""Files that came broken, through the real assets: readable rows go on, the rest is quarantined, a repair is taken."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import platform_in, run_days

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("broken files")]

FIRST, LAST = "2024-01-01", "2024-01-06"
READINGS = ["harmonized", "turbofan", "readings"]
UNREADABLE = ["raw", "turbofan", "quarantine"]
SET_ASIDE = ["harmonized", "turbofan", "quarantine"]
READABLE_CHECK, CONTRACT_CHECK = "every_delivery_is_readable", "every_row_keeps_the_contract"


HEALTHY = (
    "518.67 641.82 1589.70 1400.60 14.62 21.61 554.36 2388.06 9046.19 1.30 47.47 521.66 2388.02 8138.62 8.4195 "
    "0.03 392 2388 100.00 39.06 23.4190"
)


def line(unit: int | str, cycle: int | str, **sensors: str) -> str:
    """A line as published, at sea level; sensors by their number, as in s4="NaN"."""
    healthy = HEALTHY.split()
    for name, value in sensors.items():
        healthy[int(name.removeprefix("s")) - 1] = value
    return " ".join([str(unit), str(cycle), "-0.0007", "-0.0004", "100.0", *healthy]) + "  \n"


WHOLE_TRAIN = [line(1, 1), line(1, 2), line(1, 3), line(1, 4), line(2, 1), line(2, 2), line(2, 3), line(3, 1)]
WHOLE_TEST = [line(1, cycle) for cycle in range(1, 7)]
WHOLE_OTHER = [line(7, 1), line(7, 2)]

BROKEN = {
    "train_FD001.txt": [
        line(1, 1),
        line(1, 2, s4="abc"),  # 2: text where a number belongs
        line(1, 3, s4="NaN"),  # 3: a reading that is missing is no fault
        line(1, 4),
        line(2, 1),
        line(2, 2),
        line(2, 2, s4="1401.00"),  # 7: the same cycle once more
        "2 3 0.1 0.2 100.0 518.67\n",  # 8: too few fields
        line(3, 1).rstrip() + " 99\n",  # 9: too many fields
    ],
    "test_FD001.txt": [*WHOLE_TEST[:4], WHOLE_TEST[4][:60]],  # 5: the transfer broke off
    "train_FD003.txt": [],
    "notes.txt": ["Units 4 and 5 follow on Monday.\n"],
}
REPAIRED = {"train_FD001.txt": WHOLE_TRAIN, "test_FD001.txt": WHOLE_TEST, "train_FD003.txt": WHOLE_OTHER}


class Plant:
    """A platform that real files are dropped to, and the zones raw and harmonized of it."""

    def __init__(self, folder: Path) -> None:
        self.landing = folder / "landing" / "turbofan"
        self.landing.mkdir(parents=True)
        self.environment = state_in(folder, LANDING=str(self.landing.parent))
        self.lake = Lake(self.environment["LAKE_URI"])

    def drop(self, files: dict[str, list[str]]) -> None:
        for name, lines in files.items():
            (self.landing / name).write_text("".join(lines))

    def ingest(self) -> dict[str, dg.AssetCheckEvaluation]:
        """Run landing, raw and harmonized for all days; the checks that it made, by name."""
        with platform_in(self.environment) as (defs, _):
            keys = defs.resolve_asset_graph().materializable_asset_keys
        zones = [[zone, "turbofan"] for zone in ("landing", "raw", "harmonized")]
        early = [key for key in keys if key.path[:2] in zones]
        done = run_days(self.environment, "turbofan_road", FIRST, LAST, only=early)
        assert done.success
        return {check.check_name: check for check in done.get_asset_check_evaluations()}

    def cycles(self) -> list[tuple[str, int]]:
        """Engine and cycle of every harmonized row."""
        rows = self.lake.read_pandas(READINGS).sort_values(["engine_id", "cycle"])
        return list(zip(rows["engine_id"], rows["cycle"].astype(int), strict=True))


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    return Plant(tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def broken(plant: Plant) -> dict[str, dg.AssetCheckEvaluation]:
    """The checks after the broken files were taken in, twice: the second time must change nothing."""
    plant.drop(BROKEN)
    plant.ingest()
    return plant.ingest()


@pytest.fixture(scope="module")
def as_broken(plant: Plant, broken: dict[str, dg.AssetCheckEvaluation]) -> dict[str, pd.DataFrame]:
    """What lay in the tables before the repair."""
    keys = (
        READINGS,
        UNREADABLE,
        SET_ASIDE,
        ["raw", "turbofan", "run_to_failure"],
        ["harmonized", "turbofan", "failures"],
    )
    return {"/".join(key): plant.lake.read_pandas(key) for key in keys}


@pytest.fixture(scope="module")
def repaired(plant: Plant, as_broken: dict[str, pd.DataFrame]) -> dict[str, dg.AssetCheckEvaluation]:
    """The checks after the files were put right and dropped again under their names, and the stray one taken away."""
    plant.drop(REPAIRED)
    (plant.landing / "notes.txt").unlink()
    plant.ingest()
    return plant.ingest()


def test_readable_rows_of_broken_files_go_on(as_broken: dict[str, pd.DataFrame]) -> None:
    rows = as_broken["/".join(READINGS)].set_index(["engine_id", "cycle"]).sort_index()
    assert list(rows.index) == [
        *[("turbofan-FD001-test-001", cycle) for cycle in (1, 2, 3, 4)],
        *[("turbofan-FD001-train-001", cycle) for cycle in (1, 3, 4)],
        *[("turbofan-FD001-train-002", cycle) for cycle in (1, 2)],
    ]
    assert rows["t50"].isna().sum() == 1, "a NaN as delivered is a reading that is missing"
    assert pd.isna(rows.loc[("turbofan-FD001-train-001", 3), "t50"])
    assert rows.loc[("turbofan-FD001-train-002", 2), "t50"] == pytest.approx(1400.60 * 5 / 9)


def test_what_nobody_can_read_is_quarantined_with_file_line_and_reason(as_broken: dict[str, pd.DataFrame]) -> None:
    rows = as_broken["/".join(UNREADABLE)].sort_values(["file", "line"])
    found = [(row.file, row.line, row.reason) for row in rows.itertuples()]
    assert [one[:2] for one in found] == [
        ("notes.txt", 0),
        ("test_FD001.txt", 5),
        ("train_FD001.txt", 8),
        ("train_FD001.txt", 9),
        ("train_FD003.txt", 0),
    ]
    reasons = [one[2] for one in found]
    assert reasons[0].startswith("unknown file")
    assert reasons[1] == "file ends inside this line"
    assert reasons[2] == "wrong number of fields: expected 26, found 6"
    assert reasons[3] == "wrong number of fields: expected 26, found 27"
    assert reasons[4].startswith("empty file")
    assert "518.67" in rows["text"].iloc[2], "nothing is lost: the line itself is kept"


def test_rows_that_break_the_contract_are_set_aside_with_file_line_and_rule(as_broken: dict[str, pd.DataFrame]) -> None:
    rows = as_broken["/".join(SET_ASIDE)].sort_values("source_line")
    assert list(zip(rows["source_file"], rows["source_line"], strict=True)) == [
        ("train_FD001.txt", 2),
        ("train_FD001.txt", 7),
    ]
    assert "t50 must be a number, found 'abc'" in rows["rule"].iloc[0]
    assert "only one row per engine_id, day" in rows["rule"].iloc[1]


def test_an_engine_whose_last_lines_cannot_be_read_has_not_failed(as_broken: dict[str, pd.DataFrame]) -> None:
    assert list(as_broken["harmonized/turbofan/failures"]["engine_id"]) == ["turbofan-FD001-train-001"]


@pytest.mark.parametrize("name", [READABLE_CHECK, CONTRACT_CHECK])
def test_the_checks_fail_as_warnings_while_files_are_broken(
    broken: dict[str, dg.AssetCheckEvaluation], name: str
) -> None:
    assert not broken[name].passed
    assert broken[name].severity == dg.AssetCheckSeverity.WARN


def test_files_that_are_put_right_and_dropped_again_are_taken_without_duplicates(
    plant: Plant, repaired: dict[str, dg.AssetCheckEvaluation]
) -> None:
    assert plant.cycles() == [
        *[("turbofan-FD001-test-001", cycle) for cycle in (1, 2, 3, 4, 5, 6)],
        *[("turbofan-FD001-train-001", cycle) for cycle in (1, 2, 3, 4)],
        *[("turbofan-FD001-train-002", cycle) for cycle in (1, 2, 3)],
        ("turbofan-FD001-train-003", 1),
        *[("turbofan-FD003-train-007", cycle) for cycle in (1, 2)],
    ]
    assert plant.lake.row_count(SET_ASIDE) == 0
    failed = plant.lake.read_pandas(["harmonized", "turbofan", "failures"])
    assert dict(zip(failed["engine_id"], failed["cycle"], strict=True)) == {
        "turbofan-FD001-train-001": 4,
        "turbofan-FD001-train-002": 3,
        "turbofan-FD001-train-003": 1,
        "turbofan-FD003-train-007": 2,
    }


def test_raw_keeps_both_deliveries_of_a_repaired_file_and_no_row_twice(
    plant: Plant, as_broken: dict[str, pd.DataFrame], repaired: dict[str, dg.AssetCheckEvaluation]
) -> None:
    raw = plant.lake.read_pandas(["raw", "turbofan", "run_to_failure"])
    assert len(as_broken["raw/turbofan/run_to_failure"]) == 7
    assert len(raw) == 7 + len(WHOLE_TRAIN) + len(WHOLE_OTHER)
    assert not raw.duplicated(["file", "sha256", "line"]).any()
    assert len(plant.lake.read_pandas(UNREADABLE)) == len(as_broken["/".join(UNREADABLE)]), "quarantine is history too"


def test_the_contract_check_passes_once_the_files_are_right(repaired: dict[str, dg.AssetCheckEvaluation]) -> None:
    assert repaired[CONTRACT_CHECK].passed


def test_the_delivery_check_no_longer_names_files_that_are_right(
    repaired: dict[str, dg.AssetCheckEvaluation],
) -> None:
    examples = str(repaired[READABLE_CHECK].metadata["examples"].value)
    assert [name for name in REPAIRED if name in examples] == []


def test_the_delivery_check_passes_once_the_stray_file_is_taken_away(
    repaired: dict[str, dg.AssetCheckEvaluation],
) -> None:
    assert repaired[READABLE_CHECK].passed, repaired[READABLE_CHECK].metadata["examples"]
