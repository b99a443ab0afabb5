"""Whether what a use case's YAML names is there: functions, tables, SQL files, columns. Asked when definitions load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.contracts.located import LocatedYaml, Place
from lakehouse_assets.use_case.declaring.functions import UnknownFunctionError, source_of
from lakehouse_assets.use_case.plan import Plan

MEAN = "mean"


def require_what_is_named(plan: Plan) -> None:
    """Refuse a YAML that names what is not there.

    Raises:
        dg.DagsterInvalidDefinitionError: with file and line of the first thing that is missing, and what was expected.
    """
    for named, words in _missing(plan):
        raise dg.DagsterInvalidDefinitionError(_at(plan, named, words))


def _missing(plan: Plan) -> Iterator[tuple[Any, str]]:
    """What the YAML says (a value, or the place of a section) and what is wrong with it."""
    yield from _never_run(plan)
    for reference in plan.references:
        try:
            source_of(plan.folder, reference)
        except UnknownFunctionError as error:
            yield reference, str(error)
    for table in plan.named_tables:
        if tuple(table.split("/")) not in plan.contracts:
            zone = table.split("/")[0]
            known = ", ".join(sorted("/".join(key) for key in plan.contracts if key[0] == zone)) or "no table"
            yield table, f"no asset {table} has a contract; the {zone} zone has {known}"
    for statement in _statement_files(plan):
        if not (plan.folder / statement).is_file():
            there = ", ".join(one.name for one in plan.statements) or "none"
            yield statement, f"there is no file {plan.folder / statement}; SQL files beside the YAML: {there}"
    features, baseline = plan.features, plan.declaration.evaluation.baseline
    if baseline not in (MEAN, *features):
        yield baseline, f"baseline {baseline!r} is no feature; expected {MEAN} or one of {', '.join(features)}"
    yield from _not_watched(plan, features)


def _never_run(plan: Plan) -> Iterator[tuple[Any, str]]:
    domain, cron = plan.declaration.domain, plan.declaration.schedule.training
    if domain != plan.folder.parent.name:
        words = f"domain {domain!r} makes no night of this use case; expected {plan.folder.parent.name}, its folder's"
        yield ("attributes", "domain"), words
    if cron is not None:
        try:
            dg.ScheduleDefinition(name="training", job_name="training", cron_schedule=cron)
        except dg.DagsterInvalidDefinitionError as error:
            yield ("attributes", "schedule"), str(error)


def _statement_files(plan: Plan) -> Iterator[str]:
    declared = plan.declaration
    for query in (declared.observations, declared.labels, *declared.evaluation.extra.values()):
        if query.sql is not None and query.sql.strip().endswith(".sql"):
            yield query.sql


def _not_watched(plan: Plan, features: list[str]) -> Iterator[tuple[Any, str]]:
    watched = plan.declaration.monitoring
    known = features
    if watched.table is not None:
        known = [one.name for one in plan.contracts[tuple(watched.table.split("/"))].columns]
    for column in watched.columns:
        if column not in known:
            words = f"{watched.table or 'the features'} has no column {column!r}; expected one of {', '.join(known)}"
            yield ("attributes", "monitoring"), words


def _at(plan: Plan, named: Any, words: str) -> str:
    """The words with the file, and the line of the entry that says so."""
    file = plan.folder / "defs.yaml"
    text = LocatedYaml(file, file.read_text(encoding="utf-8"))
    place = named if isinstance(named, tuple) else next(_places(text.data, named), ())
    return str(text.problem(place, words))


def _places(data: Any, value: str, place: Place = ()) -> Iterator[Place]:
    """Where a value stands in plain data."""
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, entry in entries:
        if entry == value:
            yield (*place, step)
        yield from _places(entry, value, (*place, step))
