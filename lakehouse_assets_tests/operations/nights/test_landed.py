"""Whose files are there, and which files came after their night."""

import os
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from lakehouse_assets.defs.energy.jobs import named_file as energy
from lakehouse_assets.defs.milling.jobs import named_file as milling
from lakehouse_assets.defs.turbofan.jobs import named_file as turbofan
from lakehouse_assets.operations.nights.fresh import Asked, Known, fresh_files, late_days, nobodys
from lakehouse_assets.operations.nights.landed import Grammar, Landed
from lakehouse_assets.operations.nights.looking_back import ALL_LATER
from lakehouse_assets.sources.landing import list_landing

DAY = date(2024, 3, 5)
NEXT = DAY + timedelta(days=1)
FIRST = DAY - timedelta(days=9)


def never(day: date) -> bool:
    return False


def always(day: date) -> bool:
    return True


def asked(
    last: date,
    took: Callable[[date], bool] = never,
    under_way: Collection[date] = (),
    first: date = FIRST,
    queued: Callable[[date], bool] = never,
    made: Callable[[date], bool] = always,
) -> Asked:
    return Asked(first, last, took, dict.fromkeys(under_way, "another mark"), queued, made)


def late(landed: Landed, known: Known, before: Asked) -> tuple[list[date], bool]:
    """The days to make again of a domain that looks back on no day before, and whether all is dealt with."""
    found = late_days(landed, known, before)
    assert found.later == []
    return found.own, not found.waiting


def day(n: int) -> date:
    return DAY + timedelta(days=n)


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


def test_a_daily_name_that_strayed_among_whole_histories_makes_no_day_late(tmp_path: Path) -> None:
    strays = [f"steel_EM01_{one}.csv" for one in (day(-1), day(-30), day(-31), date(2124, 3, 5))]
    folder = landed(tmp_path, energy, "Steel_industry_data.csv", *strays)
    assert not folder.is_late(DAY)
    assert not folder.is_late(day(-1))
    (tmp_path / "Steel_industry_data.csv").unlink()
    assert landed(tmp_path, energy).is_late(DAY), "without a history it delivers days"


def test_a_domain_that_came_to_deliver_daily_beside_its_history_is_awaited_until_it_delivers(tmp_path: Path) -> None:
    landed(tmp_path, energy, "Steel_industry_data.csv", *(f"steel_EM01_{day(n)}.csv" for n in (-4, -2)))
    assert not landed(tmp_path, energy).is_late(DAY)
    folder = landed(tmp_path, energy, f"steel_EM02_{day(-1)}.csv")
    assert [folder.is_late(day(n)) for n in (-1, 0, 40)] == [False, True, True]


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
    assert late(folder, {}, asked(DAY)) == ([DAY], True)
    assert late(folder, {}, asked(NEXT)) == ([DAY, NEXT], True)
    one = {"took": lambda day: day == DAY}
    assert late(folder, {}, asked(NEXT, **one)) == ([NEXT], True), "asked for with these files"
    one = {"under_way": [DAY]}
    assert late(folder, {}, asked(NEXT, **one)) == ([NEXT], False), "waited for"


def test_days_before_the_first_night_are_made_again_only_if_their_file_came_again(tmp_path: Path) -> None:
    name = f"ai4i_M1_{DAY}.csv"
    known = ledger(landed(tmp_path, milling, name))
    (tmp_path / name).write_text("corrected", encoding="utf-8")
    folder = landed(tmp_path, milling, f"ai4i_M2_{DAY}.csv")
    assert late(folder, known, asked(NEXT, first=NEXT)) == ([DAY], True)
    assert late(folder, {}, asked(NEXT, first=NEXT)) == ([], True)
    assert nobodys(folder, known, NEXT) == [f"ai4i_M2_{DAY}.csv"]


def test_a_whole_history_is_no_night_s_and_is_told(tmp_path: Path) -> None:
    folder = landed(tmp_path, energy, "Steel_industry_data.csv", "notes.pdf")
    assert late(folder, {}, asked(DAY)) == ([], True)
    assert nobodys(folder, {}, FIRST) == ["Steel_industry_data.csv"]


