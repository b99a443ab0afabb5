"""Erasing a person: from all tables of the lake, their past, and the landing folder; then nothing brings them back.

The order makes it safe to be killed anywhere and run again: first the list of erased persons (from then on ingestion
leaves them out), then the tables, the landing files last (raw holds their new digests by then, so that nothing is taken
in twice), and the audit row at the very end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from lakehouse_assets.contracts.audit import AUDIT, entries, record
from lakehouse_assets.contracts.personal.erased import ErasedPersons, add_erased, erased_persons
from lakehouse_assets.contracts.personal.pseudonyms import Pseudonyms
from lakehouse_assets.lake.errors import LakeError
from lakehouse_assets.lake.sandbox import living
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.erasure.artifacts import artifacts_with
from lakehouse_assets.operations.erasure.files import file_system, tables_in, texts_of
from lakehouse_assets.operations.erasure.landing import (
    LandingMention,
    files_of,
    mentions_in,
    parts_of,
    unsearchable_in,
    write_redacted,
)
from lakehouse_assets.operations.erasure.person import Person, UnknownPersonError, person
from lakehouse_assets.operations.erasure.report import Report, described, left_in_table, left_outside, pinned_to
from lakehouse_assets.operations.erasure.table import Found, Personal, find, purge, rewrite
from lakehouse_assets.sources.landing import read_bytes

ROUNDS = 3
"""A run that began before may write the person back; it is looked again so often."""

Pins = Callable[[], Mapping[str, Mapping[str, int]]]
"""Registered model version -> the version of each table that it is pinned to."""


class ErasureIncompleteError(RuntimeError):
    """Something of the person is left; the message says what and what to do. Run the job again."""


@dataclass(frozen=True)
class Request:
    """Who is to be erased, and who wants it and why."""

    given: str
    requested_by: str
    reason: str
    in_flight: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class Place:
    """Where persons may be: the lake, what contracts say of its tables, the landing folder, the models' pins.

    ``artifacts`` are folders or addresses outside of the lake that are searched and left as they are.
    """

    lake: Lake
    contracts: Mapping[str, Personal]
    landing: Path | None = None
    pins: Pins = dict
    artifacts: tuple[str, ...] = ()


def erase(place: Place, request: Request, keys: Pseudonyms, *, dry_run: bool, run_id: str = "") -> Report:
    """Erase a person, or say what would be done.

    Raises:
        UnknownPersonError: what was given is neither badge nor pseudonym.
        ErasureIncompleteError: something of the person is left; all that could be done was done.
    """
    who = _resolved(place, person(request.given, keys))
    before = erased_persons(place.lake, keys)
    after = ErasedPersons(before.persons | who.pseudonyms, keys)
    mentions = mentions_in(place.landing, before, after) if place.landing else []
    found = _look(place, who, mentions, request.in_flight)
    report = _report(who, found, mentions, place, dry_run)
    if dry_run:
        return report
    if not report.found_anything and who.pseudonyms <= before.persons:
        if _was_cut_short(place.lake, report.subject):
            _note(place, request, report, "erase", run_id)
        return report
    add_erased(place.lake, _listed(who))
    _note(place, request, report, "erase_begun", run_id)
    left = _carry_out(place, who, found, mentions, request.in_flight) + left_outside(mentions, report.artifacts)
    report = replace(report, left=tuple(left))
    _note(place, request, report, "erase" if not left else "erase_incomplete", run_id)
    if left:
        raise ErasureIncompleteError(f"{report.subject} is not erased everywhere yet:\n" + "\n".join(left))
    return report


def _resolved(place: Place, who: Person) -> Person:
    """The person with every badge of theirs that stands in a personal column or a landing file.

    A pseudonym cannot be turned around, but each identifier that is there can be hashed and compared.
    """
    if who.identifiers:
        return who.knowing(())
    for table in tables_in(place.lake):
        columns = set(place.contracts.get(table.name, Personal()).columns)
        files = file_system(place.lake.table_uri(table.key), place.lake.storage_options)
        for path in table.data if columns else ():
            who = who.knowing(texts_of(files, path, columns))
    delivered = files_of(place.landing) if place.landing else ()
    contents = (part for file in delivered for part in parts_of(read_bytes(file)))
    return who.knowing(part.decode("utf-8", "surrogateescape") for part in contents)


def _look(place: Place, who: Person, mentions: Iterable[LandingMention], in_flight: timedelta) -> list[Found]:
    """All tables with something to do. The audit and the list of the erased may name the pseudonym."""
    digests = _changed_digests(mentions)
    keep = {"/".join(AUDIT), "monitoring/platform/erased_persons"}
    tables = (table for table in tables_in(place.lake) if table.name not in keep)
    return [found for table in tables if (found := find(table, place.lake, who, digests, in_flight))]


def _changed_digests(mentions: Iterable[LandingMention]) -> dict[str, str]:
    """Digests that raw must replace; of a file that came back, ingestion has seen what it will see."""
    return {old: new for old, new in (mention.digests for mention in mentions) if old != new}


def _carry_out(
    place: Place, who: Person, found: list[Found], mentions: list[LandingMention], in_flight: timedelta
) -> list[str]:
    """Do it, look again, and do it again where a run that was under way wrote the person back. Gives what is left."""
    digests, refused = _changed_digests(mentions), dict[str, str]()
    for _ in range(ROUNDS):
        for one in (one for one in found if one.active and not one.named):
            try:
                rewrite(one, place.lake, who, place.contracts.get(one.table.name, Personal()), digests)
            except LakeError as error:  # one table must not keep the person in all others
                refused[one.table.name] = str(error)
        for one in _look(place, who, (), in_flight):
            if not one.named and one.table.name not in refused:
                purge(one, place.lake, who)
        found = _look(place, who, mentions, in_flight)
        if not any(one.active or one.past or one.unknown or one.log for one in found):
            break
    left = [left_in_table(one, in_flight, refused.get(one.table.name)) for one in found]
    for mention in (one for one in mentions if not one.packed):
        try:
            write_redacted(mention)
        except OSError as error:
            left.append(
                f"- landing file {mention.path} may not be written ({error.strerror}): let the user of the "
                "platform write there, or take the file away, and run this again"
            )
    return left


def _report(who: Person, found: list[Found], mentions: list[LandingMention], place: Place, dry_run: bool) -> Report:
    lost = {one.table.name: one.versions for one in found if one.versions}
    sandboxes = {f"{name} of {one.owner}": one.versions for name, one in living(place.lake).items()} if lost else {}
    return Report(
        subject=_listed(who)[0][0],
        dry_run=dry_run,
        tables={one.table.name: described(one, place.contracts) for one in found},
        landing_files=tuple(mention.path.name for mention in mentions),
        models=pinned_to(lost, place.pins() if lost else {}),
        sandboxes=pinned_to(lost, sandboxes),
        artifacts=tuple(artifacts_with(place.artifacts, who)),
        unsearched=tuple(unsearchable_in(place.landing)) if place.landing else (),
    )


def _listed(who: Person) -> list[tuple[str, bytes]]:
    """The person's pseudonyms, each with its key, the current key's first."""
    if not who.identifiers:
        return [(name, who.keys.key) for name in sorted(who.pseudonyms)]
    keys = (who.keys.key, *who.keys.retired)
    return [(Pseudonyms(key).of(identifier), key) for key in keys for identifier in sorted(who.identifiers)]


def _was_cut_short(lake: Lake, subject: str) -> bool:
    """Whether the last that the audit says of the person is that an erasure began, or left something."""
    deeds = entries(lake)
    own = deeds[deeds["subject"].eq(subject)]
    return len(own) > 0 and own["action"].iloc[-1] in ("erase_begun", "erase_incomplete")


def _note(place: Place, request: Request, report: Report, action: str, run_id: str) -> None:
    details = {
        "tables": report.tables,
        "landing_files": report.landing_files,
        "models_that_cannot_be_trained_again": report.models,
        "sandboxes_that_lose_a_table": report.sandboxes,
        "artifacts": report.artifacts,
        "landing_files_not_searched": report.unsearched,
        "left": report.left,
    }
    record(
        place.lake,
        action=action,
        subject=report.subject,
        who=request.requested_by,
        reason=request.reason,
        details=details,
        run_id=run_id,
    )


__all__ = ["ErasureIncompleteError", "Place", "Report", "Request", "UnknownPersonError", "erase"]
