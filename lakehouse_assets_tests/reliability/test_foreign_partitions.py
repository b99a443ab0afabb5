"""Partition values of tables that others wrote come from the log, in their types, wherever the files lie."""

import datetime as dt
import decimal

import pyarrow as pa
import pytest

from lakehouse_assets_tests.reliability.delta_by_hand import HandMade, field
from lakehouse_assets_tests.reliability.foreign_reading import D1, every_way, in_order, refused

ODD = [None, "NULL", "null", "__HIVE_DEFAULT_PARTITION__", "a b", "50%", "%20", "a/b", "é:", "k=v", "'quoted\""]


@pytest.mark.parametrize("layout", ["hive", "nowhere", "lying"])
def test_partition_values_come_from_the_log_and_not_from_folders(layout, lake, folder):
    """Folders are free text in Delta: random prefixes, or what an earlier partition was called."""
    from urllib.parse import quote

    made = HandMade(folder, [field("a", "long"), field("p", "string")], ["p"])
    for number, value in enumerate(ODD):
        hive = "__HIVE_DEFAULT_PARTITION__" if value is None else quote(value, safe=" é'")
        path = {"hive": f"p={hive}/{number}.parquet", "nowhere": f"r{number}/{number}.parquet"}.get(layout)
        path = path or f"p=y/{number}.parquet"
        made.add(pa.table({"a": [number]}), {"p": value}, path=path, logged_path=quote(path, safe="/="))
    made.commit()
    assert every_way(lake) == in_order(list(enumerate(ODD)))
    for number, value in enumerate(ODD):
        assert every_way(lake, {"p": value}) == [(number, value)]


def test_an_empty_partition_text_which_means_null_is_refused(lake, folder):
    made = HandMade(folder, [field("a", "long"), field("p", "string")], ["p"])
    made.add(pa.table({"a": [1]}), {"p": ""}, path="p=__HIVE_DEFAULT_PARTITION__/1.parquet")
    made.commit()
    refused(lake, "'p' is an empty text")


@pytest.mark.parametrize(
    ("kind", "texts", "values"),
    [
        ("date", ["2024-01-01", None], [D1, None]),
        ("long", ["7", ""], [7, None]),
        ("boolean", ["true", "false"], [True, False]),
        ("double", ["1.5", "1E-3"], [1.5, 0.001]),
        ("decimal(10,2)", ["1.50", "2.00"], [decimal.Decimal("1.50"), decimal.Decimal("2.00")]),
        (
            "timestamp",
            ["2024-01-01 12:00:00", "2024-01-01T12:00:00.500000Z"],
            [dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC), dt.datetime(2024, 1, 1, 12, 0, 0, 500_000, dt.UTC)],
        ),
    ],
)
def test_partition_values_of_every_type_keep_their_type(kind, texts, values, lake, folder):
    made = HandMade(folder, [field("a", "long"), field("p", kind)], ["p"])
    for number, text in enumerate(texts):
        shown = (text or "__HIVE_DEFAULT_PARTITION__").replace(":", "%3A").replace(" ", "%20")
        made.add(
            pa.table({"a": [number]}), {"p": text}, f"p={shown}/1.parquet", f"p={shown.replace('%', '%25')}/1.parquet"
        )
    made.commit()
    assert every_way(lake) == list(enumerate(values))
