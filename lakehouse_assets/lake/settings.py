"""What an asset's metadata says about its table, read once and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from lakehouse_assets.lake.errors import MissingSettingError

if TYPE_CHECKING:
    from lakehouse_assets.lake.partitioning.partitions import PartitionExpr

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


NOTHING: Mapping[str, Any] = MappingProxyType({})


def write_settings(
    metadata: Mapping[str, Any],
    run_tags: Mapping[str, str],
    asset: str,
    run_config: Mapping[str, Any] = NOTHING,
    defaults: Mapping[str, Any] = NOTHING,
) -> WriteSettings:
    """The settings of one write. The run decides before the asset, the asset before the IO manager's defaults.

    Args:
        metadata: the asset's definition metadata.
        run_tags: the run's tags, of which those below ``lakehouse/`` count.
        asset: named in errors.
        run_config: what the run's config says for this output. It names one asset, so it decides before the tags,
            which hold for all assets of the run.
        defaults: the IO manager's own fields.

    Raises:
        MissingSettingError: for a value that is not known, or a merge without keys.
    """

    def setting(name: str) -> tuple[Any, str]:
        said = (
            (run_config.get(name), "run config"),
            (run_tags.get(RUN_TAG_PREFIX + name), "run tags"),
            (metadata.get(name), "metadata"),
        )
        value: Any
        value, where = next(
            ((value, where) for value, where in said if value is not None), (defaults.get(name), "IO manager")
        )
        value = value.value if hasattr(value, "value") and not isinstance(value, StrEnum) else value  # MetadataValue
        return value, where

    def choice(kind: type[Choice], name: str, default: Choice) -> Choice:
        value, where = setting(name)
        return default if value is None else _choice(kind, value, name, where, asset)

    keys, _ = setting("merge_keys")
    personal = metadata.get("personal_columns")
    if isinstance(keys, str):
        keys = [key.strip() for key in keys.split(",")]
    settings = WriteSettings(
        partition_expr=setting("partition_expr")[0],
        write_mode=choice(WriteMode, "write_mode", WriteMode.OVERWRITE),
        merge_keys=tuple(keys or ()),
        merge_type=choice(MergeType, "merge_type", MergeType.UPSERT),
        schema_mode=choice(SchemaMode, "schema_mode", SchemaMode.STRICT),
        # From the definition alone: no run may unmask them.
        personal_columns=tuple(getattr(personal, "value", personal) or ()),
    )
    if settings.write_mode == WriteMode.MERGE and not settings.merge_keys:
        raise MissingSettingError(
            f"Asset {asset} merges, so its metadata (or this run's config) must name the columns that tell its rows "
            'apart: {"merge_keys": ["<column>", …]}.'
        )
    return settings


Choice = TypeVar("Choice", bound=StrEnum)


def _choice(kind: type[Choice], value: Any, name: str, where: str, asset: str) -> Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        known = ", ".join(member.value for member in kind)
        raise MissingSettingError(f"Asset {asset} has {name} {value!r} in its {where}. Known: {known}.") from error
