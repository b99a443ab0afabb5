"""`kill -9` of a step, the daemon and the web server at random moments of nights: nothing is lost or told twice."""

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType

from lakehouse_assets.contracts import audit
from lakehouse_assets_tests.chaos.disturbed import (
    JOB,
    Disturbed,
    copy,
    day,
    expect_each_told_once,
    expect_the_same,
    whole,
)
from lakehouse_assets_tests.chaos.supervised import Supervised, supervised

pytestmark = pytest.mark.slow

#: How many kills; `make chaos` asks for twenty.
KILLS = int(os.environ.get("CHAOS_KILLS", "6"))
#: As many in one night as Dagster starts a dead run again.
A_NIGHT = 2
#: By which share of a night's steps the last kill comes: there is something left to be killed then.
WITHIN = 0.8
SEED = 20261126
WHAT = ("step", "daemon", "web server")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """The shop before the first night; nobody retrains it meanwhile."""
    made = whole(tmp_path_factory.mktemp("shop"))
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    audit.record(
        made.lake, action="pause", subject="milling_failure", who="ann", reason="a test", details={"until": until},
        run_id="r", entry="pause milling_failure r",
    )  # fmt: skip
    return made


def test_nights_in_which_processes_are_killed_leave_what_calm_ones_leave(shop: Disturbed, tmp_path: Path) -> None:
    chance, nights = random.Random(SEED), (KILLS + A_NIGHT - 1) // A_NIGHT
    calm, killed = copy(shop, tmp_path / "calm"), copy(shop, tmp_path / "killed")
    for night in range(nights):
        for one in (calm, killed):
            one.drop(one.files(night))
        assert calm.night(night)

    victims = [WHAT[n % len(WHAT)] for n in range(KILLS)]
    chance.shuffle(victims)
    with supervised(killed.environment) as servers:
        for night in range(nights):
            told = day(night).isoformat()
            servers.launch(JOB, told)
            struck = victims[night * A_NIGHT : (night + 1) * A_NIGHT]
            moments = sorted(chance.randrange(int(WITHIN * servers.steps(told))) for _ in struck)
            for victim, after in zip(struck, moments, strict=True):
                strike(servers, victim, told, after)
            last = servers.wait_for_the_end(told)
            assert last.status is dg.DagsterRunStatus.SUCCESS, f"{told}: {last.status} after {victims}"
        wait_until_people_were_told(servers)
    expect_the_same(killed.tables(nights), calm.tables(nights))
    # Calm nights can end with a check that fails, such as a drift that is there.
    expect_each_told_once(killed.told(), calm.failing())


def strike(servers: Supervised, victim: str, told: str, after: int) -> None:
    """Kill when so many steps of the night are done."""
    servers.wait(lambda: servers.steps_done(told) >= after, f"{after} steps of the night of {told}")
    if victim == "step":
        servers.kill_step(told)
    else:
        servers.kill(victim)


def wait_until_people_were_told(servers: Supervised) -> None:
    """Two looks of the sensor that tells people, after everything."""

    def looks() -> int:
        states = servers.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        own = [one for one in states if one.instigator_name == "alerts"]
        ticks = [tick for one in own for tick in servers.instance.get_ticks(one.instigator_origin_id, one.selector_id)]
        return sum(tick.is_completed for tick in ticks)

    wanted = looks() + 2
    servers.wait(lambda: looks() >= wanted, "two looks of the sensor that tells people", 1.0)
