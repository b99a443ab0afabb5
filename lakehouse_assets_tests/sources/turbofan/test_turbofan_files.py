import hashlib
from datetime import date

import pandas as pd
import pytest

from lakehouse_assets.sources.delivered import rejects_of
from lakehouse_assets.sources.landing import LandingError, list_landing
from lakehouse_assets.sources.turbofan.files import (
    DATED_RUL,
    EMPTY,
    READING_COLUMNS,
    REJECT_COLUMNS,
    RUL_COLUMNS,
    TORN,
    UNDECODABLE,
    VALUE_COLUMNS,
    read_content,
    read_delivery,
    readings_of,
)


def reading(unit=1, cycle=1, last="23.4190", end="  \n"):
    return f"{unit} {cycle} -0.0007 -0.0004 100.0 " + " ".join(["642.10"] * 20) + f" {last}{end}"


def reasons(delivery):
    return dict(zip(delivery.rejects["line"], delivery.rejects["reason"], strict=True))


def test_values_come_as_delivered_with_their_origin_engine_and_day(tmp_path):
    content = (reading(3, 1) + reading(3, 2, last="NaN")).encode()
    (tmp_path / "train_FD001.txt").write_bytes(content)
    (file,) = list_landing(tmp_path)
    delivery = read_delivery(file)
    assert tuple(delivery.rows.columns) == READING_COLUMNS
    assert delivery.rows.iloc[1].to_dict() == {
        **dict.fromkeys(VALUE_COLUMNS, "642.10"),
        "unit": "3",
        "cycle": "2",
        "setting_1": "-0.0007",
        "setting_2": "-0.0004",
        "setting_3": "100.0",
        "s21": "NaN",
        "file": "train_FD001.txt",
        "sha256": hashlib.sha256(content).hexdigest(),
        "line": 2,
        "kind": "train",
        "fleet": "FD001",
        "engine_id": "turbofan-FD001-train-003",
        "day": date(2024, 1, 2),
    }
    assert delivery.rejects.empty


def test_rows_of_a_daily_file_lie_on_its_day():
    delivery = read_content("test_FS001_2025-03-04.txt", reading(7, 210).encode())
    assert delivery.rows[["engine_id", "day"]].values.tolist() == [["turbofan-FS001-007", date(2025, 3, 4)]]


def test_a_remaining_life_file_has_a_line_per_test_engine_in_unit_order():
    delivery = read_content("RUL_FD001.txt", b"112 \n98 \n69 \n")
    assert tuple(delivery.rows.columns) == RUL_COLUMNS
    assert delivery.rows[["unit", "remaining_cycles", "engine_id", "line"]].values.tolist() == [
        ["1", "112", "turbofan-FD001-test-001", 1],
        ["2", "98", "turbofan-FD001-test-002", 2],
        ["3", "69", "turbofan-FD001-test-003", 3],
    ]


def test_a_broken_line_of_a_remaining_life_file_does_not_move_the_engines_after_it():
    delivery = read_content("RUL_FD001.txt", b"112 \n98 12 \n69 \n")
    assert delivery.rows["engine_id"].tolist() == ["turbofan-FD001-test-001", "turbofan-FD001-test-003"]
    assert reasons(delivery) == {2: "wrong number of fields: expected 1, found 2"}


def test_an_unknown_file_is_rejected_whole_and_kept():
    delivery = read_content("measurements.xlsx", b"PK\x03\x04")
    assert delivery.rows.empty
    (reject,) = delivery.rejects.to_dict("records")
    assert (reject["line"], reject["content"], reject["day"]) == (0, b"PK\x03\x04", None)
    assert reject["reason"].startswith("unknown file: its name is not <train|test|RUL>")


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n  ", b"\xef\xbb\xbf"])
def test_an_empty_file_is_rejected_whole(content):
    delivery = read_content("test_FS001_2024-03-01.txt", content)
    (reject,) = delivery.rejects.to_dict("records")
    assert (reject["line"], reject["reason"], reject["content"]) == (0, EMPTY, content)
    assert reject["day"] == date(2024, 3, 1)


