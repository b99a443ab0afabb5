"""A table's CHECK constraints and comments, kept as promised."""

from __future__ import annotations

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from lakehouse_assets.lake.storage import StorageOptions, open_table
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties, retried
from lakehouse_assets.lake.writing.promise import CONSTRAINT_PREFIX, TablePromise

_KEY = "delta.constraints."


def loosen(uri: str, options: StorageOptions, promise: TablePromise, provenance: Provenance) -> None:
    """Before a write: takes away from an existing table what the contract no longer demands of its rows.

    And says of its columns what the contract says now: the engine refuses rows whose columns are described otherwise
    than the table's (deltalake 1.6.6), so that a reworded description would have stopped every write.
    """

    def attempt() -> None:
        table = open_table(uri, options)
        _describe(table, promise, provenance)
        schema = pa.schema(table.schema().to_arrow())
        wanted = promise.constraints(schema)
        for name in _ours(table):
            if name not in wanted:
                table.alter.drop_constraint(
                    name, commit_properties=commit_properties(provenance, {"contract": f"dropped {name}"})
                )
        for column in promise.schema:
            if column.nullable and column.name in schema.names and not schema.field(column.name).nullable:
                table.alter.drop_column_not_null(
                    column.name, commit_properties=commit_properties(provenance, {"contract": "no longer required"})
                )

    retried(attempt, provenance, uri, options)


def tighten(uri: str, options: StorageOptions, promise: TablePromise, provenance: Provenance) -> dict[str, str]:
    """After a write: gives the table the constraints and the descriptions that it lacks.

    Returns:
        Constraint -> why the table could not take it: rows of partitions that this run did not write break it. They
        stay until those partitions are written again; to refuse the write instead would leave no way to mend them.
    """

    def attempt() -> dict[str, str]:
        table = open_table(uri, options)
        _describe(table, promise, provenance)
        wanted = promise.constraints(pa.schema(table.schema().to_arrow()))
        held = _ours(table)
        lacking = {name: sql for name, sql in wanted.items() if name not in held}
        if not lacking:
            return {}
        noted = commit_properties(provenance, {"contract": f"added {', '.join(lacking)}"})
        try:
            table.alter.add_constraint(lacking, commit_properties=noted)
        except CommitFailedError:
            raise
        except DeltaError as error:
            if "failed validation" not in str(error):
                raise
        else:
            return {}
        return _one_by_one(uri, options, lacking, provenance)

    return retried(attempt, provenance, uri, options)


def _describe(table: DeltaTable, promise: TablePromise, provenance: Provenance) -> None:
    """Says of the table and its columns what the promise now says of them: comments, units, classifications.

    A table is made with most of them. The validity of a history comes without, and a contract is reworded.
    """
    if promise.description is not None and table.metadata().description != promise.description:
        table.alter.set_table_description(
            promise.description, commit_properties=commit_properties(provenance, {"contract": "described the table"})
        )
    held = {field.name: field.metadata for field in table.schema().fields}
    for column in promise.schema:
        notes = {name.decode(): note.decode() for name, note in (column.metadata or {}).items()}
        if column.name in held and any(held[column.name].get(name) != note for name, note in notes.items()):
            table.alter.set_column_metadata(
                column.name,
                notes,
                commit_properties=commit_properties(provenance, {"contract": f"described {column.name}"}),
            )


def _one_by_one(uri: str, options: StorageOptions, lacking: dict[str, str], provenance: Provenance) -> dict[str, str]:
    pending = {}
    for name, sql in lacking.items():
        try:
            noted = commit_properties(provenance, {"contract": f"added {name}"})
            open_table(uri, options).alter.add_constraint({name: sql}, commit_properties=noted)
        except CommitFailedError:
            raise
        except DeltaError as error:
            if "failed validation" not in str(error):
                raise
            pending[name] = str(error).split("\n", maxsplit=1)[0].rpartition(": ")[2]
    return pending


def _ours(table: DeltaTable) -> list[str]:
    configured = table.metadata().configuration
    names = [key.removeprefix(_KEY) for key in configured if key.startswith(_KEY)]
    return [name for name in names if name.startswith(CONSTRAINT_PREFIX)]
