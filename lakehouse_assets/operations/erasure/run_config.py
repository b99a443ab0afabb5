"""Taking a person out of what Dagster keeps of the run that erases them: its own config.

Dagster stores a run's config for ever, and has no public way to change it. This is the one place that does, by the
tables of its SQL run storage; `test_run_config.py` is the canary that tells when a release changes them.
"""

import dagster as dg

from lakehouse_assets.contracts.personal.pseudonyms import is_pseudonym


class UncleanableRunError(RuntimeError):
    """The badge stands in the config of a run that cannot be changed."""


def replace_in_run_config(instance: dg.DagsterInstance, run_id: str, given: str, instead: str) -> bool:
    """Put a pseudonym in the place of a badge in a run's stored config.

    Args:
        instance: The one that runs it.
        run_id: The run.
        given: What was typed. A pseudonym may stay.
        instead: What stands there from now on.

    Returns:
        Whether anything was replaced.

    Raises:
        UncleanableRunError: the run storage is none of Dagster's SQL ones.
    """
    from dagster._core.storage.runs import SqlRunStorage
    from dagster._core.storage.runs.schema import RunsTable
    from dagster._serdes import serialize_value

    if is_pseudonym(given.strip()):
        return False
    run, storage = instance.get_run_by_id(run_id), instance.run_storage
    if run is None or not isinstance(storage, SqlRunStorage):
        raise UncleanableRunError(
            f"Run {run_id} keeps what was typed in its config, and run storage {type(storage).__name__} has no way to "
            "change it. Give the person's pseudonym instead (python -m lakehouse_assets.operations.pseudonym), and "
            "delete this run in the UI."
        )
    cleaned = run._replace(run_config=_replaced(run.run_config, given, instead))
    with storage.connect() as connection:
        connection.execute(
            RunsTable.update().where(RunsTable.c.run_id == run_id).values(run_body=serialize_value(cleaned))
        )
    return True


def _replaced(value: object, given: str, instead: str) -> object:
    if isinstance(value, dict):
        return {name: _replaced(one, given, instead) for name, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, given, instead) for one in value]
    return instead if value == given else value
