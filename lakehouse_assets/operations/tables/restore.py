"""Bringing a table or some of its partitions back to an earlier version, and telling Dagster what they hold since."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.lake.errors import (
    MissingTableError,
    PromiseBrokenError,
    RequestRefusedError,
    SchemaChangedError,
)
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance

if TYPE_CHECKING:
    from lakehouse_assets.lake.maintenance.restore import Restorable
    from lakehouse_assets.lake.partitioning.partitions import PartitionScope
    from lakehouse_assets.lake.versions.content import ContentSum


class RestoreRequestError(RequestRefusedError):
    """What was asked for does not exist or does not go together. Nothing was changed."""


@dataclass(frozen=True)
class RestoreRequest:
    """What to bring back: an asset's table, whole (no ``partitions``) or in part, to a version or a time."""

    asset: dg.AssetSpec
    to: int | dt.datetime
    partitions: tuple[str, ...] = ()
    fill_new_columns: bool = False

    @property
    def key(self) -> list[str]:
        """The asset key."""
        return list(self.asset.key.path)


@dataclass(frozen=True)
class Restoration:
    """What a request means, after a look at the table: nothing is changed yet.

    ``contents`` has, for each partition (``""`` for an unpartitioned table), the rows that it will hold.
    """

    request: RestoreRequest
    found: Restorable
    scope: PartitionScope | None
    contents: dict[str, ContentSum] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """In words and numbers, for logs, metadata and the audit."""
        return {
            "table": "/".join(self.request.key),
            "partitions": ", ".join(self.request.partitions) or "all",
            "restored_from_version": self.found.version,
            "newest_version_before": self.found.newest,
            "rows": sum(content.rows for content in self.contents.values()),
            "schema_change": "none" if self.request.partitions else self.found.schema_change,
        }


@dataclass(frozen=True)
class Restored:
    """What was done: the version that the table has now, and the constraints that rows of then do not keep."""

    version: int
    constraints_pending: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """In words and numbers; constraints as the IO manager tells of them after a write."""
        pending = "; ".join(f"{name}: {why}" for name, why in self.constraints_pending.items())
        return {"delta_version": self.version, **({"constraints_pending": pending} if pending else {})}


def moment(version: int | None, time: str | None) -> int | dt.datetime:
    """The version or the time that a config names.

    Raises:
        RestoreRequestError: neither or both are given, or the time cannot be read or is still to come.
    """
    if (version is None) == (time is None):
        raise RestoreRequestError("Give either a version or a time to restore to, not both and not neither.")
    if version is not None:
        if version < 0:
            raise RestoreRequestError(f"Versions count from 0, found {version}.")
        return version
    try:
        read = dt.datetime.fromisoformat(str(time))
    except ValueError as error:
        raise RestoreRequestError(f"time must be like 2024-03-05T04:00:00+00:00, found {time!r}.") from error
    read = read if read.tzinfo is not None else read.replace(tzinfo=dt.UTC)
    if read > dt.datetime.now(dt.UTC):
        raise RestoreRequestError(f"time must lie in the past, found {read.isoformat()}. Nothing was changed.")
    return read


def examine(request: RestoreRequest, lake: Lake, instance: dg.DagsterInstance) -> Restoration:
    """Checks a request against the asset and its table.

    Raises:
        RestoreRequestError: partitions that the asset does not have; the table or the version is not there, or not
            whole; or its columns or rows of then do not fit the table of now.
        LakeError: the store does not answer.
    """
    from lakehouse_assets.lake.maintenance.restore import restorable

    uri, who = lake.table_uri(request.key), Provenance("/".join(request.key), partitions=request.partitions)
    if not lake.exists(request.key):
        raise RestoreRequestError(f"There is no Delta table at {uri} yet. Nothing was changed.")
    scope = _scope(request, lake, instance)
    partly = bool(request.partitions)
    try:
        found = restorable(uri, lake.storage_options, request.to, scope, who, partly, request.fill_new_columns)
    except (MissingTableError, SchemaChangedError) as error:
        raise RestoreRequestError(str(error)) from error
    except PromiseBrokenError as error:
        raise RestoreRequestError(
            f"Partitions {', '.join(request.partitions)} of {'/'.join(request.key)} cannot be restored to "
            f"{request.to}. {error} Nothing was changed. Restore the whole table, which brings its old constraints "
            "back, or make the partitions again."
        ) from error
    contents = dict(found.contents.contents)
    if scope is not None and not request.partitions:
        known = instance.get_materialized_partitions(request.asset.key)
        contents = {key: content for key, content in contents.items() if content.rows or key in known}
    return Restoration(request, found, scope, contents)


