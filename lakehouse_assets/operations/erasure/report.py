"""What an erasure tells of what it found and did, without the person's badge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lakehouse_assets.lake.versions.erased_versions import ranges_text
from lakehouse_assets.operations.erasure.landing import LandingMention
from lakehouse_assets.operations.erasure.table import Found, Personal


@dataclass(frozen=True)
class Report:
    """What an erasure found and did, without the person's badge.

    ``tables`` has an entry for each table with something to do: rows by column, versions that are lost, files.
    ``artifacts`` are files outside of the lake that mention the person; ``unsearched`` landing files may.
    """

    subject: str
    dry_run: bool
    tables: Mapping[str, Mapping[str, Any]]
    landing_files: tuple[str, ...]
    models: tuple[str, ...]
    sandboxes: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    unsearched: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def found_anything(self) -> bool:
        """Whether the person was anywhere."""
        return bool(self.tables or self.landing_files or self.artifacts)


def pinned_to(lost: Mapping[str, Collection[int]], pins: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    """Who is pinned to versions that are lost, each with table and version."""
    return tuple(
        f"{name} ({table} version {version})"
        for name, tables in sorted(pins.items())
        for table, version in sorted(tables.items())
        if version in lost.get(table, ())
    )


def described(found: Found, contracts: Mapping[str, Personal]) -> dict[str, Any]:
    """What was found in a table, in numbers and words."""
    declared = contracts.get(found.table.name, Personal())
    return {
        "rows_by_column": dict(found.rows),
        "rows_with_new_digest": found.digests,
        "on_erasure": declared.on_erasure,
        "columns_no_contract_calls_personal": sorted(set(found.rows) - set(declared.columns)),
        "files_of_newest_version": len(found.active),
        "files_of_the_past": len(found.past),
        "files_of_no_version": len(found.unknown) + len(found.in_flight),
        "versions_lost": ranges_text(found.versions),
        "files_of_the_log": len(found.log),
        "files_named_after_the_person": len(found.named),
    }


def left_in_table(found: Found, in_flight: timedelta, refused: str | None = None) -> str:
    """What of a person is still in a table, and what to do."""
    if refused is not None:
        return f"- table {found.table.name} could not be written without the person: {refused}"
    if found.named:
        return (
            f"- table {found.table.name} is partitioned by a column that holds the person, so that {len(found.named)} "
            "of its files are named so. Write the table anew without that partition (its rows, by a column that names "
            "nobody), remove the old folder, and run this again"
        )
    if found.in_flight and not (found.active or found.past or found.unknown or found.log):
        return (
            f"- table {found.table.name}: {len(found.in_flight)} files belong to no version and are younger than "
            f"{in_flight}: a writer may be about to commit them. Run this again after that time, or now with a shorter "
            "`in_flight_minutes` if no run is active"
        )
    return (
        f"- table {found.table.name}: {len(found.active)} files of the newest version, {len(found.past)} of earlier "
        f"ones and {len(found.log)} of the log. Another run writes the person back: let it end, then run this again"
    )


def left_outside(mentions: list[LandingMention], artifacts: tuple[str, ...]) -> list[str]:
    """What of a person is in files that are not rewritten, and what to do."""
    packed = [
        f"- landing file {mention.path} is an archive that mentions the person: take it away, or pack it anew without "
        "the person, and run this again"
        for mention in mentions
        if mention.packed
    ]
    return packed + [
        f"- {address} mentions the person: delete that file, or the run and model version that it belongs to, and run "
        "this again"
        for address in artifacts
    ]
