"""stub"""

import dagster as dg


def replay_job(plan):
    @dg.op(name=f"{plan.name}_replaying")
    def replaying(): ...
    @dg.job(name=f"{plan.name}_replay")
    def job():
        replaying()

    return job
