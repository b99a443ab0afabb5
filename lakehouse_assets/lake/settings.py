"""What an asset's metadata says about its table, read once and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from lakehouse_assets.lake.errors import MissingSettingError
from lakehouse_assets.lake.partitions import PartitionExpr

RUN_TAG_PREFIX = "lakehouse/"
"""Run tags such as ``lakehouse/write_mode`` override an asset's metadata for one run."""


class WriteMode(StrEnum):
    """How a run's rows meet the rows that its partitions hold."""

    OVERWRITE = "overwrite"
    APPEND = "append"
    MERGE = "merge"


class MergeType(StrEnum):
    """What a merge does with keys that match and with those that do not."""

    UPSERT = "upsert"
    INSERT_ONLY = "insert_only"
    UPSERT_DELETE_UNMATCHED = "upsert_delete_unmatched"
    SCD2 = "scd2"


class SchemaMode(StrEnum):
    """What happens when the rows' columns are not the table's."""

    STRICT = "strict"
    MERGE = "merge"
    OVERWRITE = "overwrite"


@dataclass(frozen=True)
class WriteSettings:
    """An asset's wishes for its table."""

    partition_expr: PartitionExpr | None = None
    write_mode: WriteMode = WriteMode.OVERWRITE
    merge_keys: tuple[str, ...] = ()
    merge_type: MergeType = MergeType.UPSERT
    schema_mode: SchemaMode = SchemaMode.STRICT
    personal_columns: tuple[str, ...] = ()

    @property
    def inserts_by_key(self) -> bool:
        """Whether only rows whose key is new are added: append with keys, and the insert-only merge."""
        if self.write_mode == WriteMode.APPEND:
            return bool(self.merge_keys)
        return self.write_mode == WriteMode.MERGE and self.merge_type == MergeType.INSERT_ONLY


def write_settings(metadata: Mapping[str, Any], run_tags: Mapping[str, str], asset: str) -> WriteSettings:
    """The settings from an asset's definition metadata, with a run's tags over them.

    Raises:
        MissingSettingError: for a value that is not known, or a merge without keys.
    """

    def setting(name: str) -> Any:
        value = run_tags.get(RUN_TAG_PREFIX + name, metadata.get(name))
        return getattr(value, "value", value)  # a MetadataValue carries its value

    personal = metadata.get("personal_columns")
    keys = setting("merge_keys") or ()
    if isinstance(keys, str):
        keys = [key.strip() for key in keys.split(",")]
    settings = WriteSettings(
        partition_expr=setting("partition_expr"),
        write_mode=_choice(WriteMode, setting("write_mode"), "write_mode", asset) or WriteMode.OVERWRITE,
        merge_keys=tuple(keys),
        merge_type=_choice(MergeType, setting("merge_type"), "merge_type", asset) or MergeType.UPSERT,
        schema_mode=_choice(SchemaMode, setting("schema_mode"), "schema_mode", asset) or SchemaMode.STRICT,
        # From the definition alone: no run may unmask them.
        personal_columns=tuple(getattr(personal, "value", personal) or ()),
    )
    if settings.write_mode == WriteMode.MERGE and not settings.merge_keys:
        raise MissingSettingError(
            f"Asset {asset} merges, so its metadata must name the columns that tell its rows apart: "
            '{"merge_keys": ["<column>", …]}.'
        )
    return settings


Choice = TypeVar("Choice", bound=StrEnum)


def _choice(kind: type[Choice], value: Any, name: str, asset: str) -> Choice | None:
    if value is None:
        return None
    try:
        return kind(str(value))
    except ValueError as error:
        known = ", ".join(member.value for member in kind)
        raise MissingSettingError(f"Asset {asset} has {name} {value!r} in its metadata. Known: {known}.") from error
