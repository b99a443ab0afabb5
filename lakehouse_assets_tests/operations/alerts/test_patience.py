"""A channel that hangs or is slow holds up nobody else, and is told later what it missed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.alerts.book import book, tell
from lakehouse_assets.operations.alerts.channels import NotToldError
from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.messages import Message, Places
from lakehouse_assets_tests.operations.alerts.receiver import PATIENCE
from lakehouse_assets_tests.operations.alerts.watched import Platform

NOW = datetime.now(UTC)
NIGHTS = [f"night {number}" for number in range(6)]


class Hour:
    """A clock that goes on only while somebody waits, and the channels that let it."""

    def __init__(self, lake: Lake) -> None:
        self.lake, self.seconds, self.calls = lake, 0.0, list[tuple[str, str]]()
        self.channels: dict[str, Callable[[Message], None]] = {}

    def channel(self, name: str, takes: float, fails: Callable[[str], bool] = lambda _: False) -> None:
        def asked(message: Message) -> None:
            title = message.title.removesuffix(": run failed")
            self.seconds += takes
            self.calls.append((name, title))
            if fails(title):
                raise NotToldError(f"{name} did not answer")

        self.channels[name] = asked

    def tick(self, *subjects: str, ok: bool = False) -> list[tuple[str, str]]:
        before = len(self.calls)
        at = [NOW + timedelta(minutes=ok, seconds=number) for number in range(len(subjects))]
        facts = [Fact(Kind.FAILED_RUN, one, when, ok, "torn") for one, when in zip(subjects, at, strict=True)]
        places = Places("http://ui", "{kind}")
        tell(self.lake, book(self.lake), facts, Graph({}), places, self.channels, lambda: self.seconds)
        return self.calls[before:]


@pytest.fixture
def hour(tmp_path: Path) -> Hour:
    return Hour(Lake(str(tmp_path / "lake")))


def test_a_channel_that_hangs_is_asked_once_a_tick_and_told_everything_when_it_answers(hour: Hour) -> None:
    hangs = [True]
    hour.channel("hanging", 4, lambda _: hangs[0])
    hour.channel("log", 0)
    hour.channel("good", 0)
    calls = hour.tick(*NIGHTS)
    assert calls[:6] == [("log", one) for one in NIGHTS]
    assert [one for one in calls if one[0] == "good"] == [("good", one) for one in NIGHTS]
    assert [one for one in calls if one[0] == "hanging"] == [("hanging", "night 0")]
    assert hour.tick(*NIGHTS, ok=True)[-1] == ("hanging", "night 0"), "it comes last as long as it owes an answer"
    hangs[0] = False
    told = [title for _, title in [*hour.tick(), *hour.tick()]]
    assert sorted(told) == sorted([*NIGHTS, *(f"Over: {one}" for one in NIGHTS)])
    assert hour.tick() == []


def test_a_message_that_is_refused_at_once_does_not_keep_the_others_back(hour: Hour) -> None:
    hour.channel("choosy", 0, lambda title: title == "night 0")
    assert hour.tick(*NIGHTS) == [("choosy", one) for one in NIGHTS]
    assert hour.tick() == [("choosy", "night 0")]


def test_a_tick_stops_in_time_tells_the_log_all_and_goes_on_in_the_next(hour: Hour) -> None:
    hour.channel("slow", 9)
    hour.channel("log", 1)
    first, second = hour.tick(*NIGHTS), hour.tick()
    assert first == [*(("log", one) for one in NIGHTS), *(("slow", one) for one in NIGHTS[:3])]
    assert second == [("slow", one) for one in NIGHTS[3:]]
    assert hour.tick() == []


def test_the_log_is_told_all_however_long_that_takes_since_the_look_is_not_repeated(hour: Hour) -> None:
    hour.channel("log", 9)
    hour.channel("good", 0)
    assert hour.tick(*NIGHTS) == [("log", one) for one in NIGHTS]
    assert hour.tick() == [("good", one) for one in NIGHTS]


def test_a_receiver_that_says_too_late_that_it_took_a_message_gets_it_again_by_the_same_name(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_URLS", platform.told.url.replace(f"rto={PATIENCE}", "rto=0.2"))
    platform.told.answers_after_s = PATIENCE
    platform.decide("promote", 1, None, 1)
    for looks in (1, 2):
        platform.tick()
        platform.told.wait_for(looks)
    assert platform.told.titles == ["u: champion changed"] * 2
    first, again = (one["message"].splitlines()[-1] for one in platform.told.messages)
    assert first == again
    assert first.startswith("Incident: promotion/u/")
