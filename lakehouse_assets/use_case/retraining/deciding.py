"""Whether a use case trains again: what is known of it, the decision on that, and the table of decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lakehouse_assets.lake.errors import MissingTableError
from lakehouse_assets.lake.partitioning.predicate import Interval
from lakehouse_assets.lifecycle.judging.champions import FOUND_CHANGED, ROLL_BACK
from lakehouse_assets.lifecycle.judging.evaluation import ALL
from lakehouse_assets.monitoring.days import as_date
from lakehouse_assets.monitoring.deciding.decision import decide, worth_a_row
from lakehouse_assets.monitoring.deciding.history import History, Judged, Training
from lakehouse_assets.monitoring.deciding.policy import Decision, Policy
from lakehouse_assets.monitoring.deciding.silence import Coming
from lakehouse_assets.use_case.retraining.trainings import training_runs

if TYPE_CHECKING:
    import dagster as dg
    import pandas as pd

    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.plan import Plan

#: Decisions that the asset page shows, the newest first.
SHOWN = 10
_OWN = ("decided_at", "day", "decision", "trigger", "reason", "champion_version", "signals", "since", "attempt")
COLUMNS = (*_OWN, "run_key", "labelled_rows", *(f"policy_{one.name}" for one in fields(Policy)))


def training_jobs(plan: Plan) -> list[str]:
    """The jobs that train a use case: its own, and its domain's road."""
    return [f"{plan.name}_training", f"{plan.declaration.domain}_road"]


def known(plan: Plan, lake: Lake, registry: ModelRegistry, trainings: Sequence[Training]) -> History:
    """All that a decision is made from, as lake, registry and runs have it now."""
    # Without a record nothing was ever promoted, and asking would make an empty registry.
    recorded = lake.exists(plan.declaration.key("models", "champion"))
    champion = registry.champion(plan.name) if recorded else None
    own = {"model_version": champion.version if champion else 0}
    metric = plan.declaration.evaluation.metric
    to_learn_from = _to_learn_from(plan, lake, champion)
    thresholds = _read(plan, lake, "monitoring", "thresholds", ("model_version",))
    known_runs = {one.run_id for one in trainings}
    return History(
        reports=_read(plan, lake, "monitoring", "drift", ("day", "model_version", "column_name", "verdict"), own),
        performance=_read(
            plan,
            lake,
            "monitoring",
            "performance",
            ("day", "model_version", "verdict"),
            {**own, "slice": ALL, "metric": metric},
        ),
        decisions=_read(plan, lake, "monitoring", "decisions", COLUMNS),
        trainings=trainings,
        champion=champion.version if champion else None,
        reference_of=None if thresholds.empty else int(thresholds["model_version"].iloc[0]),
        judged=[one for one in _judged(plan, lake) if one.run_id not in known_runs],
        **to_learn_from,
    )


def trainings(plan: Plan, lake: Lake, instance: dg.DagsterInstance) -> list[Training]:
    """The training runs, with what the gate said of each."""
    decided = {one.run_id: one.promoted for one in _judged(plan, lake)}
    # A run that makes either may end in another champion.
    made = [plan.key("models", table) for table in ("candidate", "champion")]
    return training_runs(instance, plan.name, training_jobs(plan), made, decided)


def _judged(plan: Plan, lake: Lake) -> list[Judged]:
    """What the gate said of each run, by its record; a run that was judged twice by its last verdict."""
    columns = ("decided_at", "run_id", "promoted", "action", "from_version", "to_version")
    record = _read(plan, lake, "models", "champion", columns).sort_values("decided_at", kind="stable")
    told = record[~record["action"].isin((FOUND_CHANGED, ROLL_BACK))]
    # A training that came to the very model that serves promoted nothing.
    moved = told["promoted"].astype(bool) & told["from_version"].fillna(0).ne(told["to_version"].fillna(0))
    said = zip(told["run_id"].astype(str), told["decided_at"], moved.astype(bool), strict=True)
    return list({run_id: Judged(run_id, at, promoted) for run_id, at, promoted in said}.values())


def made(plan: Plan, history: History, now: datetime) -> Decision:
    """The decision by the use case's policy."""
    return decide(history, plan.declaration.retraining, plan.name, now)


