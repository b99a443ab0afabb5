"""The whole road, once, on a small simulated fleet: what lies there when `make demo` has ended, and a day run again."""

import json
import re
from datetime import date

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lakehouse_assets.contracts.fit import misfits
from lakehouse_assets.contracts.promise import table_promise
from lakehouse_assets.definitions import DEFS, contracts
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.promise import hold_to
from lakehouse_assets.sources.plant.engines import engines_on
from lakehouse_assets.sources.plant.plan import FleetPlan
from lakehouse_assets_tests.conftest import Road
from lakehouse_assets_tests.end_to_end.own_platform import days_between, delta_tables, platform_in, run_days

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("road")]

CHECKED = dg.DagsterEventType.ASSET_CHECK_EVALUATION
PREDICTIONS = ["delivery", "turbofan_rul", "predictions"]
DOMAINS = ("turbofan", "milling", "energy")
JOBS = [f"{domain}_{job}" for domain in DOMAINS for job in ("road", "nightly")]
#: Use case -> the metric that its gate decides by.
DECIDES = {"turbofan_rul": "rmse_capped", "milling_failure": "average_precision", "energy_demand": "mae"}
#: Tables that hold rows of every day.
DAILY = [
    ["raw", "turbofan", "in_service"],
    ["harmonized", "turbofan", "readings"],
    ["distilled", "turbofan", "normalised_readings"],
    ["distilled", "turbofan", "engine_baselines"],
    ["distilled", "turbofan", "fleet_days"],
    ["delivery", "turbofan_rul", "features"],
    PREDICTIONS,
]


def test_the_demo_ends_with_a_summary_of_zones_champion_risks_drift_and_places(road: Road) -> None:
    summary = road.output[road.output.index("=" * 100) :]
    rows = dict(re.findall(r"^(raw|harmonized|distilled|delivery) +\d+ +([\d,]+) +130$", summary, re.MULTILINE))
    assert rows.keys() == {"raw", "harmonized", "distilled", "delivery"}
    assert all(int(count.replace(",", "")) > 1000 for count in rows.values()), rows
    for use_case, metric in DECIDES.items():
        told, figure = summary[summary.index(f"\n{use_case}: ") :], rf"{metric} [\d.]+"
        assert re.search(rf"Champion: version 1. Last decision: promote: {figure} keeps the bound", told), use_case
        assert re.search(rf"held out +candidate +all +[\d,]+ rows: .*{figure} \([\d.]+ to [\d.]+\)", told), use_case
        assert re.search(rf"held out +baseline +all +[\d,]+ rows: .*{figure}", told), use_case
        assert re.search(r"[\d,]+ predictions from the rows of 2024-0\d-\d\d", told), use_case
        assert re.search(r"Drift on 2024-0\d-\d\d: (stable|stable but for .+|not calibrated|too few rows) \(", told), (
            use_case
        )
    assert len(re.findall(r"turbofan-FS00\d-\d{3} +remaining_cycles [\d.e+]+ 1 \(\d+ to \d+\)", summary)) == 5
    assert f"Drift on {road.last_day}: stable" in summary
    for place in ("LAKE_URI", "MLFLOW_TRACKING_URI", "REPORTS", "DAGSTER_HOME"):
        assert road.environment[place] in summary
    assert "make ui" in summary


def test_every_asset_past_landing_has_its_table_in_delta(road: Road) -> None:
    lake = Lake(road.lake)
    with platform_in(road.environment) as (defs, _):
        layers = [defs.resolve_job_def(job).asset_layer for job in JOBS]
    keys = {key for layer in layers for key in layer.executable_asset_keys}
    expected = sorted(list(key.path) for key in keys if key.path[0] != "landing" and key.path[1] != "platform")
    assert {key[0] for key in expected} == {"raw", "harmonized", "distilled", "delivery", "models", "monitoring"}
    assert [key for key in expected if not lake.exists(key)] == []


