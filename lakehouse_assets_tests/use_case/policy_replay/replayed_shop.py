"""The small use case with a longer past, in which the machines' load may jump: what policies are replayed on."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.monitoring.replays.replay import AnyPolicy
from lakehouse_assets.monitoring.replays.replay_results import Replayed
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.policy_replay.playing import Asked, play, policy_named
from lakehouse_assets_tests.use_case.shop import FIRST, Shop, readings, shop_in

DAYS = 80
FIRST_NIGHT, LAST_NIGHT, JUMP = FIRST + timedelta(days=40), FIRST + timedelta(days=DAYS - 2), FIRST + timedelta(days=55)
WATCHED = {
    "    rounds: 8": "    rounds: 40",
    "  split: {by: time, share: 0.25}": "  split: {by: time, last_days: 5}",
    "  gate: {at_most: 100.0}": "  monitoring: {window_days: 7, least_rows: 30}\n"
    "  retraining: {cool_down_days: 7, loss_cool_down_days: 5}\n"
    "  gate: {at_most: 100.0}",
}


def past(jump: bool) -> pd.DataFrame:
    """Readings of `DAYS` days; if it jumps, machines run harder from `JUMP` on and wear more by it than before."""
    rows = readings(DAYS)
    after = pd.to_datetime(rows["day"]).to_numpy()
    harder = np.where(after >= np.datetime64(JUMP), 25.0, 0.0) * jump
    # Wear follows the load of the day before.
    worn = np.where(after > np.datetime64(JUMP), 90.0, 0.0) * jump
    return rows.assign(load=rows["load"] + harder, wear=rows["wear"] + worn)


def shop_with_a_past(home: Path, jump: bool = True, rows: pd.DataFrame | None = None) -> Shop:
    shop = shop_in(home, past(jump) if rows is None else rows)
    shop.change(WATCHED)
    shop.make_features(DAYS)
    return shop


def plan_in(shop: Shop) -> Plan:
    """The use case with its tables' contracts, as its assets have it."""
    return Plan(shop.plan.declaration, shop.folder, catalogue(shop.home / "defs"))


def played_in(
    shop: Shop, names: Sequence[str], first: date = FIRST_NIGHT, last: date = LAST_NIGHT
) -> Mapping[str, Replayed]:
    policies: dict[str, AnyPolicy] = {name: policy_named(name, shop.plan.declaration.retraining) for name in names}
    return {one.name: one for one in play(shop.plan, shop.lake, Asked(first, last, policies), lambda _: None)}