def note(plan: Plan, lake: Lake, history: History, decision: Decision) -> bool:
    """Write a decision down unless the table's last row says the same.

    Returns:
        Whether a row was written.
    """
    from lakehouse_assets.contracts.additions import add_rows
    from lakehouse_assets.contracts.conform import to_arrow

    if not worth_a_row(decision, history.decisions):
        return False
    contract = plan.contract("monitoring", "decisions")
    rows = to_arrow(frame([decision], plan.declaration.retraining), contract)
    add_rows(lake, contract, rows, contract.primary_key, "")
    return True


def frame(decisions: Sequence[Decision], policy: Policy) -> pd.DataFrame:
    """Decisions as rows of the table."""
    import pandas as pd

    rows = pd.DataFrame([one.row(policy) for one in decisions], columns=list(COLUMNS))
    days = {name: pd.to_datetime(rows[name]).astype("datetime64[us]") for name in ("day", "since")}
    return rows.assign(decided_at=pd.to_datetime(rows["decided_at"], utc=True).astype("datetime64[us, UTC]"), **days)


def metadata_of(decision: Decision, earlier: pd.DataFrame) -> dict[str, Any]:
    """What the asset page shows: the newest decision, and those before it as a table."""
    import dagster as dg

    rows = [*earlier.sort_values("decided_at", kind="stable").tail(SHOWN - 1).to_dict("records"), vars(decision)]
    lines = [
        f"| {row['decided_at']:%Y-%m-%d %H:%M} | {'' if _nothing(row['day']) else as_date(row['day'])} | "
        f"{row['decision']} | {row['reason']} |"
        for row in reversed(rows)
    ]
    table = "\n".join(["| decided at (UTC) | day | decision | reason |", "|---|---|---|---|", *lines])
    found = {"decision": decision.decision, "reason": decision.reason, "decisions": dg.MetadataValue.md(table)}
    return found | ({"run_key": decision.run_key} if decision.run_key else {})


def _to_learn_from(plan: Plan, lake: Lake, champion: ModelVersion | None) -> dict[str, Any]:
    """What a history says of the rows to learn from: those labelled after the champion's training set was made, those
    in it, the last day to learn from now, and how their labels became known; nothing where nobody knows.
    """
    import pandas as pd

    from lakehouse_assets.lake.reading.read import to_pandas
    from lakehouse_assets.use_case.serving.known_outcomes import newest
    from lakehouse_assets.use_case.training.labelled import learns_until

    outcomes = plan.declaration.key("delivery", "outcomes")
    training_set = plan.declaration.key("delivery", "training_set")
    at = champion.delta_versions.get("/".join(training_set)) if champion else None
    if champion is None or at is None or not lake.exists(outcomes):
        return {}
    # Held-out rows were known as well, though it did not learn from them: only what came after all of them is new.
    keys = plan.declaration.keys
    try:
        known = to_pandas(lake.read(training_set, columns=[*keys, "day", "label_known_at"], version=at))
    except MissingTableError:
        return {}  # vacuumed, or erased: nobody knows any more
    if known.empty:
        return {}
    # The lower end of an interval is part of it.
    later = {"label_known_at": Interval(known["label_known_at"].max() + timedelta(microseconds=1), None)}
    came = to_pandas(lake.read(outcomes, columns=[*keys, "predicted_day", "label_known_at"], where=later))
    every = pd.concat([known, came.rename(columns={"predicted_day": "day"})], ignore_index=True)
    # A label that was corrected is one row to learn from, as it is now.
    every["day"] = pd.to_datetime(every["day"])
    rows = newest(every, [*keys, "day"])
    until = learns_until(plan.declaration, as_date(known["day"].min()), rows["day"], rows["label_known_at"])
    days = every["label_known_at"].dt.floor("D").drop_duplicates().dt.date
    return {
        "new_rows": len(rows) - len(known),
        "learned_rows": len(known),
        "learns_until": until,
        "coming": Coming.on(days),
    }


def _nothing(value: Any) -> bool:
    """Whether a cell of a frame is empty: None, NaN or NaT."""
    return value is None or value != value


def _read(
    plan: Plan,
    lake: Lake,
    zone: str,
    table: str,
    columns: Sequence[str],
    where: dict[str, Any] | None = None,
) -> pd.DataFrame:
    import pandas as pd

    key = plan.declaration.key(zone, table)
    if not lake.exists(key):
        return pd.DataFrame(columns=list(columns))
    # All that is there, for a table of before a column came to its contract has it from the next row on only.
    found: pd.DataFrame = lake.read_pandas(key, where=where)
    return found.reindex(columns=list(columns))
