"""A domain whose ledger of files is damaged: late files of the others are asked for as ever, and people hear of it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from lakehouse_assets.operations.health.gathering import gather
from lakehouse_assets.operations.health.model import health
from lakehouse_assets.operations.health.states import State
from lakehouse_assets_tests.operations.nights.plant import DAY, Plant, domains_of

LEDGER = ["raw", "milling", "deliveries"]


def test_a_domain_whose_ledger_nobody_can_read_holds_up_no_late_file_of_another(plant: Plant) -> None:
    plant.recorded(plant.night(DAY))
    log = Path(plant.environment["LAKE_URI"], *LEDGER, "_delta_log")
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("torn", encoding="utf-8")
    plant.deliver("energy", DAY)
    plant.deliver("milling", DAY)
    assert [domains_of(one) for one in plant.look()] == [["energy"]]
    lake = plant.resources["lake"].lake()  # type: ignore[attr-defined]
    found = health(gather(plant.instance, lake, plant.repository.asset_graph, datetime.now(UTC)))
    told = {(one.state, one.asset) for one in found.problems}
    assert (State.UNREADABLE, "/".join(LEDGER)) in told
    shutil.rmtree(log.parent)
    assert [domains_of(one) for one in plant.look(1)] == [["milling"]]
