"""Which retraining the drift reports ask for, and that the sensor asks for it once."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from deltalake import write_deltalake

from lakehouse_assets.monitoring.retraining import decide


def reports(*verdicts: str, model: int = 1, start: str = "2024-05-01") -> pd.DataFrame:
    days = pd.date_range(start, periods=len(verdicts))
    return pd.DataFrame({"day": days, "model_version": model, "column_name": "t50", "verdict": verdicts})


def test_no_report_asks_for_nothing() -> None:
    assert decide(reports(), "pumps").run_key is None


@pytest.mark.parametrize("last", ["stable", "too few rows", "no readings", "not calibrated"])
def test_only_drift_in_the_newest_report_asks_for_a_retraining(last: str) -> None:
    wanted = decide(reports("drift", last), "pumps")
    assert wanted.run_key is None
    assert last in wanted.reason


def test_one_episode_of_drift_asks_under_one_key_however_long_it_lasts() -> None:
    keys = {decide(reports("stable", *["drift"] * n), "pumps").run_key for n in range(1, 6)}
    assert keys == {"pumps-champion-1-drift-after-2024-05-01"}


def test_a_later_episode_asks_anew() -> None:
    first = decide(reports("drift", "drift"), "pumps").run_key
    later = decide(reports("drift", "drift", "stable", "drift"), "pumps").run_key
    assert later not in (None, first)


def test_the_order_in_which_days_are_reported_changes_nothing() -> None:
    whole = reports("stable", "drift", "drift", "drift")
    assert decide(whole.iloc[[0, 3]], "pumps").run_key == decide(whole, "pumps").run_key


@pytest.mark.parametrize("gap", ["too few rows", "no readings"])
def test_a_day_that_could_not_be_judged_ends_no_episode(gap: str) -> None:
    assert decide(reports("drift", gap, "drift"), "pumps").run_key == decide(reports("drift"), "pumps").run_key


def test_reports_against_an_earlier_champion_ask_for_nothing_more() -> None:
    both = pd.concat([reports("drift", "drift"), reports("stable", model=2, start="2024-05-03")])
    assert decide(both, "pumps").run_key is None


def test_the_reason_names_day_champion_and_columns() -> None:
    assert decide(reports("drift"), "pumps").reason == (
        "drift since 2024-05-01 against champion 1, on 2024-05-01 in t50"
    )


def test_the_sensor_asks_for_one_run_per_episode_even_if_its_cursor_is_lost(tmp_path: Path) -> None:
    from lakehouse_assets.definitions import defs

    retrain_on_drift = defs.resolve_sensor_def("turbofan_rul_retrain_on_drift")
    from lakehouse_assets.lake.resource import LakeResource

    def ask() -> list[str | None]:
        lake = LakeResource(lake_uri=str(tmp_path))
        with dg.instance_for_test() as instance, dg.build_sensor_context(instance=instance) as context:
            result = retrain_on_drift.evaluate_tick(_with_lake(context, lake))
            return [request.run_key for request in result.run_requests or []]

    assert ask() == []
    table = tmp_path / "monitoring" / "turbofan_rul" / "drift"
    write_deltalake(table, reports("stable"))
    assert ask() == []
    write_deltalake(table, reports("drift", "drift", start="2024-05-02"), mode="append")
    assert ask() == ask() == ["turbofan_rul-champion-1-drift-after-2024-05-01"]


def _with_lake(context: dg.SensorEvaluationContext, lake: object) -> dg.SensorEvaluationContext:
    return dg.build_sensor_context(instance=context.instance, resources={"lake": lake})
