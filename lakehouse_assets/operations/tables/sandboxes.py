"""Making an explorative sandbox from what a person asks for, and showing it in the catalogue."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from lakehouse_assets.lake.sandbox import SANDBOXES, Sandbox, SandboxError, make
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.operations.tables.housekeeping import spec_of
from lakehouse_assets.operations.tables.restore import moment

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class SandboxRequest:
    """What is asked for; ``tables`` has for each table a version or a time, or neither for the newest."""

    name: str
    tables: Mapping[str, tuple[int | None, str | None]]
    owner: str
    purpose: str
    days: int


def make_sandbox(wanted: SandboxRequest, lake: Lake, specs: Iterable[dg.AssetSpec], run_id: str) -> Sandbox:
    """Checks the request, resolves its versions and pins them.

    Raises:
        SandboxError: the name is not one, or is taken.
        UnknownTableError: a table is no asset.
        RestoreRequestError: a time that cannot be read.
        MissingTableError: a table or version is not there, or not whole any more.
    """
    if not NAME.fullmatch(wanted.name) or wanted.name == SANDBOXES[-1]:
        raise SandboxError(f"{wanted.name!r} is no name for a sandbox: small letters, digits, - and _.")
    specs = list(specs)
    versions = {}
    for table, (version, time) in wanted.tables.items():
        key = list(spec_of(specs, table).key.path)
        to = None if version is None and time is None else moment(version, time)
        versions[table] = _version(lake, key, to)
    expires_on = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=wanted.days)
    who = Provenance("/".join(SANDBOXES), run_id=run_id)
    return make(lake, wanted.name, versions, wanted.owner, wanted.purpose, expires_on, who)


def events(sandbox: Sandbox) -> Iterator[dg.AssetMaterialization]:
    """One entry a table in the catalogue, at ``explorative/<name>/<table>``, that says how to read it."""
    for table, version in sandbox.versions.items():
        yield dg.AssetMaterialization(
            asset_key=["explorative", sandbox.name, *table.split("/")],
            description=f"{table} at version {version}, for {sandbox.owner}: {sandbox.purpose}",
            metadata={
                "table": table,
                "delta_version": version,
                "owner": sandbox.owner,
                "expires_on": sandbox.expires_on.isoformat(),
                "read_it": dg.MetadataValue.md(
                    f'```python\nLake("{sandbox.lake.uri}").sandbox("{sandbox.name}").read_pandas("{table}")\n```'
                ),
            },
        )


def _version(lake: Lake, key: list[str], to: int | dt.datetime | None) -> int:
    from lakehouse_assets.lake.maintenance.restore import version_at

    if to is None:
        return lake.version(key)
    return version_at(lake.table_uri(key), lake.storage_options, to)
