"""Delimited files as a source declares them: each line is a row or a reject, whatever stands in it."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.sources.csv.files import CsvFile, read_csv_content
from lakehouse_assets.sources.csv.source import CsvSource
from lakehouse_assets_tests.sources.csv.csv_makers import HEADER, sawing


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> CsvSource:
    return sawing(tmp_path_factory.mktemp("source"))


def read(source: CsvSource, *lines: str, name: str = "history.csv", end: str = "\n", last: str = "\n") -> CsvFile:
    return read_csv_content(name, (end.join((HEADER, *lines)) + last).encode(), source)


def reasons(file: CsvFile) -> dict[int, str]:
    return dict(zip(file.rejects["line"].tolist(), file.rejects["reason"].tolist(), strict=True))


def test_values_come_as_delivered_with_owner_day_file_and_line(source: CsvSource) -> None:
    rows = read(source, "2024-01-02 07:00;A1; 20.50;good", name="saw_S7_2024-01-02.csv").rows
    assert rows.drop(columns="sha256").to_dict("records") == [
        {
            "saw_id": "saw-S7",
            "day": date(2024, 1, 2),
            "at": "2024-01-02 07:00",
            "serial": "A1",
            "width_mm": " 20.50",
            "verdict": "good",
            "file": "saw_S7_2024-01-02.csv",
            "line": 2,
        }
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_mark_and_line_ends_change_nothing(source: CsvSource, end: str, mark: bytes) -> None:
    content = mark + end.join((HEADER, "2024-01-02 07:00;A1;20;good", "2024-01-02 08:00;A2;21;bad", "")).encode()
    file = read_csv_content("history.csv", content, source)
    assert file.rejects.empty
    assert file.rows[["serial", "verdict", "line"]].values.tolist() == [["A1", "good", 2], ["A2", "bad", 3]]


def test_a_quoted_field_may_hold_the_delimiter_and_a_quote(source: CsvSource) -> None:
    assert read(source, '2024-01-02 07:00;"a;""b""";1;good').rows["serial"].tolist() == ['a;"b"']


def test_an_open_quote_costs_its_line_and_no_other(source: CsvSource) -> None:
    file = read(source, '2024-01-02 07:00;"A1;20;good', "2024-01-02 08:00;A2;21;good")
    assert file.rows["serial"].tolist() == ["A2"]
    assert reasons(file)[2].startswith("quotes that do not match")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2024-01-02 07:00;A1;20", "wrong number of fields: expected 4, found 3"),
        ("2024-01-02 07:00; ;20;good", "serial is blank"),
        ("yesterday;A1;20;good", "at is not a time of the form %Y-%m-%d %H:%M: found 'yesterday'"),
        ("2024-02-30 07:00;A1;20;good", "at is not a time of the form"),
        ("2023-12-31 07:00;A1;20;good", "its day, 2023-12-31, lies outside 2024-01-01 to today"),
        ("2924-01-02 07:00;A1;20;good", "its day, 2924-01-02, lies outside"),
    ],
)
def test_a_line_that_is_no_row_is_set_aside_with_its_reason(source: CsvSource, line: str, reason: str) -> None:
    file = read(source, "2024-01-02 07:00;A0;20;good", line)
    assert file.rows["serial"].tolist() == ["A0"]
    assert reasons(file)[3].startswith(reason)
    assert file.rejects["text"].tolist() == [line]


def test_bytes_that_are_no_text_are_kept(source: CsvSource) -> None:
    file = read_csv_content("history.csv", HEADER.encode() + b"\n2024-01-02 07:00;\xff;1;good\n", source)
    assert file.rejects["content"].tolist() == [b"2024-01-02 07:00;\xff;1;good"]


def test_a_row_of_another_day_than_its_files_name_says_is_set_aside(source: CsvSource) -> None:
    file = read(source, "2024-01-03 07:00;A1;20;good", name="saw_S7_2024-01-02.csv")
    assert reasons(file) == {2: "at lies on 2024-01-03, and the file's name says 2024-01-02"}


def test_a_counted_row_lies_on_its_day_of_the_declared_clock(source: CsvSource) -> None:
    lines = ("-;3;20;good", "-;4;20;good", "-;x;20;good")
    history = read(source, *lines, name="old_S1.csv")
    assert history.rows["day"].tolist() == [date(2024, 1, 1), date(2024, 1, 2)]
    assert reasons(history)[4].startswith("serial is not a whole number from 1")
    daily = read(source, *lines, name="count_S1_2024-01-05.csv")
    assert daily.rows["day"].tolist() == [date(2024, 1, 5)]
    assert reasons(daily)[3] == "serial 4 lies after the end of 2024-01-05 on the declared clock"


def test_the_entity_may_stand_in_a_column(source: CsvSource) -> None:
    file = read(source, "2024-01-02 07:00;A1;20;good", "2024-01-02 07:00;A2;20;", name="mixed_2024-01-02.csv")
    assert file.rows["saw_id"].tolist() == ["saw-good"]
    assert reasons(file) == {3: "verdict is blank"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.csv", b"a,b\n", "unknown file: its name is not history.csv or saw_<entity>_<day>.csv"),
        ("saw_S1_2024-02-30.csv", b"a\n", "unknown file"),
        ("history.csv", b"\n \n", "empty file"),
        ("history.csv", b"When,Serial\n1,2\n", f"wrong header: expected '{HEADER}', found 'When,Serial'"),
        ("history.csv", b"\xff\xfe\n", "wrong header"),
    ],
)
def test_a_file_that_nobody_can_read_is_kept_whole(source: CsvSource, name: str, content: bytes, reason: str) -> None:
    file = read_csv_content(name, content, source)
    assert not file.is_readable
    ((line, why, kept),) = file.rejects[["line", "reason", "content"]].values.tolist()
    assert (line, kept) == (0, content)
    assert why.startswith(reason)


def test_a_last_line_without_its_end_is_whole_only_if_its_last_field_is_one_of_the_declared(source: CsvSource) -> None:
    whole = "2024-01-02 07:00;A1;20;good"
    assert read(source, whole, last="").rejects.empty
    for cut in range(1, len(whole)):
        file = read(source, "2024-01-02 07:00;A0;20;bad", whole[:cut], last="")
        assert file.rows["serial"].tolist() == ["A0"], whole[:cut]
        assert reasons(file)[3].startswith("file ends inside this line")


field = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0\ufeff"), max_size=8)
good = st.tuples(st.just("2024-01-02 07:00"), field.filter(str.strip), field, field)
anything = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0\ufeff"), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(good | anything.filter(str.strip), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_every_line_is_a_row_or_a_reject_and_rows_say_what_was_written(source, told, end):
    lines = [_written(one) if isinstance(one, tuple) else one for one in told]
    file = read(source, *lines, end=end, last=end)
    rows, rejects = file.rows, file.rejects
    assert sorted([*rows["line"], *rejects["line"]]) == [number for number, _ in enumerate(lines, start=2)]
    for row in rows.to_dict("records"):
        one = told[row["line"] - 2]
        if isinstance(one, tuple):
            assert tuple(row[name] for name in ("at", "serial", "width_mm", "verdict")) == one
    assert all(not isinstance(told[number - 2], tuple) for number in rejects["line"])


def _written(fields: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="").writerow(fields)
    return text.getvalue()