def test_a_remaining_life_file_of_a_single_day_is_rejected_whole():
    assert reasons(read_content("RUL_FS001_2024-03-01.txt", b"112 \n")) == {0: DATED_RUL}


def test_a_line_that_is_not_text_is_rejected_with_its_bytes_and_the_others_go_on():
    bad = reading(1, 2).encode().replace(b"642.10", b"642\xff10", 1)
    delivery = read_content("train_FD001.txt", reading(1, 1).encode() + bad + reading(1, 3).encode())
    assert delivery.rows["line"].tolist() == [1, 3]
    (reject,) = delivery.rejects.to_dict("records")
    assert (reject["line"], reject["reason"], reject["content"]) == (2, UNDECODABLE, bad.removesuffix(b"\n"))
    assert r"642\xff10" in reject["text"]


def test_a_block_of_zero_bytes_is_not_text():
    assert reasons(read_content("train_FD001.txt", b"\0" * 64 + b"\n" + reading().encode())) == {1: UNDECODABLE}


def test_a_line_with_too_few_or_too_many_fields_is_rejected_with_both_counts():
    delivery = read_content("train_FD001.txt", b"1 2 3\n" + reading().encode() + reading(end=" 9  \n").encode())
    assert reasons(delivery) == {
        1: "wrong number of fields: expected 26, found 3",
        3: "wrong number of fields: expected 26, found 27",
    }
    assert delivery.rows["line"].tolist() == [2]


@pytest.mark.parametrize("bad", ["x", "0", "-1", "1.0", "1e3", "NaN", "100000", "٣"])
@pytest.mark.parametrize("field", ["unit", "cycle"])
def test_a_unit_or_cycle_that_is_no_positive_whole_number_is_rejected(field, bad):
    delivery = read_content("train_FD001.txt", (reading(**{field: bad}) + reading()).encode())
    assert reasons(delivery) == {1: f"{field} is not a whole number from 1 to 99999: found {bad!r}"}
    assert delivery.rejects["text"].tolist() == [reading(**{field: bad}, end="  ")]


def test_text_in_a_sensor_is_left_to_the_typed_zone():
    delivery = read_content("train_FD001.txt", (reading(last="abc") + reading(last="1.2.3")).encode())
    assert delivery.rows["s21"].tolist() == ["abc", "1.2.3"]
    assert delivery.rejects.empty


def test_a_rejected_line_knows_its_day_where_its_cycle_can_be_read():
    delivery = read_content("train_FD001.txt", ("1 32 5\n" + reading("x", 32) + "oh dear\n").encode())
    assert delivery.rejects["day"].tolist() == [date(2024, 2, 1), date(2024, 2, 1), None]


@pytest.mark.parametrize("end", ["", "  "])
def test_a_file_that_breaks_off_anywhere_inside_a_line_loses_that_line_only(end):
    before, line = reading(1, 1, end=end + "\n") + reading(1, 2, end=end + "\n"), reading(1, 3, end=end)
    for kept in range(1, len(line)):
        delivery = read_content("train_FD001.txt", (before + line[:kept]).encode())
        assert delivery.rows["line"].tolist() == [1, 2], line[:kept]
        assert reasons(delivery) == {3: TORN}, line[:kept]


@pytest.mark.parametrize("last", ["23.419", "23.4", "23", "2", "23."])
def test_a_value_cut_short_is_seen_by_its_decimals_where_no_white_space_shows_it(last):
    content = reading(1, 1, end="\n") + reading(1, 2, last=last, end="")
    assert reasons(read_content("train_FD003.txt", content.encode())) == {2: TORN}


def test_a_missing_value_does_not_hide_that_the_next_line_is_cut_short():
    lines = [reading(1, 1, end=""), reading(1, 2, last="NaN", end=""), reading(1, 3, last="23.4", end="")]
    assert reasons(read_content("train_FD003.txt", "\n".join(lines).encode())) == {3: TORN}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "  "])
