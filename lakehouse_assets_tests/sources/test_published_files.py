"""The files as NASA published them, where they are at hand."""

import os
import time
from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.sources.turbofan.files import VALUE_COLUMNS, read_delivery
from lakehouse_assets_tests.cpu_time import at_best

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("LAKEHOUSE_REAL_DATA") or ROOT / ".." / "shared" / "data") / "turbofan"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the published C-MAPSS files are not at {FOLDER}: set LAKEHOUSE_REAL_DATA"
)

PUBLISHED = {
    "train_FD001.txt": (20_631, 100, 362),
    "test_FD001.txt": (13_096, 100, 303),
    "train_FD003.txt": (24_720, 100, 525),
    "test_FD003.txt": (16_596, 100, 475),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_nothing_of_a_published_file_is_rejected_and_no_digit_is_lost(name):
    path = FOLDER / name
    delivery = read_delivery(path)
    rows, engines, longest = PUBLISHED[name]
    assert delivery.rejects.empty
    assert (len(delivery.rows), delivery.rows["engine_id"].nunique()) == (rows, engines)
    assert delivery.rows["cycle"].astype(int).max() == longest
    assert delivery.rows["day"].min() == date(2024, 1, 1)
    again = [" ".join(row) for row in delivery.rows[list(VALUE_COLUMNS)].itertuples(index=False, name=None)]
    assert again == [line.rstrip() for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", ["RUL_FD001.txt", "RUL_FD003.txt"])
def test_nothing_of_a_published_remaining_life_file_is_rejected(name):
    delivery = read_delivery(FOLDER / name)
    assert delivery.rejects.empty
    assert delivery.rows["remaining_cycles"].tolist() == (FOLDER / name).read_text().split()


def test_missing_sensors_of_fd003_stay_the_text_that_was_delivered():
    rows = read_delivery(FOLDER / "train_FD003.txt").rows
    assert (rows[["s6", "s10", "s16"]] == "NaN").sum().tolist() == [7799, 7799, 7799]


def test_the_largest_published_file_is_read_in_seconds():
    def cpu_seconds() -> float:
        start = time.process_time()
        read_delivery(FOLDER / "train_FD003.txt")
        return time.process_time() - start

    # 0.8 CPU-s when written; the bound only guards against an accidental square.
    assert at_best(4, cpu_seconds) < 4
