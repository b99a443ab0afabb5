"""Columns of the table of policy replays."""

from __future__ import annotations

from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.tables.columns import column
from lakehouse_assets.use_case.tables.judged_columns import Described


def policy_replays(declaration: Declaration) -> Described:
    """What each policy would have done."""
    columns = [
        column("run_id", "string", "Run that played the nights.", primary_key=True),
        column("policy", "string", "The policy; `own` is the use case's.", primary_key=True),
        column("played_at", "timestamp", "When, in UTC.", required=True),
        column("settings", "string", "The policy's entries by then, as JSON; {}: it has none.", required=True),
        column("first_day", "date", "First night; its model was the first.", required=True),
        column("last_day", "date", "Last night that was asked for.", required=True),
        column("days", "long", "Nights that were played.", "1", required=True, minimum=0),
        column("complete", "boolean", "Whether these are all; if not, the CPU minutes ran out.", required=True),
        column("rows", "long", "Predictions whose outcome is known.", "1", required=True, minimum=0),
        column("measure", "string", "What the errors are: means over rows.", required=True),
        column("unit", "string", "Of the errors.", required=True),
        column("error", "double", "Error over all nights; null: no outcome is known.", minimum=0),
        column("apart_from", "date", "First day that had no part in choosing; null: none was named."),
        column("error_before", "double", "Error of the nights before it.", minimum=0),
        column("error_apart", "double", "Error of the nights from it on.", minimum=0),
        column("error_by_month", "string", "Month -> error, as JSON.", required=True),
        column("retrainings", "long", "Trainings after the first model.", "1", required=True, minimum=0),
        column("retrained_on", "string", "The days of their nights, by commas.", required=True),
        column(
            "false_alarms",
            "long",
            "Of these, such as made the 14 days after not better by 1 % than the model before.",
            "1",
            required=True,
            minimum=0,
        ),
        column(
            "not_known_yet",
            "long",
            "Of these, such as nobody can judge: no outcome of the days after is known. Null: not counted then.",
            "1",
            minimum=0,
        ),
        column("training_cpu_seconds", "double", "What their fits took.", "s", required=True, minimum=0),
    ]
    return (
        f"What each policy would have done with {declaration.name}: past days played as nights, one row a policy.",
        columns,
    )
