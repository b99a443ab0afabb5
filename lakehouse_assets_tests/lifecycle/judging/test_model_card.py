"""A champion's card tells what somebody needs before acting on it, as markdown and as one page."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.drawing.pictures import pictures
from lakehouse_assets.lifecycle.judging.baseline import baseline_predictions
from lakehouse_assets.lifecycle.judging.evaluation import difference_table, of_role, score_table
from lakehouse_assets.lifecycle.judging.model_card import ModelCard, Source, html, markdown
from lakehouse_assets.lifecycle.judging.promotion import Occasion, audit_frame, row_of
from lakehouse_assets_tests.lifecycle.judging.judged import COVERAGE, MAE, predictions_of, rows_of

METRICS = {"mae": MAE, "coverage": COVERAGE}


@cache
def evaluation() -> pd.DataFrame:
    """Champion 3, better than champion 2 and the mean, but worse in slice H, which has few rows."""
    rows = rows_of(900).assign(quality=["L"] * 440 + ["M"] * 440 + ["H"] * 20)
    error = np.where(rows["quality"].eq("M"), 0.6, np.where(rows["quality"].eq("H"), 3.0, 0.2))
    new, old = predictions_of(rows, error), predictions_of(rows, 0.7, 2)
    naive = baseline_predictions("mean", rows, rows["label"], rows, ("prediction", "lower", "upper"))
    told = (rows["label"], rows, METRICS, ["quality"], rows["unit"])
    difference = difference_table(new, old, rows["label"], rows, "mae", MAE, ["quality"], rows["unit"])
    return pd.concat(
        [
            of_role(score_table(new, *told), "candidate", 3, "held_out", "mae"),
            of_role(score_table(old, *told), "champion", 2, "held_out", "mae"),
            of_role(score_table(naive, *told), "baseline", None, "held_out", "mae"),
            of_role(difference, "difference", 3, "held_out", "mae"),
        ],
        ignore_index=True,
    )


def history() -> pd.DataFrame:
    def at(hour: int) -> Occasion:
        return Occasion(datetime(2024, 5, 1, hour, tzinfo=UTC), "schedule", f"run-{hour}")

    return audit_frame(
        [
            row_of(at(1), "promote", 1, None, 1, promoted=True, reason="mae 0.9 keeps the bound"),
            row_of(at(2), "promote", 3, 1, 3, promoted=True, reason="not worse | than <the champion>"),
        ]
    )


@cache
def shown() -> dict[str, bytes]:
    rows = rows_of(900)
    return pictures("regression", predictions_of(rows, 0.5), rows["label"], rows, "quality")


def card(**changes: object) -> ModelCard:
    whole = ModelCard(
        use_case="pump_wear",
        model_version=3,
        written_at=datetime(2024, 5, 2, 6, 30, tzinfo=UTC),
        purpose="Days until a pump's seal is worn. The workshop plans next week's stops by it.",
        owner="team:workshop",
        task="regression",
        prediction="days_left",
        unit="d",
        entity=["plant", "pump_id"],
        features=["pressure_mean_7d", "starts_30d"],
        feature_version="0123456789ab",
        sources=[
            Source("delivery/pump_wear/training_set", 7, "team:workshop"),
            Source("harmonized/pumps/readings", 41, "team:water"),
        ],
        training_days=(date(2023, 1, 1), date(2024, 3, 31)),
        training_rows=12_345,
        held_out_rows=900,
        settings={"num_leaves": 15, "learning_rate": 0.05, "rounds": 200},
        evaluation=evaluation(),
        metric="mae",
        bound="at most 1",
        lower_is_better=True,
        baseline="the mean of the training labels",
        limits=["Pumps that were never serviced are not among the training rows."],
        drift="drift",
        drift_day=date(2024, 5, 1),
        drifting=["pressure_mean_7d"],
        performance="as expected",
        outputs=["delivery/pump_wear/predictions"],
        history=history(),
        mlflow_run_id="f" * 32,
        tracking_uri="sqlite:///data/mlflow/mlflow.db",
        lake_uri="data/lake",
        pictures=shown(),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


class Page(HTMLParser):
    """What a browser would see: the text, and everything that it would fetch or go to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes what is not open"

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize(
    "words",
    [
        "# pump_wear, version 3",
        "Days until a pump's seal is worn.",
        "- **Owner**: team:workshop",
        "- **Predicts**: days_left, in d",
        "- **For each**: plant, pump_id",
        "| harmonized/pumps/readings | 41 | team:water |",
        "2023-01-01 to 2024-03-31",
        "12,345 to learn from, 900 held out",
        "- **num_leaves**: 15",
        "The gate decides by mae, which must be at most 1. The baseline is the mean of the training labels.",
        "- Pumps that were never serviced are not among the training rows.",
        "- **Drift**: drift in pressure_mean_7d (2024-05-01)",
        "- **Realised performance**: as expected",
        "harmonized/pumps/readings → pump_wear version 3 → delivery/pump_wear/predictions",
        "mlflow models predict -m models:/pump_wear@champion -i rows.json",
        "export MLFLOW_TRACKING_URI=sqlite:///data/mlflow/mlflow.db LAKE_URI=data/lake",
        '{"plant": "…", "pump_id": "…", "day": "…"}',
        r"| 2024-05-01 02:00 | schedule | promote | 1 | 3 | not worse \| than <the champion> |",
    ],
)
def test_the_card_tells(words: str) -> None:
    assert words in markdown(card())