def test_every_table_is_as_its_contract_promises_and_no_blocking_check_failed(road: Road) -> None:
    lake, promised = Lake(road.lake), contracts()
    with platform_in(road.environment) as (defs, instance):
        jobs = [defs.resolve_job_def(job) for job in JOBS]
        made = {tuple(key.path) for job in jobs for key in job.asset_layer.executable_asset_keys}
        assert misfits(promised, defs.resolve_all_asset_specs(), lake, DEFS) == []
        failed = [
            f"{record.event_log_entry.dagster_event.event_specific_data.asset_key.to_user_string()} {check.check_name}"
            for run in instance.get_runs()
            for record in instance.get_records_for_run(run.run_id, of_type=CHECKED).records
            if not (check := record.event_log_entry.dagster_event.event_specific_data).passed and check.blocking
        ]
    assert failed == []
    for key, contract in promised.items():
        if not lake.exists(key):
            assert key not in made
            continue
        table, promise = lake.open(key), table_promise(contract)
        schema = pa.schema(table.schema().to_arrow())
        assert {one.name: (one.type, one.nullable, one.metadata) for one in schema} == {
            one.name: (one.type, one.nullable, one.metadata) for one in promise.schema
        }, key
        assert table.metadata().description == contract.purpose
        constraints = {name for name in table.metadata().configuration if name.startswith("delta.constraints.")}
        assert constraints == {f"delta.constraints.{name}" for name in promise.constraints()}, key
        assert table.metadata().partition_columns == contract.partition_columns, key
        hold_to(promise, lake.stream(key), Provenance("/".join(key)), table.table_uri)


def test_daily_tables_hold_every_day_in_a_partition_of_its_own(road: Road) -> None:
    lake = Lake(road.lake)
    for key in DAILY:
        days = [partition["day"] for partition in lake.partition_values(key)]
        assert len(days) == days_between("2024-01-01", road.last_day), key
        assert str(days[0]) == "2024-01-01", key
        assert str(days[-1]) == road.last_day, key


def test_predictions_cover_exactly_the_engines_that_are_in_service_on_the_last_day(road: Road) -> None:
    last, plan = date.fromisoformat(road.last_day), FleetPlan()
    flying = [engine for fleet in plan.fleets for engine in engines_on(plan, fleet.name, last)]
    expected = sorted(f"turbofan-{e.fleet}-{e.unit:03d}" for e in flying if e.failure != last)
    rows = predictions_of_the_last_day(road)
    assert sorted(rows["engine_id"]) == expected


def test_each_prediction_has_a_band_around_it_and_names_its_model_and_features(road: Road) -> None:
    rows = predictions_of_the_last_day(road)
    assert (rows["lower"] <= rows["remaining_cycles"]).all()
    assert (rows["remaining_cycles"] <= rows["upper"]).all()
    assert (rows["lower"] < rows["upper"]).all()
    assert rows["remaining_cycles"].nunique() > len(rows) / 2
    champion = champion_of(road)
    assert set(rows["model_version"]) == {int(champion.version)}
    assert set(rows["feature_version"]) == {champion.tags["feature_version"]}


def test_commits_carry_the_run_that_made_them_and_its_partitions(road: Road) -> None:
    with platform_in(road.environment) as (_, instance):
        jobs = {run.run_id: run.job_name for run in instance.get_runs()}
    for key in DAILY:
        commits = DeltaTable(Lake(road.lake).table_uri(key)).history()
        night, backfill = [commit for commit in commits if commit["operation"] == "WRITE"][-2:]
        assert jobs[backfill["lakehouse.run_id"]] == "turbofan_road", key
        assert len(json.loads(backfill["lakehouse.partitions"])) == days_between("2024-01-01", road.last_day) - 1, key
        assert jobs[night["lakehouse.run_id"]] == "turbofan_nightly", key
        assert json.loads(night["lakehouse.partitions"]) == [road.last_day], key


