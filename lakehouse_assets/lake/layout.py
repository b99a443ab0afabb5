"""How rows become Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from deltalake import WriterProperties

ROW_GROUP_ROWS = 122_880


def writer_properties(schema: pa.Schema) -> WriterProperties:
    """Dictionaries for text only, and row groups as small as DuckDB's own.

    Row groups of 122,880 rows instead of 1,048,576: a query by day or by another column that the rows are sorted by
    skips the others. On a star schema's 2.88M sales, sorted by day, such queries take 0.5 to 0.8 of the CPU; writing
    takes no more, and the files are as large.

    The engine keeps a writer open for each partition and column of a commit, and a dictionary each. Measured on 20,000
    rows of 80 floats over 250 days in one commit: 1,763 MB and 2.4 CPU-s with dictionaries, 228 MB and 0.4 CPU-s
    without, and the files are smaller: readings hardly repeat.
    """
    from deltalake import ColumnProperties, WriterProperties

    text = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    return WriterProperties(
        max_row_group_size=ROW_GROUP_ROWS,
        default_column_properties=ColumnProperties(dictionary_enabled=False),
        column_properties={name: ColumnProperties(dictionary_enabled=True) for name in text},
    )
