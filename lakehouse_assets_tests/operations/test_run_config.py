"""The canary of the one place that changes what Dagster keeps of a run."""

import dagster as dg

from lakehouse_assets.operations.erasure.run_config import replace_in_run_config


def test_a_badge_is_replaced_in_the_config_that_dagster_keeps_of_a_run() -> None:
    @dg.op(config_schema=dict)
    def erase() -> None:
        pass

    @dg.job
    def one_step() -> None:
        erase()

    with dg.DagsterInstance.ephemeral() as instance:
        config = {"ops": {"erase": {"config": {"badge": "B-10423", "others": ["B-10423", 1]}}}}
        run = instance.create_run_for_job(one_step, run_config=config, tags={"kept": "yes"})
        assert replace_in_run_config(instance, run.run_id, "B-10423", "person-1")
        cleaned = instance.get_run_by_id(run.run_id)
        assert cleaned is not None
        assert cleaned.run_config == {"ops": {"erase": {"config": {"badge": "person-1", "others": ["person-1", 1]}}}}
        assert (cleaned.job_name, cleaned.tags["kept"], cleaned.status) == (run.job_name, "yes", run.status)
