"""The shop's roll back as Dagster starts it and starts it again, in this process or one that is killed on the way."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import dagster as dg
from mlflow.tracking import MlflowClient

from lakehouse_assets.contracts import additions
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.use_case.jobs.roll_back_job import roll_back_job
from lakehouse_assets_tests.use_case.serving_shop import plan_of, registry_of

#: What a roll back changes in the world, in the order in which it does: a row that says so, the alias, the alias of the
#: challenger if that is the version, the row that asks for the reference, the row of the decision.
CHANGES = (
    (additions, "add_rows"),
    (MlflowClient, "set_registered_model_alias"),
    (MlflowClient, "delete_registered_model_alias"),
)


def job_of(home: str) -> dg.JobDefinition:
    """The job of a shop in a folder (`serving_shop.with_a_champion`)."""
    plan, registry = plan_of(Path(home)), registry_of(Path(home))
    resources = {"lake": LakeResource(lake_uri=f"{home}/lake"), "registry": registry}
    return dg.Definitions(
        jobs=[roll_back_job(plan)], resources=resources, executor=dg.in_process_executor
    ).resolve_job_def("wear_roll_back")


def config(**said: Any) -> dict[str, Any]:
    wish = {"who": "ann", "reason": "alarms all night", "dry_run": False, **said}
    return {"ops": {"wear_rolling_back": {"config": wish}}}


def run(home: Path, instance: dg.DagsterInstance, **said: Any) -> dg.JobExecutionResult:
    """A run of its own."""
    return dg.execute_job(_job(home), instance, run_config=config(**said))


def again(home: Path, instance: dg.DagsterInstance, run_id: str) -> dg.JobExecutionResult:
    """The same run once more, as Dagster's retries of runs do it."""
    options = dg.ReexecutionOptions(parent_run_id=run_id)
    run_config = instance.get_run_by_id(run_id).run_config  # type: ignore[union-attr]
    return dg.execute_job(_job(home), instance, run_config=run_config, reexecution_options=options)


def _job(home: Path) -> Any:
    return dg.build_reconstructable_job(__name__, "job_of", reconstructable_kwargs={"home": str(home)})


@contextmanager
def ending_at(change: int, after: bool, end: Callable[[], NoReturn]) -> Iterator[list[str]]:
    """Come to an end right before or after a change, counted from 0; gives the changes that were begun."""
    begun: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            begun.append(name)
            number = len(begun) - 1
            if number == change and not after:
                end()
            given = real(*args, **kwargs)
            if number == change:
                end()
            return given

        return called

    patches = [mock.patch.object(owner, name, counted(name, getattr(owner, name))) for owner, name in CHANGES]
    with patches[0], patches[1], patches[2]:
        yield begun


def _killed() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


if __name__ == "__main__":
    place = Path(os.environ["SHOP"])
    with dg.DagsterInstance.get() as own, ending_at(1, True, _killed):
        run(place, own)
