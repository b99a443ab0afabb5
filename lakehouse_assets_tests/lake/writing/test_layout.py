"""How rows lie in their Parquet files."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lakehouse_assets_tests.lake.makers import daily, daily_frame


@pytest.mark.parametrize(
    "settings", [{}, {"write_mode": "append"}, {"write_mode": "merge", "merge_keys": ["day", "id"]}]
)
def test_files_are_compressed_and_only_text_has_a_dictionary(lake, materialise, settings):
    table = daily(lambda context: daily_frame(context.partition_keys).assign(note="a"), **settings)
    materialise(table, "2024-01-01")
    materialise(table, "2024-01-02")
    files = [Path(uri) for uri in lake.open(["table"]).file_uris()]
    assert len(files) == 2
    for file in files:
        group = pq.read_metadata(file).row_group(0)
        columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
        assert {column.compression for column in columns.values()} == {"SNAPPY"}
        assert {name for name, column in columns.items() if column.has_dictionary_page} == {"note"}
