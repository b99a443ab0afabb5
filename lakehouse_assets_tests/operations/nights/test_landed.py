"""Whose files are there, and which files came after their night."""

import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from lakehouse_assets.defs.energy.jobs import named_file as energy
from lakehouse_assets.defs.milling.jobs import named_file as milling
from lakehouse_assets.defs.turbofan.jobs import named_file as turbofan
from lakehouse_assets.operations.nights.fresh import Asked, Known, Seen, fresh_files, late_days, nobodys
from lakehouse_assets.operations.nights.landed import Grammar, Landed
from lakehouse_assets.sources.landing import list_landing

DAY = date(2024, 3, 5)
NEXT = DAY + timedelta(days=1)
FIRST = DAY - timedelta(days=9)


def never(day: date) -> bool:
    return False


def asked(
    last: date, took: Callable[[date], bool] = never, under_way: Callable[[date], bool] = never, first: date = FIRST
) -> Asked:
    return Asked(first, last, took, under_way)


def landed(folder: Path, grammar: Grammar, *names: str) -> Landed:
    for name in names:
        (folder / name).write_text(name, encoding="utf-8")
    return Landed("some", list_landing(folder), grammar)


def ledger(folder: Landed) -> Known:
    return {file.name: (file.size, file.modified, file.sha256) for file in folder.files}


def test_a_domain_waits_for_a_file_that_names_the_day(tmp_path: Path) -> None:
    folder = landed(tmp_path, milling, f"ai4i_M1_{DAY}.csv")
    assert not folder.is_late(DAY)
    assert folder.is_late(NEXT)


def test_a_domain_with_whole_histories_only_waits_for_nothing_and_one_with_no_file_waits(tmp_path: Path) -> None:
    assert landed(tmp_path, energy).is_late(DAY)
    assert not landed(tmp_path, energy, "Steel_industry_data.csv").is_late(DAY)
    assert landed(tmp_path, energy, f"steel_EM01_{NEXT}.csv").is_late(DAY), "it delivers days now"


def test_maintenance_records_and_remaining_lives_are_not_what_a_night_waits_for(tmp_path: Path) -> None:
    others = landed(tmp_path, turbofan, f"maintenance_FS001_{DAY}.csv", "RUL_FD001.txt")
    assert others.is_late(DAY)
    assert not landed(tmp_path, turbofan, f"test_FS001_{DAY}.txt").is_late(DAY)


def test_a_file_that_is_still_being_written_under_a_hidden_name_does_not_count(tmp_path: Path) -> None:
    assert landed(tmp_path, milling, f".ai4i_M1_{DAY}.csv").is_late(DAY)


def test_a_file_is_fresh_if_the_ledger_lacks_it_or_holds_another_content(tmp_path: Path) -> None:
    before = landed(tmp_path, milling, *(f"ai4i_M{n}_{DAY}.csv" for n in range(3)))
    known = ledger(before)
    (tmp_path / f"ai4i_M0_{DAY}.csv").write_text("corrected", encoding="utf-8")
    os.utime(tmp_path / f"ai4i_M1_{DAY}.csv", (1, 1))
    after = landed(tmp_path, milling, f"ai4i_M3_{NEXT}.csv")
    assert [file.name for file in fresh_files(after, known)] == [f"ai4i_M0_{DAY}.csv", f"ai4i_M3_{NEXT}.csv"]
    assert fresh_files(before, known) == []


def test_days_up_to_the_last_night_are_made_again_and_later_ones_are_left_to_their_night(tmp_path: Path) -> None:
    folder = landed(tmp_path, milling, f"ai4i_M1_{DAY}.csv", f"ai4i_M1_{NEXT}.csv")
    assert late_days(folder, {}, asked(DAY)) == ([DAY], True)
    assert late_days(folder, {}, asked(NEXT)) == ([DAY, NEXT], True)
    one = {"took": lambda day: day == DAY}
    assert late_days(folder, {}, asked(NEXT, **one)) == ([NEXT], True), "asked for with these files"
    one = {"under_way": lambda day: day == DAY}
    assert late_days(folder, {}, asked(NEXT, **one)) == ([NEXT], False), "waited for"


def test_days_before_the_first_night_are_made_again_only_if_their_file_came_again(tmp_path: Path) -> None:
    name = f"ai4i_M1_{DAY}.csv"
    known = ledger(landed(tmp_path, milling, name))
    (tmp_path / name).write_text("corrected", encoding="utf-8")
    folder = landed(tmp_path, milling, f"ai4i_M2_{DAY}.csv")
    assert late_days(folder, known, asked(NEXT, first=NEXT)) == ([DAY], True)
    assert late_days(folder, {}, asked(NEXT, first=NEXT)) == ([], True)
    assert nobodys(folder, known, NEXT) == [f"ai4i_M2_{DAY}.csv"]


def test_a_whole_history_is_no_night_s_and_is_told(tmp_path: Path) -> None:
    folder = landed(tmp_path, energy, "Steel_industry_data.csv", "notes.pdf")
    assert late_days(folder, {}, asked(DAY)) == ([], True)
    assert nobodys(folder, {}, FIRST) == ["Steel_industry_data.csv"]


def test_a_folder_is_looked_into_when_it_has_changed_and_is_still_again(tmp_path: Path) -> None:
    seen = Seen()
    assert not seen.has_news(landed(tmp_path, milling, f"ai4i_M1_{DAY}.csv")), "it may still change"
    folder = landed(tmp_path, milling, f"ai4i_M2_{DAY}.csv")
    assert not seen.has_news(folder), "it did"
    assert seen.has_news(folder)
    seen = Seen.read(seen.written())
    assert seen.has_news(folder), "until it is dealt with"
    seen.done["some"] = folder.mark
    assert not Seen.read(seen.written()).has_news(folder)
    assert Seen.read("no cursor of ours") == Seen.read(None) == Seen()


def test_the_cursor_does_not_grow_with_the_files(tmp_path: Path) -> None:
    def cursor_over(files: int) -> int:
        seen = Seen()
        folder = landed(tmp_path, milling, *(f"ai4i_M{n}_{DAY}.csv" for n in range(files)))
        seen.has_news(folder)
        seen.done["some"] = folder.mark
        return len(seen.written())

    assert cursor_over(1) == cursor_over(300)
