"""Explorative sandboxes: tables at fixed versions, under a name, for a person, until a day.

A sandbox copies nothing. Its rows in the table ``explorative/sandboxes`` (one a table) are both the references by which
it is read and the pins by which vacuum keeps those versions. It ends on its day or when it is dropped; the rows stay,
so that one can see later what somebody worked on.

    sandbox = Lake("data/lake").sandbox("wear-study")
    sandbox.read_pandas("delivery/turbofan_rul/features", where={"engine_id": "turbofan-FS001-003"})
    sandbox.duckdb("delivery/turbofan_rul/features").aggregate("day, count(*)").show()
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakehouse_assets.lake.errors import LakeError, MissingTableError, RequestRefusedError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable

    from lakehouse_assets.lake.partitioning.predicate import Where
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lake.writing.commit import Provenance

SANDBOXES = ["explorative", "sandboxes"]


class SandboxError(LakeError, RequestRefusedError):
    """A sandbox that is there already, or is not, or has ended."""


@dataclass(frozen=True)
class Sandbox:
    """A living sandbox: its tables are read at their versions."""

    lake: Lake
    name: str
    owner: str
    purpose: str
    expires_on: dt.date
    versions: Mapping[str, int]

    def open(self, table: str) -> DeltaTable:
        """The Delta table at the sandbox's version."""
        return self.lake.open(table.split("/"), self._version(table))

    def read(self, table: str, *, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
        """Rows as an Arrow table, as ``Lake.read``."""
        return self.lake.read(table.split("/"), columns=columns, where=where, version=self._version(table))

    def read_pandas(self, table: str, *, columns: Sequence[str] | None = None, where: Where | None = None) -> Any:
        """Rows as a pandas frame, as ``Lake.read_pandas``."""
        return self.lake.read_pandas(table.split("/"), columns=columns, where=where, version=self._version(table))

    def duckdb(
        self, table: str, *, columns: Sequence[str] | None = None, where: Where | None = None
    ) -> duckdb.DuckDBPyRelation:
        """Rows as a lazy relation on DuckDB's default connection, as ``Lake.read_duckdb``."""
        return self.lake.read_duckdb(table.split("/"), columns=columns, where=where, version=self._version(table))

    def _version(self, table: str) -> int:
        if table not in self.versions:
            raise MissingTableError(
                f"Sandbox {self.name} has no table {table}. It has: {', '.join(sorted(self.versions))}."
            )
        return self.versions[table]


def living(lake: Lake, today: dt.date | None = None) -> dict[str, Sandbox]:
    """The sandboxes that are neither dropped nor past their day, by name."""
    today = today or dt.datetime.now(dt.UTC).date()
    found: dict[str, Sandbox] = {}
    for row in _rows(lake):
        if row["dropped_at"] is None and row["expires_on"] >= today:
            before = found.get(row["sandbox"])
            versions = {**(before.versions if before else {}), row["table"]: row["version"]}
            found[row["sandbox"]] = Sandbox(
                lake, row["sandbox"], row["owner"], row["purpose"], row["expires_on"], versions
            )
    return found


def open_sandbox(lake: Lake, name: str) -> Sandbox:
    """A living sandbox.

    Raises:
        SandboxError: there is none of that name, or it has ended; names those that there are.
    """
    sandboxes = living(lake)
    if name in sandboxes:
        return sandboxes[name]
    ended = [row for row in _rows(lake) if row["sandbox"] == name]
    if ended:
        last = max(ended, key=lambda row: row["made_at"])
        how = f"was dropped at {last['dropped_at']}" if last["dropped_at"] else f"ended on {last['expires_on']}"
        raise SandboxError(
            f"Sandbox {name} of {last['owner']} {how}. Its versions are not kept any more; make it again with the "
            "job make_sandbox."
        )
    raise SandboxError(
        f"There is no sandbox {name}. There are: {', '.join(sorted(sandboxes)) or 'none'}. The job make_sandbox "
        "makes one."
    )


def make(
    lake: Lake,
    name: str,
    versions: Mapping[str, int],
    owner: str,
    purpose: str,
    expires_on: dt.date,
    provenance: Provenance,
) -> Sandbox:
    """Pins tables at versions under a name: first the pins, then a look whether all their files are there.

    In this order a vacuum that reads the pins afterwards knows them; one that read them before is found out by the
    look, and the pins are taken back.

    Raises:
        SandboxError: there is a living one of that name.
        MissingTableError: files of a version are gone already.
    """
    import pyarrow as pa

    from lakehouse_assets.lake.maintenance.files import missing_files, stored_files
    from lakehouse_assets.lake.settings import WriteMode, WriteSettings
    from lakehouse_assets.lake.writing.rows import Rows
    from lakehouse_assets.lake.writing.write import Target, write_rows

    there = living(lake).get(name)
    if there is not None:
        raise SandboxError(
            f"There is a sandbox {name} already, {there.owner}'s, until {there.expires_on}. Take another name, or drop "
            "it with the job drop_sandbox."
        )
    made = {"owner": owner, "purpose": purpose, "made_at": dt.datetime.now(dt.UTC), "expires_on": expires_on}
    made |= {"dropped_at": None, "run_id": provenance.run_id}
    rows = [{"sandbox": name, "table": table, "version": version, **made} for table, version in versions.items()]
    with Rows(pa.Table.from_pylist(rows, schema=_schema())) as pins:
        target = Target(lake.table_uri(SANDBOXES), lake.storage_options)
        write_rows(pins, target, WriteSettings(write_mode=WriteMode.APPEND), provenance, {})
    sandbox = Sandbox(lake, name, owner, purpose, expires_on, versions)
    for table in versions:
        opened = sandbox.open(table)
        gone = missing_files(opened, stored_files(opened, lake.storage_options))
        if gone:
            drop(lake, name, provenance)
            raise MissingTableError(
                f"Sandbox {name} was not made: table {table} at version {versions[table]} lacks {len(gone)} files, for "
                f"example {gone[0]}. They were vacuumed. Take a newer version."
            )
    return sandbox


def drop(lake: Lake, name: str, provenance: Provenance) -> Sandbox:
    """Ends a living sandbox: its pins hold no version any more. No table's rows are touched.

    Raises:
        SandboxError: there is no living one of that name.
    """
    from lakehouse_assets.lake.partitioning.predicate import literal
    from lakehouse_assets.lake.writing.commit import commit_properties, retried

    sandbox = open_sandbox(lake, name)

    def attempt() -> None:
        lake.open(SANDBOXES).update(
            new_values={"dropped_at": dt.datetime.now(dt.UTC)},
            predicate=f'"sandbox" = {literal(name)} AND "dropped_at" IS NULL',
            commit_properties=commit_properties(provenance, {}),
        )

    retried(attempt, provenance, lake.table_uri(SANDBOXES), lake.storage_options)
    return sandbox


def _rows(lake: Lake) -> list[dict[str, Any]]:
    if not lake.exists(SANDBOXES):
        return []
    rows: list[dict[str, Any]] = lake.read(SANDBOXES).to_pylist()
    return rows


def _schema() -> pa.Schema:
    """What each column means says the contract (defs/platform/contracts/explorative/sandboxes.yaml)."""
    import pyarrow as pa

    text, instant = pa.string(), pa.timestamp("us", tz="UTC")
    return pa.schema(
        {
            "sandbox": text,
            "table": text,
            "version": pa.int64(),
            "owner": text,
            "purpose": text,
            "made_at": instant,
            "expires_on": pa.date32(),
            "dropped_at": instant,
            "run_id": text,
        }
    )
