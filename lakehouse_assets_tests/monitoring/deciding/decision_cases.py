"""Histories that decisions on training again are made from: reports, realised performance, decisions so far."""

from datetime import UTC, date, datetime

import pandas as pd

from lakehouse_assets.monitoring.deciding.decision import Decision, Policy, decide
from lakehouse_assets.monitoring.deciding.history import History, Training

NOW = datetime(2024, 6, 1, 6, tzinfo=UTC)
FIRST = date(2024, 5, 1)
POLICY = Policy(cool_down_days=7, loss_cool_down_days=2)
KEY = "pumps-champion-1-drift-since-2024-05-01"


def reports(*verdicts: str, column: str = "t50", model: int = 1, start: date = FIRST) -> pd.DataFrame:
    days = pd.date_range(pd.Timestamp(start), periods=len(verdicts))
    return pd.DataFrame({"day": days, "model_version": model, "column_name": column, "verdict": verdicts})


def realised(*verdicts: str, model: int = 1, start: date = FIRST) -> pd.DataFrame:
    return reports(*verdicts, model=model, start=start).drop(columns="column_name")


def decisions(*made: Decision) -> pd.DataFrame:
    columns = list(Decision(NOW, None, "wait", None, "", None).row(POLICY))
    return pd.DataFrame([one.row(POLICY) for one in made], columns=columns)


def history(
    drift: pd.DataFrame | None = None,
    loss: pd.DataFrame | None = None,
    made: tuple[Decision, ...] = (),
    trainings: tuple[Training, ...] = (),
    champion: int | None = 1,
    new_rows: int | None = None,
) -> History:
    return History(
        reports() if drift is None else drift,
        realised() if loss is None else loss,
        decisions(*made),
        trainings,
        champion,
        new_rows,
    )


def asked(known: History, policy: Policy = POLICY, now: datetime = NOW) -> Decision:
    return decide(known, policy, "pumps", now)


DRIFTED = reports("drift", "drift")
