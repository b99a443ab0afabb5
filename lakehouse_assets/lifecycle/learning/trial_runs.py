"""The trials of a search as runs in MLflow, nested below one run that stands for the search."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lakehouse_assets.lifecycle.learning.tuning import Trial
from lakehouse_assets.lifecycle.registry import ModelRegistry

SEARCH, NUMBER = "search", "trial"
_PARENT, _NAME = "mlflow.parentRunId", "mlflow.runName"


@dataclass(frozen=True)
class TrialRuns:
    """The run of a search, below which its trials are logged."""

    client: Any
    experiment_id: str
    run_id: str

    def log(self, trial: Trial) -> None:
        """Log one trial: give it to ``tune`` as ``on_trial``."""
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        tags = {_PARENT: self.run_id, _NAME: f"trial {trial.number}", NUMBER: str(trial.number)}
        run_id = self.client.create_run(self.experiment_id, tags=tags).info.run_id
        figures = {"loss": trial.loss, **{f"loss_{n}": loss for n, loss in enumerate(trial.losses)}}
        self.client.log_batch(
            run_id,
            metrics=[Metric(name, value, now, 0) for name, value in figures.items()],
            params=[Param(name, str(value)) for name, value in trial.params.items()],
            tags=[RunTag(SEARCH, self.run_id)],
        )
        self.client.set_terminated(run_id)

    def log_missing(self, trials: Iterable[Trial]) -> None:
        """Log those trials that are not yet there: a search may stop between a trial and its logging."""
        there = self.logged()
        for trial in trials:
            if trial.number not in there:
                self.log(trial)

    def logged(self) -> set[int]:
        """The numbers of the trials that are logged."""
        found, token = set(), None
        while token != "":
            page = self.client.search_runs(
                [self.experiment_id], f"tags.`{_PARENT}` = '{self.run_id}'", max_results=1000, page_token=token
            )
            found |= {int(run.data.tags[NUMBER]) for run in page if NUMBER in run.data.tags}
            token = page.token or ""
        return found

    def finish(self, chosen: Trial, also: Mapping[str, str] | None = None) -> None:
        """Note which trial was chosen, and that the search is done."""
        self.client.set_tag(self.run_id, "chosen_trial", str(chosen.number))
        for name, value in (also or {}).items():
            self.client.set_tag(self.run_id, name, value)
        self.client.log_metric(self.run_id, "loss", chosen.loss)
        self.client.set_terminated(self.run_id)


def search_run(registry: ModelRegistry, use_case: str, search: str) -> TrialRuns:
    """The run of a search: the one that it began with, if it is taken up again.

    Args:
        registry: Where runs are kept.
        use_case: The use case, whose experiment they belong to.
        search: The search's name, as ``tune`` keeps it.
    """
    registry.use_experiment(use_case)
    client = registry.client()
    experiment = client.get_experiment_by_name(use_case).experiment_id
    quoted = search.replace("'", "''")
    found = client.search_runs([experiment], f"tags.`{SEARCH}_name` = '{quoted}'", max_results=1)
    if found:
        client.update_run(found[0].info.run_id, status="RUNNING")
        return TrialRuns(client, experiment, found[0].info.run_id)
    run = client.create_run(experiment, tags={f"{SEARCH}_name": search, _NAME: f"search {search}"})
    return TrialRuns(client, experiment, run.info.run_id)
