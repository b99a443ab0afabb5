"""What people and nights do with a new use case of the milling shop, in one process: `python fourth_days.py <name>`.

Run with the copy of the project as PYTHONPATH, so that it is the copy's definitions that run. Says in JSON, on the last
line, for each step whether it succeeded and what it said if not.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import dagster as dg

FIRST, LAST, NIGHT = "2024-01-01", "2024-01-08", "2024-01-09"

#: Lets any candidate serve: what is asked for is the way, not how good a model of eight days is.
LENIENT = {"margin": 1e9}


#: The console logger would print every event.
FOLLOWED = {"loggers": {"progress": {"config": {}}}}


class Days:
    """The code location and its instance, used step by step."""

    def __init__(self, defs: dg.Definitions, instance: dg.DagsterInstance, name: str) -> None:
        self.defs, self.instance, self.name = defs, instance, name
        self.steps: dict[str, dict[str, Any]] = {}

    def run(self, step: str, job: str, days: tuple[str, str] | None = None, **config: dict[str, Any]) -> None:
        """Run a job; of the domain's jobs what other use cases need not."""
        resolved = self.defs.resolve_job_def(job)
        only = None
        if job.startswith("milling_"):
            keys = resolved.asset_layer.executable_asset_keys
            only = [key for key in keys if key.path[1] in ("milling", self.name)]
        span = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
        result = resolved.execute_in_process(
            instance=self.instance,
            tags=dict(zip(span, days, strict=True)) if days else {},
            run_config={**FOLLOWED, "ops": {op: {"config": given} for op, given in config.items()}},
            asset_selection=only,
            raise_on_error=False,
        )
        self.steps[step] = {
            "success": result.success,
            "run_id": result.run_id,
            "failures": [str(event.step_failure_data.error) for event in result.all_events if event.is_step_failure],
            "checks": [
                [one.asset_key.to_user_string(), one.check_name, one.passed]
                for one in (
                    e.event_specific_data for e in result.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"
                )
            ],
            "observed": [
                event.event_specific_data.asset_observation.description
                for event in result.all_events
                if event.event_type_value == "ASSET_OBSERVATION"
            ],
            "tables": self._versions(),
            **self._models(),
        }

    def appears(self) -> dict[str, list[str]]:
        """What the definitions have of the use case."""
        graph = self.defs.resolve_asset_graph()
        keys = sorted(key.to_user_string() for key in graph.get_all_asset_keys() if key.path[1] == self.name)
        checks = [f"{one.asset_key.to_user_string()} {one.name}" for one in graph.asset_check_keys]
        return {
            "assets": keys,
            "checks": sorted(one for one in checks if one.split(" ")[0] in keys),
            "jobs": sorted(job.name for job in self.defs.resolve_all_job_defs() if job.name.startswith(self.name)),
            "sensors": [one.name for one in self.defs.sensors or () if one.name.startswith(self.name)],
        }

    def _models(self) -> dict[str, Any]:
        from lakehouse_assets import settings
        from lakehouse_assets.lifecycle.registry import ModelRegistry

        registry = ModelRegistry(
            tracking_uri=settings.mlflow_tracking_uri(), artifact_root=settings.mlflow_artifact_root()
        )
        champion, challenger = registry.champion(self.name), registry.challenger(self.name)
        return {
            "versions": [one.version for one in registry.versions(self.name)],
            "champion": champion.version if champion else None,
            "challenger": challenger.version if challenger else None,
        }

    def _versions(self) -> dict[str, int]:
        from lakehouse_assets import settings
        from lakehouse_assets.lake.table import Lake

        lake = Lake(settings.lake_uri())
        keys = [("delivery", self.name, table) for table in ("predictions", "shadow_predictions")]
        return {"/".join(key): lake.version(key) for key in keys if lake.exists(key)}


def change_a_value_of(log: Path) -> None:
    """Change what a table's first version says of the first day, as nobody should: in the file itself."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    added = next(line["add"] for line in lines if "add" in line and f"day={FIRST}" in line["add"]["path"])
    file = log.parents[1] / added["path"]
    rows = pq.read_table(file)
    place = rows.schema.get_field_index("torque")
    pq.write_table(rows.set_column(place, rows.schema.field(place), pc.multiply(rows.column(place), 1.5)), file)
    added["size"] = file.stat().st_size
    log.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")


def main(name: str) -> None:
    from lakehouse_assets import definitions, settings
    from lakehouse_assets.operations.embedded import prepare_dagster_home

    prepare_dagster_home(settings.dagster_home())
    gate, trials = f"models__{name}__champion", f"models__{name}__trials"
    with dg.DagsterInstance.get() as instance:
        days = Days(definitions.defs, instance, name)
        days.run("road", "milling_road", (FIRST, LAST))
        days.run("trained again", f"{name}_training")
        days.run("night", "milling_nightly", (NIGHT, NIGHT))
        days.run("dry run", f"{name}_training", **{gate: {"mode": "dry_run", "who": "Ada", **LENIENT}})
        days.run("scored in shadow", f"{name}_scoring", (NIGHT, NIGHT))
        days.run("scored again", f"{name}_scoring", (NIGHT, NIGHT))
        days.run("tuned", f"{name}_tuning", **{trials: {"trials": 3}})
        days.run("trained as tuned", f"{name}_training", **{gate: LENIENT})
        roll_back = {"who": "Ada", "reason": "The new one misjudges worn tools."}
        days.run("rolled back dry", f"{name}_roll_back", **{f"{name}_rolling_back": roll_back})
        days.run("rolled back", f"{name}_roll_back", **{f"{name}_rolling_back": {**roll_back, "dry_run": False}})
        days.run("replayed", f"{name}_replay", **{f"{name}_replaying": {"version": 1}})
        features = Path(settings.lake_uri()) / "delivery" / name / "features" / "_delta_log"
        change_a_value_of(next(log for log in sorted(features.glob("*.json")) if '"add"' in log.read_text()))
        days.run("replayed from changed rows", f"{name}_replay", **{f"{name}_replaying": {"version": 1}})
    told = {"package": definitions.__file__, "cpu": sum(os.times()[:4]), "appears": days.appears(), "steps": days.steps}
    sys.stdout.write("\n" + json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