@pytest.mark.parametrize("last", ["23.4190", "NaN"])
def test_a_whole_last_line_without_a_line_end_is_taken(line_end, end, last):
    content = line_end.join([reading(1, 1, end=end), reading(1, 2, last=last, end=end)])
    delivery = read_content("train_FD003.txt", content.encode())
    assert delivery.rows["s21"].tolist() == ["23.4190", last]
    assert delivery.rejects.empty


def test_the_only_line_of_a_file_without_a_line_end_is_judged_by_the_published_shape():
    assert len(read_content("train_FS001_2024-05-01.txt", reading(end="").encode()).rows) == 1
    assert reasons(read_content("train_FS001_2024-05-01.txt", reading(last="23.4", end="").encode())) == {1: TORN}
    assert reasons(read_content("RUL_FD001.txt", b"11")) == {1: TORN}


def test_a_remaining_life_cut_short_is_seen_by_the_missing_white_space():
    assert reasons(read_content("RUL_FD001.txt", b"112 \n98 \n6")) == {3: TORN}
    assert len(read_content("RUL_FD001.txt", b"112\n98\n69").rows) == 3


def test_line_ends_of_windows_a_byte_order_mark_tabs_and_blank_lines_are_read():
    lines = [reading(1, 1, end=""), "", "   ", reading(1, 2, end="").replace(" ", "\t"), ""]
    delivery = read_content("train_FD001.txt", b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert delivery.rows["line"].tolist() == [1, 4]
    assert delivery.rows["unit"].tolist() == ["1", "1"]
    assert delivery.rows["s21"].tolist() == ["23.4190", "23.4190"]
    assert delivery.rejects.empty


def test_a_duplicated_cycle_is_left_to_the_typed_zone():
    assert read_content("train_FD001.txt", reading().encode() * 2).rows["line"].tolist() == [1, 2]


def test_column_types_do_not_depend_on_the_content():
    full = read_content("train_FD001.txt", (reading() + "broken\n").encode())
    empty = read_content("train_FD001.txt", b"")
    unknown = read_content("x", b"")
    pd.testing.assert_series_equal(full.rows.dtypes, empty.rows.dtypes)
    pd.testing.assert_series_equal(full.rows.dtypes, unknown.rows.dtypes)
    pd.testing.assert_series_equal(
        full.rejects.dtypes, read_content("train_FD001.txt", reading().encode()).rejects.dtypes
    )
    assert tuple(full.rejects.columns) == REJECT_COLUMNS
    assert str(full.rows["s1"].dtype) == "str"
    assert str(full.rows["line"].dtype) == "int64"


def test_several_deliveries_make_one_frame_of_rows_and_one_of_rejects():
    files = [
        read_content("train_FD001.txt", (reading() + "broken\n").encode()),
        read_content("RUL_FD001.txt", b"112 \n98 12 \n"),
        read_content("letter.docx", b"Dear plant"),
        read_content("test_FS001_2024-05-01.txt", reading(4, 9).encode()),
    ]
    sensor_files = [files[0], files[3]]
    pd.testing.assert_frame_equal(readings_of(files), pd.concat([d.rows for d in sensor_files], ignore_index=True))
    pd.testing.assert_frame_equal(rejects_of(files), pd.concat([d.rejects for d in files[:3]], ignore_index=True))
    pd.testing.assert_frame_equal(readings_of([]), files[2].rows)


def test_the_digest_is_that_of_the_bytes_that_were_read(tmp_path):
    path = tmp_path / "train_FD001.txt"
    path.write_text(reading())
    (listed,) = list_landing(tmp_path)
    path.write_text(reading() + reading(1, 2))
    delivery = read_delivery(listed)
    assert len(delivery.rows) == 2
    assert delivery.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_cannot_be_read_at_all_is_an_error(tmp_path):
    with pytest.raises(LandingError, match=r"test_FD001.txt cannot be read"):
        read_delivery(tmp_path / "test_FD001.txt")
