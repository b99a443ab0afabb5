"""When the sensor for late files looks into a folder that changes, and what it remembers."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from lakehouse_assets.defs.milling.jobs import named_file
from lakehouse_assets.operations.nights.landed import Landed
from lakehouse_assets.operations.nights.seen import RESTLESS, STILL, Seen
from lakehouse_assets.sources.landing import list_landing

DAY = date(2024, 3, 5)
NOW = datetime(2024, 3, 6, 8, tzinfo=UTC)


def landed(folder: Path, *names: str, at: datetime = NOW) -> Landed:
    for name in names:
        (folder / name).write_text(f"{name} {at}", encoding="utf-8")
        os.utime(folder / name, (at.timestamp(), at.timestamp()))
    return Landed("some", list_landing(folder), named_file)


def test_a_folder_is_looked_into_when_it_has_changed_and_is_still_again(tmp_path: Path) -> None:
    seen = Seen()
    assert seen.news(landed(tmp_path, f"ai4i_M1_{DAY}.csv"), NOW, DAY) is None, "it may still change"
    folder = landed(tmp_path, f"ai4i_M2_{DAY}.csv")
    assert seen.news(folder, NOW, DAY) is None, "it did"
    assert seen.news(folder, NOW, DAY) == folder
    seen = Seen.read(seen.written())
    assert seen.news(folder, NOW, DAY) == folder, "until it is dealt with"
    seen.dealt_with(folder, [], DAY)
    assert Seen.read(seen.written()).news(folder, NOW, DAY) is None


def test_a_folder_that_is_as_it_was_is_looked_into_once_more_after_each_night(tmp_path: Path) -> None:
    seen, folder, following = Seen(), landed(tmp_path, f"ai4i_M1_{DAY}.csv"), DAY + timedelta(days=1)
    assert seen.news(folder, NOW, DAY) is None
    assert seen.news(folder, NOW, DAY) == folder
    seen.dealt_with(folder, [], DAY)
    assert seen.news(folder, NOW, DAY) is None
    assert seen.news(folder, NOW, following) == folder
    seen.dealt_with(folder, [], following)
    assert seen.news(folder, NOW, following) is None


def test_a_cursor_that_is_lost_or_of_another_form_is_a_first_look() -> None:
    for text in ("no cursor of ours", None, "[]", '{"waiting": {"some": ["x"]}}', '{"restless": {"some": 1}}'):
        assert Seen.read(text) == Seen()
    assert Seen.read('{"before": {"some": "a"}, "done": {}}') == Seen({"some": "a"}), "one of before"


def test_what_waits_for_a_run_is_remembered_until_it_is_dealt_with(tmp_path: Path) -> None:
    seen, folder = Seen(), landed(tmp_path, f"ai4i_M1_{DAY}.csv")
    seen.news(folder, NOW, DAY)
    seen.dealt_with(folder, [DAY], DAY)
    seen = Seen.read(seen.written())
    assert seen.waiting_days("some") == [DAY]
    assert seen.news(folder, NOW, DAY) == folder
    seen.dealt_with(folder, [], DAY)
    assert (seen.waiting_days("some"), seen.news(folder, NOW, DAY)) == ([], None)


def test_of_a_folder_that_changes_at_every_look_the_files_that_do_not_are_dealt_with_after_a_while(
    tmp_path: Path,
) -> None:
    seen, step = Seen(), timedelta(seconds=30)
    landed(tmp_path, f"ai4i_M1_{DAY}.csv")
    looks = int(RESTLESS / step) + 1
    found = []
    for n in range(2 * looks):
        now = NOW + STILL + n * step
        folder = landed(tmp_path, "log.csv", at=now)
        found.append(seen.news(folder, now, DAY))
        seen = Seen.read(seen.written())
    names = [None if one is None else [file.name for file in one.files] for one in found]
    assert names[:looks] == [None] * (looks - 1) + [[f"ai4i_M1_{DAY}.csv"]]
    assert names.count(None) == len(names) - 2, "not at every look"
    assert seen.news(folder, now + step, DAY) == folder, "all of it when it is still"


def test_a_folder_that_was_still_in_between_is_not_restless(tmp_path: Path) -> None:
    seen = Seen()
    for n in range(60):
        now = NOW + n * timedelta(minutes=1)
        folder = landed(tmp_path, "log.csv", at=now - n % 2 * timedelta(minutes=1))
        part = seen.news(folder, now, DAY)
        assert part in (None, folder)


def test_the_cursor_does_not_grow_with_the_files(tmp_path: Path) -> None:
    def cursor_over(files: int) -> int:
        seen = Seen()
        folder = landed(tmp_path, *(f"ai4i_M{n}_{DAY}.csv" for n in range(files)))
        seen.news(folder, NOW, DAY)
        seen.dealt_with(folder, [], DAY)
        return len(seen.written())

    assert cursor_over(1) == cursor_over(300)
