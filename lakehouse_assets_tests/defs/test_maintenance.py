"""The platform's maintenance assets and jobs, run as the UI runs them: from the code location, on a kept instance."""

import json
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest

from lakehouse_assets_tests.defs.kept_platform import KEY, REGIMES, TABLE, Platform, error_of


@pytest.fixture
def registry_file(platform: Platform, empty_registry: Path) -> Path:
    """A registry without models where the platform's is expected."""
    (platform.folder / "mlflow").mkdir(exist_ok=True)
    return Path(shutil.copy(empty_registry, platform.folder / "mlflow" / "mlflow.db"))


def rows_told(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    (event,) = result.get_asset_materialization_events()
    records = event.materialization.metadata["tables"].records
    return {str(record.data["table"]): dict(record.data) for record in records}


def test_compaction_and_vacuum_as_assets_tell_what_they_did_to_each_table(
    platform: Platform, empty_registry: Path
) -> None:
    for value in range(4):
        platform.write(value, write_mode="append")

    @dg.asset(key=REGIMES)
    def regimes() -> Any:
        return pd.DataFrame({"v": [1]})

    platform.materialise([regimes], {})
    content = platform.lake.content_version(KEY)
    result = platform.run("lake_compaction", "monitoring__platform__compaction")
    told = rows_told(result)
    assert list(told) == sorted([TABLE, "/".join(REGIMES)])
    assert (told[TABLE]["files_before"], told[TABLE]["files_after"], told[TABLE]["rows"]) == (12, 3, 24)
    assert told["/".join(REGIMES)]["skipped"].startswith("nothing to do")
    assert platform.lake.content_version(KEY) == content

    refused = platform.run("lake_vacuum", "monitoring__platform__vacuum", fails=True, dry_run=False, min_mb=0)
    assert "There is no model registry" in error_of(refused)

    (platform.folder / "mlflow").mkdir()
    shutil.copy(empty_registry, platform.folder / "mlflow" / "mlflow.db")
    dry = platform.run("lake_vacuum", "monitoring__platform__vacuum", min_mb=0)
    assert rows_told(dry)[TABLE]["skipped"].startswith("0 files"), "all are younger than seven days"
    views = Path(platform.lake.uri).with_suffix(".duckdb")
    views.unlink(missing_ok=True)
    platform.run("lake_vacuum", "monitoring__platform__vacuum", min_mb=0, dry_run=False)
    with duckdb.connect(views, read_only=True) as client:
        shown = {name for (name,) in client.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    assert "turbofan_operating_regimes" in shown, "the views are made anew before files are removed"


def test_pages_of_reports_go_after_the_days_that_their_contract_says(platform: Platform) -> None:
    pages = platform.folder / "reports" / "turbofan_rul" / "drift"
    pages.mkdir(parents=True)
    for day in ("2024-01-01", "2024-03-02", "2024-05-31"):
        (pages / f"{day}.html").write_text("page")

    def removed(**config: Any) -> Any:
        result = platform.defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=platform.instance,
            asset_selection=[dg.AssetKey(["monitoring", "platform", "report_pages"])],
            run_config={"ops": {"monitoring__platform__report_pages": {"config": config}}},
        )
        (event,) = result.get_asset_materialization_events()
        return event.materialization.metadata["pages"].value

    assert removed(dry_run=True) == 1, "a dry run tells what would go"
    assert len(list(pages.iterdir())) == 3
    assert removed() == 1, "as a night does it"
    assert removed() == 0
    assert sorted(page.stem for page in pages.iterdir()) == ["2024-03-02", "2024-05-31"]


def test_one_table_that_cannot_be_kept_fails_the_run_by_name_and_the_others_are_kept(platform: Platform) -> None:
    for value in range(4):
        platform.write(value, write_mode="append")
    log = Path(platform.lake.table_uri(REGIMES), "_delta_log")
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("torn")
    result = platform.run("lake_compaction", "monitoring__platform__compaction", fails=True)
    assert "1 tables failed: distilled/turbofan/operating_regimes" in error_of(result)
    assert platform.lake.open(KEY).history(1)[0]["operation"] == "OPTIMIZE"


def test_the_schedules_are_off_until_somebody_turns_them_on_and_vacuum_then_is_in_earnest() -> None:
    from lakehouse_assets.definitions import defs

    nightly, weekly = (defs.resolve_schedule_def(name) for name in ("nightly_schedule", "lake_vacuum_weekly"))
    assert [one.default_status for one in (nightly, weekly)] == [dg.DefaultScheduleStatus.STOPPED] * 2
    assert (
        dg.AssetKey(["monitoring", "platform", "compaction"])
        in nightly.job.resolve(asset_graph=defs.resolve_asset_graph()).asset_layer.executable_asset_keys
    )
    (request,) = weekly.evaluate_tick(dg.build_schedule_context()).run_requests
    assert json.loads(json.dumps(request.run_config)) == {
        "ops": {"monitoring__platform__vacuum": {"config": {"dry_run": False}}}
    }


def test_the_columns_to_sort_by_come_from_the_contract() -> None:
    from lakehouse_assets.definitions import defs

    spec = defs.resolve_asset_graph().get(dg.AssetKey(["harmonized", "turbofan", "readings"]))
    assert spec.metadata["filtered_by"] == ["engine_id"]
