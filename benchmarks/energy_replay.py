"""What each retraining policy would have done on the real energy data: March to September 2018.

The use case's own code plays it (`use_case/policy_replay/`), on a lake of its own with the published readings.
`python -m benchmarks.energy_replay [picture.png]`; about five minutes of CPU. The picture's first model is of 1 March,
which the use case as declared cannot train: 10 days held out and 42 for the band leave nothing of 52. So both are 14
days there, and beside it the use case as declared plays from 21 March on, when it has enough.
The own policy's share of new rows was chosen on the nights up to 30 June (`--choose` shows the candidates on these
alone); July to September are shown apart.
"""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks.declared import plan_of
from benchmarks.real_data import harmonized, real_file
from lakehouse_assets.contracts.additions import add_rows
from lakehouse_assets.contracts.conform import to_arrow
from lakehouse_assets.defs.energy import harmonize
from lakehouse_assets.defs.energy.days import SOURCE, contract
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.monitoring.replays.replay import AnyPolicy
from lakehouse_assets.monitoring.replays.replay_plot import replay_plot
from lakehouse_assets.monitoring.replays.replay_results import Replayed, summary
from lakehouse_assets.use_case.feature_rows import feature_rows
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.policy_replay.playing import EITHER, NEVER, OWN, Asked, changed, play, policy_named

#: Rows of a day tell the forecast of the next: these are the nights before 1 and 21 March, and before 30 September.
FIRST_NIGHT, FIRST_AS_DECLARED, LAST_NIGHT = date(2018, 2, 28), date(2018, 3, 20), date(2018, 9, 29)
CHOSEN_UNTIL = date(2018, 6, 30)
SHORT_DAYS = 14
WEEKLY, MONTHLY = "every 7 days", "every 30 days"
SHARES = (0.2, 0.3, 0.5, 1.0)


def filled(plan: Plan, lake: Lake) -> None:
    """Readings of January to September, harmonized as the graph does it, and the features of every day."""
    file = real_file("energy", "Steel_industry_data.csv")
    readings = harmonized(file, SOURCE, harmonize.readings, contract("harmonized", "readings"))
    readings = readings[pd.to_datetime(readings["day"]) <= "2018-09-30"]
    promise = contract("harmonized", "readings")
    add_rows(lake, promise, to_arrow(readings, promise), promise.primary_key, "")
    (view,) = plan.declaration.features
    rows = feature_rows(
        view, plan.source(lake), plan.declaration.first_day, LAST_NIGHT, plan.function(view.function or "")
    ).assign(feature_version=plan.feature_version(view))
    promise = plan.contract("delivery", view.name)
    add_rows(lake, promise, to_arrow(rows, promise), promise.primary_key, "")


def from_march(plan: Plan) -> Plan:
    """The use case with fewer days held out and kept for the band, so that 52 days train a model."""
    split = plan.declaration.split.model_copy(update={"last_days": SHORT_DAYS})
    model = plan.declaration.model.model_copy(update={"calibration_days": SHORT_DAYS})
    return Plan(plan.declaration.model_copy(update={"split": split, "model": model}), plan.folder, plan.contracts)


def policies(plan: Plan) -> dict[str, AnyPolicy]:
    names = (NEVER, MONTHLY, WEEKLY, EITHER, OWN)
    return {name: policy_named(name, plan.declaration.retraining) for name in names}


def told(played: list[Replayed], first: date) -> Mapping[str, str]:
    periods = {
        f"{first + timedelta(days=1):%-d %B} to September": (first, LAST_NIGHT),
        "up to June (chosen on)": (first, CHOSEN_UNTIL - timedelta(days=1)),
        "July to September (apart)": (CHOSEN_UNTIL, LAST_NIGHT),
    }
    found = {}
    for period, (begin, end) in periods.items():
        rows = summary(played, begin, end)
        weekly = rows.set_index("policy").loc[WEEKLY]
        for row in rows.itertuples():
            found[f"{row.policy}: {period}"] = (
                f"MAE {row.error:.2f} kWh ({row.error / weekly.error - 1:+.1%} of weekly), {row.retrainings} "
                f"retrainings, {row.training_cpu_s:.1f} CPU-s, {row.false_alarms} without gain"
            )
    return found


def choose(plan: Plan, lake: Lake, progress: Callable[[str], None]) -> None:
    """The candidates on the nights that they may be chosen on."""
    own = plan.declaration.retraining
    tried = {WEEKLY: policy_named(WEEKLY, own)} | dict(changed(own, {"on_more_data": share}) for share in SHARES)
    played = play(plan, lake, Asked(FIRST_NIGHT, CHOSEN_UNTIL - timedelta(days=1), tried), progress)
    progress(summary(played).to_string())


def main() -> None:
    declared = plan_of("energy_demand")

    def progress(said: str) -> None:
        print(said, file=sys.stderr)

    with TemporaryDirectory() as folder:
        lake = Lake(folder)
        filled(declared, lake)
        if "--choose" in sys.argv:
            choose(from_march(declared), lake, progress)
            return
        figures = {}
        for name, plan, first in (
            (f"held out and band {SHORT_DAYS} days", from_march(declared), FIRST_NIGHT),
            ("as declared", declared, FIRST_AS_DECLARED),
        ):
            asked = Asked(first, LAST_NIGHT, policies(plan), apart_from=CHOSEN_UNTIL)
            played = play(plan, lake, asked, progress)
            figures |= {f"{name}: {what}": figure for what, figure in told(played, first).items()}
            if len(sys.argv) > 1 and plan is not declared:
                Path(sys.argv[1]).write_bytes(replay_plot(played, "kWh", CHOSEN_UNTIL + timedelta(days=1)))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
