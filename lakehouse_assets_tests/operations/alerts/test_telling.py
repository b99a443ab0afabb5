"""Each channel is told once that an incident began and once that it is over, whatever fails in between."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.alerts import channels as alert_channels
from lakehouse_assets.operations.alerts.book import INCIDENTS, book, tell
from lakehouse_assets.operations.alerts.channels import NotToldError, addresses, channels
from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.graph import Asset, Graph
from lakehouse_assets.operations.alerts.messages import Message, Places
from lakehouse_assets_tests.operations.alerts.receiver import PATIENCE, Receiver, receiver

NOW = datetime.now(UTC)
PLACES = Places("http://ui", "http://runbooks/{kind}.html")
GRAPH = Graph(
    {
        "raw/a/rows": Asset("raw/a/rows", owner="team:plant", group="a"),
        "harmonized/a/rows": Asset("harmonized/a/rows", owner="team:plant", group="a", parents=("raw/a/rows",)),
        "delivery/u/predictions": Asset("delivery/u/predictions", group="u", parents=("harmonized/a/rows",)),
    }
)
SECRET = "s3cret-token-9"


def failed(minute: int = 0, ok: bool = False, kind: Kind = Kind.FAILED_CHECK) -> Fact:
    at = NOW + timedelta(minutes=minute)
    day = "2024-03-05"
    return Fact(kind, "raw/a/rows readable", at, ok, "no line is torn", ("raw/a/rows",), day, day, 3, "run-1")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def look(lake: Lake, facts: list[Fact]) -> list[str]:
    return tell(lake, book(lake), facts, GRAPH, PLACES, channels(lambda text: None))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Receiver:  # type: ignore[misc]
    with receiver(SECRET) as got:
        monkeypatch.setenv("ALERT_URLS", got.url)
        yield got  # type: ignore[misc]


def test_an_incident_is_told_once_with_what_is_downstream_whose_it_is_and_what_to_do(
    lake: Lake, told: Receiver
) -> None:
    for _ in range(3):
        assert look(lake, [failed()]) == []
    assert told.titles == ["raw/a/rows readable 2024-03-05: check failed"]
    body = told.messages[0]["message"]
    for part in (
        "no line is torn.",
        "Rows concerned: 3",
        "Downstream of it: delivery/u/predictions, harmonized/a/rows",
        "Owner: team:plant",
        "Run: http://ui/runs/run-1",
        "What to do: http://runbooks/failed_check.html",
    ):
        assert part in body
    assert told.messages[0]["type"] == "warning"


def test_it_is_told_again_when_it_is_over_and_then_never_more(lake: Lake, told: Receiver) -> None:
    look(lake, [failed()])
    for _ in range(3):
        look(lake, [failed(12, ok=True)])
    assert told.titles[1:] == ["Over: raw/a/rows readable 2024-03-05: check failed"]
    assert "after 12 min" in told.messages[1]["message"]
    look(lake, [failed(), failed(12, ok=True)])  # a cursor that was lost brings everything again
    assert len(told.messages) == 2


def test_what_began_and_ended_between_two_looks_is_told_in_its_order(lake: Lake, told: Receiver) -> None:
    look(lake, [failed(5, ok=True), failed()])
    assert [title.startswith("Over") for title in told.titles] == [False, True]
    assert "It is over" not in told.messages[0]["message"]


def test_a_channel_that_does_not_answer_is_told_later_and_the_others_are_not_told_twice(
    lake: Lake, told: Receiver
) -> None:
    logged: list[str] = []
    told.status = 500
    for _ in range(2):
        failures = tell(lake, book(lake), [failed()], GRAPH, PLACES, channels(logged.append))
        assert len(failures) == 1
        assert SECRET not in failures[0]
    assert len(logged) == 1
    told.status = 200
    assert tell(lake, book(lake), [], GRAPH, PLACES, channels(logged.append)) == []
    assert len(logged) == len(told.messages) == 1


def test_a_channel_that_takes_a_message_and_says_so_late_is_told_once(
    lake: Lake, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_URLS", told.url.replace(f"&rto={PATIENCE}", ""))  # it says no time of its own
    assert alert_channels.ANSWERS_WITHIN == 15
    monkeypatch.setattr(alert_channels, "ANSWERS_WITHIN", float(PATIENCE))  # the machine may be slower than a receiver
    told.answers_after_s = 5.0
    for _ in range(2):
        assert look(lake, [failed()]) == []
    assert told.titles == ["raw/a/rows readable 2024-03-05: check failed"]


def test_a_channel_that_was_down_for_a_whole_incident_is_told_of_it_afterwards_and_once(
    lake: Lake, told: Receiver
) -> None:
    told.status = 500
    for fact in (failed(), failed(), failed(2, ok=True), failed(2, ok=True)):
        assert look(lake, [fact])
    assert told.titles == []
    told.status = 200
    for _ in range(3):
        assert look(lake, []) == []
    assert told.titles == [
        "raw/a/rows readable 2024-03-05: check failed",
        "Over: raw/a/rows readable 2024-03-05: check failed",
    ]


def test_a_channel_that_stumbles_over_a_beginning_is_not_told_the_end_before_it(lake: Lake) -> None:
    sent: list[str] = []
    stumbles = iter([True])

    def stumbling(message: Message) -> None:
        if next(stumbles, False):
            raise NotToldError("busy")
        sent.append(message.title.split(":")[0])

    for facts in ([failed(), failed(1, ok=True)], []):
        tell(lake, book(lake), facts, GRAPH, PLACES, {"log": lambda message: None, "pager": stumbling})
    assert sent == ["raw/a/rows readable 2024-03-05", "Over"]


def test_what_belongs_to_an_incident_since_is_kept_and_told_to_nobody(lake: Lake, told: Receiver) -> None:
    def late(minute: int, key: str, ok: bool = False) -> Fact:
        return Fact(Kind.BROKEN_FRESHNESS, "a", NOW + timedelta(minutes=minute), ok, "late", (key,))

    look(lake, [late(0, "raw/a/rows")])
    for _ in range(2):
        look(lake, [late(1, "raw/a/others")])
    (one,) = book(lake).incidents
    assert one.assets == ("raw/a/rows", "raw/a/others")
    look(lake, [late(2, "", ok=True)])
    assert told.titles == ["a: late", "Over: a: late"]
    (one,) = book(lake).incidents
    assert (one.assets, one.is_open) == (("raw/a/rows", "raw/a/others"), False)


def test_what_was_over_a_week_before_a_channel_answers_again_is_left_to_the_table(lake: Lake, told: Receiver) -> None:
    told.status = 500
    look(lake, [failed(-9 * 24 * 60)])
    look(lake, [failed(-8 * 24 * 60, ok=True)])
    told.status = 200
    look(lake, [])
    assert told.titles == []


def test_a_notice_that_a_channel_did_not_take_is_told_later_and_never_over(lake: Lake, told: Receiver) -> None:
    told.status = 500
    look(lake, [failed(kind=Kind.PROMOTION)])
    told.status = 200
    look(lake, [])
    look(lake, [failed(3, ok=True, kind=Kind.PROMOTION)])
    assert len(told.titles) == 1


def test_a_channel_that_is_new_is_told_what_is_open_and_not_what_is_over(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Fact(Kind.FAILED_RUN, "nightly", NOW, False, "torn")
    look(lake, [over, failed()])
    look(lake, [Fact(Kind.FAILED_RUN, "nightly", NOW + timedelta(minutes=1), True, "done")])
    with receiver() as late:
        monkeypatch.setenv("ALERT_URLS", late.url)
        look(lake, [])
        assert late.titles == ["raw/a/rows readable 2024-03-05: check failed"]


def test_a_process_that_died_after_sending_sends_that_message_again_and_no_other(lake: Lake) -> None:
    sent: list[str] = []

    def dying(message: Message) -> None:
        sent.append(message.title)
        if len(sent) == 2:
            raise KeyboardInterrupt

    facts = [failed(), failed(1, ok=True), Fact(Kind.FAILED_RUN, "nightly", NOW - timedelta(minutes=1), False, "torn")]
    with pytest.raises(KeyboardInterrupt):
        tell(lake, book(lake), facts, GRAPH, PLACES, {"pager": dying})
    tell(lake, book(lake), facts, GRAPH, PLACES, {"pager": dying})
    assert len(sent) == 4  # three messages, the second of them twice
    assert len(set(sent)) == 3


def test_no_secret_of_an_address_stands_in_the_table_or_in_any_log(
    lake: Lake, told: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logged: list[str] = []
    told.status = 500
    tell(lake, book(lake), [failed()], GRAPH, PLACES, channels(logged.append))
    told.status = 200
    tell(lake, book(lake), [failed()], GRAPH, PLACES, channels(logged.append))
    assert len(told.messages) == 1
    kept = lake.read(INCIDENTS).to_pylist()
    assert sorted(row["state"] for row in kept) == ["began", "began", "owed"]
    assert SECRET not in repr(kept) + "".join(logged) + caplog.text


def test_addresses_are_split_where_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_URLS", "mailto://u:p@x.org?to=a@x.org,b@x.org, json://h/1\n slack://t")
    assert list(addresses().values()) == ["mailto://u:p@x.org?to=a@x.org,b@x.org", "json://h/1", "slack://t"]
    assert [name.split("-")[0] for name in addresses()] == ["mailto", "json", "slack"]


@pytest.mark.parametrize(
    "address",
    [f"nonsense://{SECRET}", f"slack://{SECRET}", f"json://b:{SECRET}@h:port/", f"mailto://u:{SECRET}@h:1", SECRET],
    ids=["unknown", "without-its-other-tokens", "no-port", "no-sender", "no-scheme"],
)
def test_an_address_that_apprise_does_not_take_is_said_without_it_also_in_the_log(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("ALERT_URLS", f"{address}, json://127.0.0.1:1/x")
    (_, (name, tell_it), _) = channels(lambda text: None).items()
    with pytest.raises(NotToldError, match="not an address that Apprise knows") as refused:
        tell_it(Message("t", "b", "info"))
    assert caplog.records, "Apprise says why"
    assert SECRET not in str(refused.value) + caplog.text
    assert SECRET not in name


@pytest.mark.parametrize(
    "address", [f"json://bot:{SECRET}@127.0.0.1:1/x", f"json://127.0.0.1:1/{SECRET}?token={SECRET}"]
)
def test_a_channel_that_cannot_be_reached_is_said_without_its_address_also_in_the_log(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("ALERT_URLS", address)
    (_, (_, tell_it)) = channels(lambda text: None).items()
    with pytest.raises(NotToldError, match="did not take") as refused:
        tell_it(Message("t", "b", "info"))
    assert caplog.records
    assert SECRET not in str(refused.value) + caplog.text
