"""Which tables can be brought back, and what to do instead with the others. Pure."""

from __future__ import annotations

from lakehouse_assets.operations.tables.restore import RestoreRequestError

#: Of a table that jobs keep, by zone and name: what its rows are, and what to do. `{}` is the domain or use case.
INSTEAD = {
    ("monitoring", "audit"): "Its rows say what people did, and are the switch of pauses: end a pause with the job "
    "resume_use_case. What was done wrongly is done again, which is a row of its own",
    ("monitoring", "incidents"): "Its rows say what was told. Put the asset right that an incident is about",
    (
        "monitoring",
        "decisions",
    ): "Its rows say what was decided on training. Train with the job retrain_now, or let the "
    "use case rest with pause_use_case",
    ("monitoring", "policy_replays"): "Its rows say what a policy would have done. Play it again with its job",
    ("monitoring", "erased_persons"): "Its rows keep persons erased who were erased. They stay",
    (
        "models",
        "champion",
    ): "Its rows are the record of what the registry did. Let the champion before serve again with "
    "the job {}_roll_back",
    ("raw", "repairs"): "Its rows say who repaired what. Take a repair back with `undo: true` in the job "
    "{}_repair_quarantined_rows",
    ("explorative", "sandboxes"): "Its rows pin versions. End a sandbox with the job drop_sandbox",
}


def require_restorable(table: str, has_contract: bool, made_by_runs: bool) -> None:
    """Refuse what is no table, and what records deeds: its older rows would undo those of others and lose who did them.

    Args:
        table: Asset key joined by /.
        has_contract: Whether the asset has a contract, as every table of the lake has.
        made_by_runs: Whether a run makes it. The others are kept by jobs and sensors.

    Raises:
        RestoreRequestError: with what to do instead.
    """
    zone, *middle, name = table.split("/")
    if zone == "landing":
        raise RestoreRequestError(
            f"{table} has no table: it is files as they were delivered. Drop a file again, or restore the raw table "
            "that was made from it. Nothing was changed."
        )
    if not has_contract:
        raise RestoreRequestError(
            f"{table} has no table that could be restored; a run makes it from others. Materialise it. Nothing was "
            "changed."
        )
    instead = INSTEAD.get((zone, name))
    if not made_by_runs or instead:
        told = (instead or "Its rows say what was done").format("/".join(middle))
        raise RestoreRequestError(f"{table} is kept by jobs and is not restored. {told}. Nothing was changed.")