def test_the_champion_carries_the_table_versions_that_it_learned_from_and_can_be_trained_from_again(road: Road) -> None:
    lake, versions = Lake(road.lake), json.loads(champion_of(road).tags["delta_versions"])
    assert {
        "delivery/turbofan_rul/features",
        "delivery/turbofan_rul/training_set",
        "distilled/turbofan/normalised_readings",
        "harmonized/turbofan/readings",
        "harmonized/turbofan/failures",
    } <= versions.keys()
    for table, version in versions.items():
        assert lake.row_count(table.split("/"), version=version) > 0, table
    # The night after the training moved the table on; the version that was learned from is still the one without it.
    features = ["delivery", "turbofan_rul", "features"]
    learned = lake.read_pandas(features, columns=["day"], version=versions["delivery/turbofan_rul/features"])
    assert versions["delivery/turbofan_rul/features"] < lake.version(features)
    assert pd.to_datetime(learned["day"]).max() == pd.Timestamp("2024-05-08")


def test_the_champions_run_has_parameters_metrics_a_signature_and_a_plot(road: Road) -> None:
    import mlflow

    champion, client = champion_of(road), mlflow.MlflowClient(road.environment["MLFLOW_TRACKING_URI"])
    run = client.get_run(champion.run_id)
    assert {"learning_rate", "num_leaves", "rounds", "label_cap"} <= run.data.params.keys()
    assert run.data.metrics["training_groups"] >= 10
    assert 0 < run.data.metrics["out_of_fold_rmse_capped"] < 40
    plots = client.list_artifacts(champion.run_id, "plots")
    assert [plot.path for plot in plots if plot.path.endswith(".png") and plot.file_size > 1000]
    mlflow.set_tracking_uri(road.environment["MLFLOW_TRACKING_URI"])
    signature = mlflow.models.get_model_info(f"models:/turbofan_rul/{champion.version}").signature
    assert signature is not None
    assert signature.inputs.input_names() == ["engine_id", "day"], "entity columns in, prediction out"
    assert {"remaining_cycles", "lower", "upper", "model_version"} <= set(signature.outputs.input_names())


def test_running_a_day_again_changes_no_row_adds_none_and_keeps_its_data_versions(road: Road) -> None:
    rows_before, versions_before = contents(road), data_versions(road)
    again = run_days(road.environment, "turbofan_nightly", road.last_day, road.last_day)
    assert again.success
    rows_after, versions_after = contents(road), data_versions(road)
    assert rows_after.keys() == rows_before.keys()
    for name, rows in rows_before.items():
        pd.testing.assert_frame_equal(rows_after[name], rows, obj=name)
    assert len(versions_before) >= 10
    assert versions_after == versions_before


def predictions_of_the_last_day(road: Road) -> pd.DataFrame:
    last = date.fromisoformat(road.last_day)
    rows: pd.DataFrame = Lake(road.lake).read_pandas(PREDICTIONS, where={"day": last})
    return rows


def champion_of(road: Road):  # type: ignore[no-untyped-def]
    import mlflow

    client = mlflow.MlflowClient(road.environment["MLFLOW_TRACKING_URI"])
    return client.get_model_version_by_alias("turbofan_rul", "champion")


def contents(road: Road) -> dict[str, pd.DataFrame]:
    """The rows of all tables of the four zones, in an order that depends on nothing but themselves."""
    lake, found = Lake(road.lake), {}
    for key in delta_tables(lake, "raw", "harmonized", "distilled", "delivery"):
        table = lake.read(key)
        found["/".join(key)] = table.sort_by([(name, "ascending") for name in table.column_names]).to_pandas()
    return found


def data_versions(road: Road) -> dict[str, str]:
    """The data version of the last day's partition, of every asset that has one."""
    with platform_in(road.environment) as (defs, instance):
        found = {}
        for key in defs.resolve_asset_graph().get_all_asset_keys():
            wanted = dg.AssetRecordsFilter(key, asset_partitions=[road.last_day])
            for record in instance.fetch_materializations(wanted, limit=1).records:
                tags = record.asset_materialization.tags if record.asset_materialization else {}
                if tags and "dagster/data_version" in tags and key.path[0] != "landing":
                    found[key.to_user_string()] = tags["dagster/data_version"]
    return found
