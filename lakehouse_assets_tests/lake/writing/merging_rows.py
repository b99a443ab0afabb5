"""A daily table whose rows a test exchanges between its runs."""

import pyarrow as pa

from lakehouse_assets_tests.lake.makers import daily, day

MERGE = {"write_mode": "merge", "merge_keys": ["day", "id"]}


def changing(first: list[tuple[int, int]], **metadata):
    """A daily asset with rows ``(id, value)`` that a test exchanges."""
    now = {"rows": first}

    def make(context):
        rows = [(day(context.partition_key), *row) for row in now["rows"]]
        return pa.table(
            dict(
                zip(("day", "id", "value"), map(list, zip(*rows, strict=True)) if rows else ([], [], []), strict=True)
            ),
            schema=pa.schema([("day", pa.date32()), ("id", pa.int64()), ("value", pa.int64())]),
        )

    return daily(make, **{**MERGE, **metadata}), now
