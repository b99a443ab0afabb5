"""A fourth use case by a person's way, in a copy of the project: run, judged, rolled back, renamed, removed."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets_tests.end_to_end.fourth import COMPONENT, DOMAIN, NAME, Copy, Ran, run_its_days, with_a_fourth
from lakehouse_assets_tests.end_to_end.fourth_days import FIRST, LAST, NIGHT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fourth use case")]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return with_a_fourth(tmp_path_factory.mktemp("fourth") / "project")


@pytest.fixture(scope="module")
def ran(copy: Copy) -> Ran:
    return run_its_days(copy)


#: Tables that the sensor and a job by hand keep, and no road or night.
KEPT_BY_OTHERS = ("decisions", "policy_replays")


def test_it_is_one_yaml_and_one_module_of_at_most_60_lines_and_no_other_file(copy: Copy, ran: Ran) -> None:
    assert copy.git("status", "--porcelain", "--untracked-files=all").splitlines() == [
        f"?? {DOMAIN}/{NAME}/defs.yaml",
        f"?? {DOMAIN}/{NAME}/functions.py",
    ]
    assert len((copy.folder / DOMAIN / NAME / "functions.py").read_text(encoding="utf-8").splitlines()) <= 60
    assert ran.told["package"] == str(copy.folder / "lakehouse_assets" / "definitions.py")


def test_all_its_assets_checks_jobs_and_its_sensor_appear(ran: Ran) -> None:
    tables = {
        "delivery": ("features", "training_set", "training_manifest", "predictions", "shadow_predictions", "outcomes"),
        "models": ("trials", "candidate", "evaluation", "champion", "model_card"),
        "monitoring": ("feature_statistics", "reference", "thresholds", "drift", "performance", *KEPT_BY_OTHERS),
    }
    keys = {f"{zone}/{NAME}/{table}" for zone, names in tables.items() for table in names}
    appears = ran.told["appears"]
    assert set(appears["assets"]) == keys
    jobs = ("training", "scoring", "tuning", "replay", "policy_replay", "roll_back")
    assert {f"{NAME}_{job}" for job in jobs} == set(appears["jobs"])
    assert appears["sensors"] == [f"{NAME}_retraining"]
    own = {
        f"delivery/{NAME}/training_set training_equals_scoring",
        f"models/{NAME}/champion candidate_passed_the_gate",
        f"monitoring/{NAME}/drift no_drift",
        f"monitoring/{NAME}/performance as_good_as_expected",
    }
    assert own < set(appears["checks"])


def test_its_road_and_a_night_make_all_its_tables(ran: Ran) -> None:
    failed = [name for name, step in ran.told["steps"].items() if not step["success"]]
    assert failed == ["replayed from changed rows"], [ran.step(name)["failures"] for name in failed]
    missing = [key for key in ran.told["appears"]["assets"] if not ran.lake.exists(key.split("/"))]
    assert missing == [f"monitoring/{NAME}/{table}" for table in KEPT_BY_OTHERS]


def test_every_check_that_appears_was_evaluated_and_none_failed_on_the_road(ran: Ran) -> None:
    evaluated = [check for step in ran.told["steps"].values() for check in step["checks"]]
    names = {f"{asset} {name}" for asset, name, _ in evaluated}
    freshness = {one for one in ran.told["appears"]["checks"] if "fresh" in one}  # asked by a sensor, not by a run
    assert set(ran.told["appears"]["checks"]) - freshness <= names
    assert [check for check in ran.step("road")["checks"] if not check[2]] == []


def test_a_champion_serves_and_every_row_of_every_day_has_a_prediction(ran: Ran) -> None:
    assert ran.step("road")["versions"] == [1]
    assert ran.step("road")["champion"] == 1
    rows, made = ran.rows("predictions", "night"), ran.lake.read_pandas(["harmonized", "milling", "operations"])
    assert len(rows) == len(made) == 9 * 4 * 300
    assert (str(rows["day"].min())[:10], str(rows["day"].max())[:10]) == (FIRST, NIGHT)
    assert LAST < NIGHT
    assert rows["predicted_tool_wear"].notna().all()
    assert rows["predicted_tool_wear"].nunique() > 100
    assert rows["lower"].le(rows["predicted_tool_wear"]).all()
    assert set(rows["model_version"]) == {1}


def test_training_on_the_same_rows_registers_nothing(ran: Ran) -> None:
    assert ran.step("trained again")["versions"] == [1]
    assert ran.step("trained again")["champion"] == 1


def test_a_dry_run_of_the_gate_promotes_nothing_and_writes_the_row(ran: Ran) -> None:
    step = ran.step("dry run")
    assert (step["versions"], step["champion"], step["challenger"]) == ([1, 2], 1, 2)
    row = ran.record[ran.record["run_id"].eq(step["run_id"])].iloc[0]
    assert (row["action"], row["mode"], row["who"], bool(row["promoted"])) == ("dry_run", "dry_run", "Ada", False)
    assert (row["candidate_version"], row["from_version"], row["to_version"]) == (2, 1, 1)
    assert "would be promoted" in row["reason"]


def test_the_challenger_predicts_in_shadow_beside_the_champion(ran: Ran) -> None:
    assert ran.rows("shadow_predictions", "night").empty
    shadow, champions = ran.rows("shadow_predictions", "scored in shadow"), ran.rows("predictions", "scored in shadow")
    assert set(shadow["model_version"]) == {2}
    assert len(shadow) == 4 * 300
    night = champions[champions["day"].astype(str).str.startswith(NIGHT)].reset_index(drop=True)
    assert shadow[["machine_id", "product_number"]].equals(night[["machine_id", "product_number"]])
    assert not shadow["predicted_tool_wear"].equals(night["predicted_tool_wear"])


def test_scoring_a_day_again_changes_nothing(ran: Ran) -> None:
    for table, first in (("predictions", "night"), ("shadow_predictions", "scored in shadow")):
        assert (
            ran.step("scored again")["tables"][f"delivery/{NAME}/{table}"]
            > ran.step(first)["tables"][f"delivery/{NAME}/{table}"]
        )
        pd.testing.assert_frame_equal(ran.rows(table, "scored again"), ran.rows(table, first), check_exact=True)


def test_training_after_a_search_uses_what_it_chose_and_its_trials_are_nested_runs(ran: Ran) -> None:
    trials = ran.lake.read_pandas(["models", NAME, "trials"])
    assert len(trials) == 3
    assert trials["chosen"].sum() == 1
    best = trials[trials["chosen"]].iloc[0]
    assert best["loss"] == trials["loss"].min()
    settings = [json.loads(ran.registry.version(NAME, number).tags["settings"]) for number in (2, 3)]
    assert [one["params"]["num_leaves"] for one in settings] == [15, json.loads(best["params"])["num_leaves"]]
    client = ran.registry.client()
    runs = client.search_runs([client.get_experiment_by_name(NAME).experiment_id])
    nested = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert sorted(run.data.metrics["loss"] for run in nested) == sorted(trials["loss"])
    (parent,) = {run.data.tags["mlflow.parentRunId"] for run in nested}
    assert parent in {run.info.run_id for run in runs}
    assert ran.step("trained as tuned")["champion"] == 3


def test_rolling_back_is_dry_unless_told_and_then_moves_the_alias_and_says_why(ran: Ran) -> None:
    assert ran.step("rolled back dry")["champion"] == 3
    assert ran.step("rolled back")["champion"] == 1
    dry, done = (
        ran.record[ran.record["run_id"].eq(ran.step(name)["run_id"])] for name in ("rolled back dry", "rolled back")
    )
    assert dry.empty
    [(_, done)] = done.iterrows()
    assert (done["action"], done["who"], done["from_version"], done["to_version"]) == ("roll_back", "Ada", 3, 1)
    assert done["reason"] == "The new one misjudges worn tools."


def test_a_version_trained_again_is_the_same_until_its_rows_are_changed_and_then_it_says_so(ran: Ran) -> None:
    assert ran.step("replayed")["observed"] == [
        f"{NAME} version 1 trained again gives the same metrics (the same model to the last bit)"
    ]
    changed = ran.step("replayed from changed rows")
    assert not changed["success"]
    (words,) = changed["failures"]
    assert f"{NAME} version 1 trained again differs: " in words
    assert "the rows that the noted table versions give are others" in words
    for step in ("replayed", "replayed from changed rows"):
        assert (ran.step(step)["versions"], ran.step(step)["champion"]) == ([1, 2, 3], 1)


def test_its_definitions_load_also_when_it_is_renamed(copy: Copy, tmp_path: Path) -> None:
    yaml = f"{DOMAIN}/{NAME}/defs.yaml"
    assert "All definitions loaded successfully" in copy.check()
    other = Copy(shutil.copytree(copy.folder, tmp_path / "project"))
    other.change(yaml, {f"  name: {NAME}\n": "  name: worn_tools\n"})
    assert "All definitions loaded successfully" in other.check()
    other.change(yaml, {"task: regression": "task: regresion"})
    done = other.dg("check", "defs", "--use-active-venv")
    line = 1 + (other.folder / yaml).read_text(encoding="utf-8").split("task: ")[0].count("\n")
    assert done.returncode != 0
    assert f"{other.folder / yaml}:{line} " in done.stdout + done.stderr
    assert "'regresion' is not one of ['regression', 'classification', 'forecast']" in done.stdout + done.stderr


def test_definitions_load_when_use_cases_are_removed_and_renamed(copy: Copy, tmp_path: Path) -> None:
    other = Copy(shutil.copytree(copy.folder, tmp_path / "project"))
    shutil.rmtree(other.folder / DOMAIN / NAME)
    shutil.rmtree(other.folder / "lakehouse_assets/defs/energy/energy_demand")
    assert "All definitions loaded successfully" in other.check()
    # This one has a contract of its own below its folder, which goes with it.
    turbofan = "lakehouse_assets/defs/turbofan/turbofan_rul"
    other.change(f"{turbofan}/defs.yaml", {"  name: turbofan_rul\n": "  name: engine_life\n"})
    assert "All definitions loaded successfully" in other.check()


def test_dg_lists_the_schema_of_the_component(copy: Copy) -> None:
    done = copy.dg("utils", "inspect-component", COMPONENT)
    assert done.returncode == 0, done.stderr
    for section in Declaration.model_fields:
        assert f'"{section}"' in done.stdout, section
    for explained in ("The metric that the gate decides by.", "Which predictions somebody acts on first"):
        assert explained in done.stdout
