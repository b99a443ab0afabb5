"""The card's sections, in the order in which somebody asks."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lakehouse_assets.lifecycle.judging.champions import version_number
from lakehouse_assets.lifecycle.judging.model_card.blocks import Code, Facts, Flow, Grid, Items, Pictures, Section, Text
from lakehouse_assets.lifecycle.judging.model_card.card import ModelCard
from lakehouse_assets.lifecycle.judging.model_card.figures import (
    beside,
    found_limits,
    headline,
    metrics_grid,
    slices_grid,
)

#: Decisions shown, the newest ones.
MOST_DECISIONS = 20


def at_a_glance(card: ModelCard) -> dict[str, str]:
    """The four things that come first."""
    measured = headline(card)
    compared = [f"{name} {one.value:.3g}" for name, one in beside(card).items()]
    return {
        f"{card.metric}, {card.bound}": "not measured" if measured is None else str(measured),
        "Compared with": ", ".join(compared) or "nothing yet",
        "Drift": drift_words(card),
        "Realised performance": card.performance or "no outcomes yet",
    }


def drift_words(card: ModelCard) -> str:
    """The newest report in words."""
    if card.drift is None:
        return "no report yet"
    where = f" in {', '.join(card.drifting)}" if card.drifting else ""
    return f"{card.drift}{where}" + (f" ({card.drift_day:%Y-%m-%d})" if card.drift_day else "")


def sections(card: ModelCard) -> Iterator[Section]:
    """All sections."""
    yield Section("Purpose", [Text(card.purpose), Facts(_identity(card))])
    yield Section("How good it is", list(_measured(card)))
    limits = [*card.limits, *found_limits(card)]
    yield Section("Limits", [Items(limits) if limits else Text("None are known; that is rarely true.")])
    yield Section("Data it learned from", list(_data(card)))
    yield Section("Settings", [Facts({name: _plain(value) for name, value in sorted(card.settings.items())})])
    tables = [one.table for one in card.sources]
    yield Section("Lineage", [Flow([tables, [f"{card.use_case} version {card.model_version}"], list(card.outputs)])])
    yield Section("How to use it", list(_usage(card)))
    yield Section("Promotions", [_history(card)])


def _identity(card: ModelCard) -> dict[str, str]:
    unit = f", in {card.unit}" if card.unit and card.unit != "1" else ""
    return {
        "Owner": card.owner,
        "Task": card.task,
        "Predicts": f"{card.prediction}{unit}",
        "For each": ", ".join(card.entity),
        "MLflow run": card.mlflow_run_id,
    }


def _measured(card: ModelCard) -> Iterator[Text | Grid | Pictures]:
    yield Text(
        "Rows that it did not learn from, with 95 % intervals over resamples. The gate decides by "
        f"{card.metric}, which must be {card.bound}. The baseline is {card.baseline}."
    )
    yield metrics_grid(card)
    slices = slices_grid(card)
    if slices is not None:
        yield Text(f"{card.metric} in each slice:")
        yield slices
    if card.pictures:
        yield Pictures(card.pictures)


def _data(card: ModelCard) -> Iterator[Facts | Grid]:
    days = card.training_days
    yield Facts(
        {
            "Training days": "none" if days is None else f"{days[0]:%Y-%m-%d} to {days[1]:%Y-%m-%d}",
            "Rows": f"{card.training_rows:,} to learn from, {card.held_out_rows:,} held out",
            "Features": f"{len(card.features)}, version {card.feature_version}",
        }
    )
    rows = [[one.table, str(one.version), one.owner] for one in card.sources]
    yield Grid(["Table", "Delta version", "Owner"], rows, frozenset({1}))


def _usage(card: ModelCard) -> Iterator[Text | Code]:
    rows = [dict.fromkeys((*card.entity, "day"), "…")]
    body = json.dumps({"dataframe_records": rows}, ensure_ascii=False)
    model = f"models:/{card.use_case}@champion"
    yield Text("Entity columns in, prediction out: the model finds the features itself.")
    yield Code(
        f"export MLFLOW_TRACKING_URI={card.tracking_uri} LAKE_URI={card.lake_uri}\n"
        f"echo '{body}' > rows.json\n"
        f"mlflow models predict -m {model} -i rows.json -t json --env-manager local\n"
        f"mlflow models serve -m {model} -p 5001 --env-manager local &\n"
        "curl -s -H 'Content-Type: application/json' -d @rows.json 127.0.0.1:5001/invocations"
    )


def _history(card: ModelCard) -> Grid:
    newest = card.history.sort_values("decided_at", ascending=False, kind="stable").head(MOST_DECISIONS)
    rows = [
        [
            f"{row['decided_at']:%Y-%m-%d %H:%M}",
            str(row["who"]),
            str(row["action"]).replace("_", " "),
            _served(row["from_version"]),
            _served(row["to_version"]),
            str(row["reason"]),
        ]
        for row in newest.to_dict("records")
    ]
    return Grid(["When (UTC)", "Who", "What", "From", "To", "Why"], rows)


def _served(version: object) -> str:
    number = version_number(version)
    return "–" if number is None else str(number)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
