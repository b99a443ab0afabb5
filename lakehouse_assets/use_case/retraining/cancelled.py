"""Who cancelled a run: a person, or Dagster by itself, as it had run for too long or its machine went down."""

from __future__ import annotations

import dagster as dg
from dagster import DagsterEventType
from dagster._core.events.log import EventLogEntry

#: What Dagster 1.13 says first of a run that a person terminates, takes from the queue, or marks by force. By itself it
#: cancels one that has run for too long, and says that before it terminates it as a person does.
BY_A_PERSON = (
    "Sending run termination request",
    "Canceling run from the queue",
    "forcibly marked as canceled from outside",
)


def by_a_person(said: str) -> bool:
    """Whether the first word on a cancelled run is one that Dagster says for a person."""
    return any(words in said for words in BY_A_PERSON)


def first_said(instance: dg.DagsterInstance, run_id: str) -> str:
    """The first word on a run that was cancelled: why it was to be, else that it was; empty where there is none."""
    for kind in (DagsterEventType.RUN_CANCELING, DagsterEventType.RUN_CANCELED):
        for event in instance.all_logs(run_id, of_type=kind):
            return said(event)
    return ""


def said(event: EventLogEntry) -> str:
    """The words of an event."""
    return event.get_dagster_event().message or event.user_message or ""