def carry_out(restoration: Restoration, lake: Lake, run_id: str) -> Restored:
    """Makes the commit."""
    from lakehouse_assets.contracts.promise import promise_named
    from lakehouse_assets.lake.maintenance.restore import restore_all, restore_partitions
    from lakehouse_assets.lake.writing.constraints import loosen, tighten

    request, version = restoration.request, restoration.found.version
    uri, options = lake.table_uri(request.key), lake.storage_options
    who = Provenance("/".join(request.key), run_id=run_id, partitions=request.partitions)
    if not request.partitions:
        restored, pending = restore_all(uri, options, version, who), {}
        # The table has the constraints of then: those of its contract are to hold for whoever writes next.
        promise = promise_named(request.asset.metadata)
        if promise is not None:
            loosen(uri, options, promise, who)
            pending = tighten(uri, options, promise, who)
        return Restored(restored, pending)
    if restoration.scope is None:
        raise RestoreRequestError(f"{request.key} has no partitions.")
    return Restored(restore_partitions(uri, options, version, restoration.scope, request.fill_new_columns, who))


def events(restoration: Restoration, restored: Restored) -> Iterator[dg.AssetMaterialization]:
    """What Dagster has to be told: the data version of each restored partition, so that what lies downstream of one
    with other rows than before turns stale, and what was made from just these rows turns fresh again.
    """
    definition = restoration.request.asset.partitions_def
    told = {**restoration.describe(), **restored.describe(), "restored": True}
    for key, content in restoration.contents.items():
        partition: str | None = key or None
        if partition and isinstance(definition, dg.MultiPartitionsDefinition):
            partition = definition.get_partition_key_from_str(partition)
        yield dg.AssetMaterialization(
            asset_key=restoration.request.asset.key,
            partition=partition,
            description=f"Restored from version {restoration.found.version}.",
            metadata={**told, "dagster/row_count": content.rows, "content_version": content.version()},
            tags={"dagster/data_version": content.version(), "dagster/data_version_is_user_provided": "true"},
        )


def _scope(request: RestoreRequest, lake: Lake, instance: dg.DagsterInstance) -> PartitionScope | None:
    """The partitions to restore; of a whole partitioned table all that the asset has, to tell their rows apart."""
    from lakehouse_assets.lake.partitioning.partitions import partition_columns, resolve

    definition, name = request.asset.partitions_def, "/".join(request.key)
    if definition is None:
        if request.partitions:
            raise RestoreRequestError(f"Asset {name} has no partitions; leave them out to restore the whole table.")
        return None
    expr = request.asset.metadata.get("partition_expr")
    columns = partition_columns(getattr(expr, "value", expr), definition, name)
    known = [str(key) for key in definition.get_partition_keys(dynamic_partitions_store=instance)]
    unknown = sorted(set(request.partitions) - set(known))
    if unknown:
        shown = f"{known[0]} … {known[-1]}" if known else "none yet"
        raise RestoreRequestError(
            f"Asset {name} has no partition {', '.join(unknown)}. It has {len(known)}: {shown}. Nothing was changed."
        )
    return resolve(list(request.partitions) or known, definition, columns, lake.schema(request.key), name)


def audit_entry(action: str, run_id: str, subject: Sequence[str]) -> str:
    """The audit row's identifier, which is the same when the run's step is repeated."""
    return json.dumps([action, run_id, *subject])