def test_later_days_that_look_back_on_a_fresh_file_s_day_are_made_again_up_to_the_last_night(tmp_path: Path) -> None:
    folder = landed(tmp_path, energy, f"steel_EM01_{DAY}.csv", f"steel_EM01_{day(3)}.csv")
    found = late_days(folder, {}, asked(day(9)), ahead=2)
    assert (found.own, found.later) == ([DAY, day(3)], [day(1), day(2), day(4), day(5)])
    assert found.days == [day(n) for n in range(6)]
    assert late_days(folder, {}, asked(day(4)), ahead=2).days == [day(n) for n in range(5)]
    assert late_days(folder, {}, asked(day(4)), ahead=ALL_LATER).days == [day(n) for n in range(5)]


def test_a_file_that_no_night_waits_for_makes_its_own_day_only(tmp_path: Path) -> None:
    folder = landed(tmp_path, turbofan, f"maintenance_FS001_{DAY}.csv", f"test_FS001_{day(5)}.txt")
    found = late_days(folder, {}, asked(day(6)), ahead=ALL_LATER)
    assert (found.own, found.later) == ([DAY, day(5)], [day(6)])


def test_later_days_of_a_file_that_was_asked_for_are_not_asked_for_again(tmp_path: Path) -> None:
    """It is fresh still: its run waits, or failed, or was asked for before later days were."""
    folder = landed(tmp_path, energy, f"steel_EM01_{DAY}.csv")
    assert late_days(folder, {}, asked(day(9), took=always), ahead=28).days == []
    assert late_days(folder, ledger(folder), asked(day(9)), ahead=28).days == []


def test_a_later_day_whose_own_file_is_late_still_is_left_out_until_it_lands(tmp_path: Path) -> None:
    folder = landed(tmp_path, energy, *(f"steel_EM01_{one}.csv" for one in (DAY, day(2))))
    known = {name: one for name, one in ledger(folder).items() if str(DAY) not in name}
    found = late_days(folder, known, asked(day(3), made=lambda one: one == day(3)), ahead=28)
    assert found.later == [day(2), day(3)], "made by the road, and by a night whose file was put away since"


def test_a_later_day_that_waits_comes_after_it_anyway_and_one_that_runs_is_made_again(tmp_path: Path) -> None:
    folder = landed(tmp_path, energy, *(f"steel_EM01_{day(n)}.csv" for n in range(4)))
    known = {name: one for name, one in ledger(folder).items() if str(DAY) not in name}
    busy = {"under_way": [day(2), day(3)], "queued": lambda one: one > day(2)}
    found = late_days(folder, known, asked(day(3), **busy), ahead=28)
    assert (found.days, found.waiting) == ([DAY, day(1), day(2)], [])


def test_where_a_run_under_way_took_the_file_the_later_days_are_made_again(tmp_path: Path) -> None:
    folder = landed(tmp_path, energy, f"steel_EM01_{DAY}.csv")
    runs = asked(day(2), under_way=[DAY])
    found = late_days(folder, {}, runs, ahead=28)
    assert (found.days, found.waiting) == ([], [DAY])
    assert late_days(folder, {}, runs, ahead=28, waited=[DAY]).days == []
    found = late_days(folder, ledger(folder), asked(day(2)), ahead=28, waited=[DAY])
    assert (found.own, found.later) == ([], [day(1), day(2)])


def test_a_day_whose_files_are_as_raw_holds_them_is_not_settled_while_a_run_may_bring_others(tmp_path: Path) -> None:
    folder = landed(tmp_path, energy, f"steel_EM01_{DAY}.csv")
    runs = asked(day(2), under_way=[DAY, day(1)])
    found = late_days(folder, ledger(folder), runs, ahead=28)
    assert (found.days, found.waiting, found.unsettled) == ([], [], [DAY]), "of the day after nothing lies there"
    same = replace(runs, under_way={DAY: folder.day_mark(DAY)})
    assert late_days(folder, ledger(folder), same, ahead=28).unsettled == []


def test_a_changed_file_that_cannot_be_read_is_fresh(tmp_path: Path) -> None:
    """It was taken away between the listing and the reading."""
    folder = landed(tmp_path, milling, f"ai4i_M1_{DAY}.csv", f"ai4i_M2_{DAY}.csv")
    known = ledger(folder)
    for file in folder.files:
        os.utime(file.path, (1, 1))
    again = landed(tmp_path, milling)
    (tmp_path / f"ai4i_M1_{DAY}.csv").unlink()
    assert [file.name for file in fresh_files(again, known)] == [f"ai4i_M1_{DAY}.csv"]
