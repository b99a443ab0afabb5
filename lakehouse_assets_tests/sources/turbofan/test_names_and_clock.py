import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.sources.turbofan.clock import FIRST_DAY, cycle_of_day, day_of, day_of_cycle
from lakehouse_assets.sources.turbofan.names import TurbofanFile, engine_id, file_name, parse_name

kinds = st.sampled_from(["train", "test", "RUL"])
fleets = st.from_regex(r"[A-Z]{2}[0-9]{3}", fullmatch=True)


@given(kinds, fleets, st.none() | st.dates())
def test_every_name_of_the_grammar_is_read_as_what_it_says(kind, fleet, day):
    name = file_name(kind, fleet, day)
    assert parse_name(name) == TurbofanFile(name, kind, fleet, day)


@pytest.mark.parametrize(
    "name",
    [
        "train_FD001.csv",
        "train_FD001.txt.gz",
        "Train_FD001.txt",
        "rul_FD001.txt",
        "train_FD1.txt",
        "train_fd001.txt",
        "train_FD001_2024-02-30.txt",
        "train_FD001_20240101.txt",
        "train_FD001 (1).txt",
        "train_FD001.txt\n",
        "train_FD٠٠١.txt",
        "readme.txt",
        "",
    ],
)
def test_any_other_name_says_nothing(name):
    assert parse_name(name) is None


def test_train_and_test_engines_of_a_cohort_are_different_engines():
    assert engine_id(TurbofanFile("", "train", "FD001"), 1) == "turbofan-FD001-train-001"
    assert engine_id(TurbofanFile("", "test", "FD001"), 1) == "turbofan-FD001-test-001"


def test_a_remaining_life_is_that_of_a_test_engine():
    assert engine_id(TurbofanFile("", "RUL", "FD001"), 7) == "turbofan-FD001-test-007"


def test_an_engine_keeps_its_key_on_the_day_it_fails():
    day = date(2024, 5, 1)
    assert engine_id(TurbofanFile("", "test", "FS001", day), 12) == "turbofan-FS001-012"
    assert engine_id(TurbofanFile("", "train", "FS001", day), 12) == "turbofan-FS001-012"
    assert engine_id(TurbofanFile("", "test", "FS001", day), 1012) == "turbofan-FS001-1012"


def test_cycle_one_of_a_cohort_is_the_first_day_of_its_fleet():
    assert day_of_cycle("FD001", 1) == FIRST_DAY == date(2024, 1, 1)
    assert day_of_cycle("FD001", 61) == date(2024, 3, 1)
    assert day_of_cycle("FD001", 2, {"FD001": date(2020, 2, 28)}) == date(2020, 2, 29)


@given(st.integers(1, 99_999))
def test_day_and_cycle_of_a_cohort_are_inverse(cycle):
    assert cycle_of_day("FD003", day_of_cycle("FD003", cycle)) == cycle


def test_the_rows_of_a_daily_file_lie_on_its_day_whatever_their_cycle():
    day = date(2025, 7, 9)
    assert day_of(TurbofanFile("", "test", "FS001", day), 300) == day
    assert day_of(TurbofanFile("", "test", "FD001"), 300) == day_of_cycle("FD001", 300)


def test_names_and_clock_are_free_to_import():
    code = (
        "import sys, lakehouse_assets.sources.turbofan.clock, lakehouse_assets.sources.turbofan.names;"
        "sys.exit(bool({'pandas', 'numpy', 'pyarrow', 'dagster'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