def test_figures_stand_beside_those_of_the_former_champion_and_the_baseline() -> None:
    rows = evaluation()
    values = rows[rows["metric"].eq("mae") & rows["slice"].eq("all")].set_index("role")["value"]
    line = next(one for one in markdown(card()).splitlines() if one.startswith("| held out | mae |"))
    cells = [cell.strip().split(" ")[0] for cell in line.split("|")[3:6]]
    assert cells == [f"{values[role]:.3f}" for role in ("candidate", "champion", "baseline")]
    assert "to" in line


def test_limits_follow_from_the_figures_too() -> None:
    limits = markdown(card()).split("## Limits")[1].split("##")[0]
    assert "In slice quality=H only 20 rows of 20 groups were measured: mae is not sure." in limits
    assert "In slice quality=H it is no better than the baseline" in limits
    assert "In slice quality=M it is clearly worse than on the whole" in limits
    assert "quality=L" not in limits
    assert "On the whole" not in limits


def test_a_slice_whose_interval_meets_that_of_the_whole_is_not_called_worse() -> None:
    rows = evaluation().copy()
    whole = rows[rows["role"].eq("candidate") & rows["slice"].eq("all") & rows["metric"].eq("mae")].iloc[0]
    rows.loc[rows["role"].eq("candidate") & rows["slice"].eq("quality=M"), "low"] = (whole["low"] + whole["high"]) / 2
    assert "clearly worse" not in markdown(card(evaluation=rows))


def test_the_newest_decision_comes_first() -> None:
    lines = [one for one in markdown(card()).splitlines() if "| schedule |" in one]
    assert ["02:00" in one for one in lines] == [True, False]


def test_a_first_champion_without_reports_outcomes_or_held_out_rows_has_a_card_too() -> None:
    bare = card(
        evaluation=evaluation().iloc[:0],
        drift=None,
        drift_day=None,
        drifting=[],
        performance=None,
        training_days=None,
        history=history().iloc[:0],
        pictures={},
        limits=[],
    )
    text = markdown(bare)
    assert "not measured" in text
    assert "- **Drift**: no report yet" in text
    assert "- **Realised performance**: no outcomes yet" in text
    assert "mae could not be measured: no row is held out yet." in text
    Page(html(bare))


def test_the_page_needs_nothing_but_itself_and_says_what_the_markdown_says() -> None:
    page = Page(html(card()))
    assert page.open == []
    assert len(page.addresses) == 2, "two pictures"
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    text = " ".join(page.words)
    for words in ("not worse | than <the champion>", "harmonized/pumps/readings", "team:water", "quality=H", "3 "):
        assert words in text
    style = next(words for words in page.words if "--ink" in words)
    assert "url(" not in style
    assert "@import" not in style
