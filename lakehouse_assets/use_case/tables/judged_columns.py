"""Columns of the tables about a use case's model: candidate, trials, evaluation, decisions, card."""

from __future__ import annotations

from lakehouse_assets.contracts.contract import Column
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.tables.columns import column

Described = tuple[str, list[Column]]
"""What a table is for, and its columns."""


def candidate(declaration: Declaration) -> Described:
    """The newest trained version."""
    columns = [
        column("model_version", "long", "Version in the registry.", "1", required=True, minimum=1),
        column("mlflow_run_id", "string", "MLflow run that trained it.", required=True),
        column("feature_version", "string", "Version of the features that it learned.", required=True),
        column("recipe", "string", "Hash of rows and settings: the same recipe is the same model.", required=True),
        column("delta_versions", "string", "Version of every table that it learned from, as JSON.", required=True),
        column("run_id", "string", "Dagster run that asked for it.", required=True),
    ]
    return f"The model version that {declaration.name} trained last.", columns


def trials(declaration: Declaration) -> Described:
    """The search for settings."""
    columns = [
        column("number", "long", "The trial, from 0.", "1", primary_key=True, minimum=0),
        column("params", "string", "What was tried, as JSON.", required=True),
        column("loss", "double", "Mean loss over the splits; lower is better.", required=True),
        column("losses", "string", "The loss on each split, as JSON.", required=True),
        column("chosen", "boolean", "Whether trainings use it.", required=True),
    ]
    return f"The last search for settings of {declaration.name}; trainings use the best of them.", columns


def evaluation(declaration: Declaration) -> Described:
    """Candidate, champion and baseline on the same rows."""
    columns = [
        column(
            "role", "string", "candidate, champion, baseline, or difference (candidate less champion).", required=True
        ),
        column("model_version", "long", "Version in the registry; null for the baseline.", "1", minimum=1),
        column("data", "string", "Rows that it was measured on.", required=True),
        column("slice", "string", "all, or a column and its value.", required=True),
        column("rows", "long", "How many.", "1", required=True, minimum=0),
        column("groups", "long", "How many that do not depend on each other.", "1", required=True, minimum=0),
        column("metric", "string", "What was measured.", required=True),
        column("value", "double", "The figure, in the metric's unit; null where it is not defined."),
        column("low", "double", "Lower end of its 95 % bootstrap interval; null with too few rows."),
        column("high", "double", "Upper end of its 95 % bootstrap interval; null with too few rows."),
        column("decides", "boolean", "Whether the gate decides by it.", required=True),
    ]
    return f"How good {declaration.name} is: candidate, champion and a naive baseline on the same rows.", columns


def champion(declaration: Declaration) -> Described:
    """The audit trail of promotions."""
    columns = [
        column("decided_at", "timestamp", "When, in UTC.", primary_key=True),
        column("who", "string", "The gate, or the person who rolled back.", required=True),
        column("action", "string", "promote, refuse, dry_run, roll_back or found_changed.", required=True),
        column("candidate_version", "long", "The version that was decided on; null: none serves.", "1", minimum=1),
        column("from_version", "long", "The champion before; null: none.", "1", minimum=1),
        column("to_version", "long", "The champion after; null: none.", "1", minimum=1),
        column("promoted", "boolean", "Whether the alias moved.", required=True),
        column("mode", "string", "The gate's mode: on, dry_run or off.", required=True),
        column("reason", "string", "Why, in words.", required=True),
        column("metric", "string", "The metric that decided; empty when rolling back."),
        column("candidate_value", "double", "The candidate's figure."),
        column("champion_value", "double", "The champion's on the same rows."),
        column("run_id", "string", "Dagster run.", required=True),
    ]
    return f"Who let which version of {declaration.name} serve, when and why; the last row tells the champion.", columns


def model_card(declaration: Declaration) -> Described:
    """The card."""
    columns = [
        column("model_version", "long", "The champion.", "1", primary_key=True, minimum=1),
        column("written_at", "timestamp", "When, in UTC.", required=True),
        column("markdown", "string", "The card.", required=True),
    ]
    return f"What the champion of {declaration.name} is for, was made from, can do and cannot.", columns
