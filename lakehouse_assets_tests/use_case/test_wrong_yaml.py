"""A YAML that is wrong is refused when the definitions load, with file, line and what was expected."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.testing import create_defs_folder_sandbox

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.contracts.contract import ContractError
from lakehouse_assets.lifecycle.judging.metric_names import DECIDING
from lakehouse_assets.lifecycle.learning.tasks import TASK_NAMES, task_named
from lakehouse_assets_tests.lifecycle.learning.problems import settings
from lakehouse_assets_tests.use_case.shop import YAML, Shop, shop_in

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")

#: What is said wrongly -> the line that the error names (a part of its text), and words of what was expected.
READ = {
    "an unknown key": ({"  owner:": "  ovner: x\n  owner:"}, "ovner:", "ovner"),
    "a wrong type": ({"rounds: 8": "rounds: many"}, "rounds:", "valid integer"),
    "a section that is missing": ({"  gate: {at_most: 100.0}\n": ""}, "attributes:", "gate"),
    "an unknown task": (
        {"task: regression": "task: regresion"},
        "task:",
        "'regression', 'classification' or 'forecast'",
    ),
    "a reserved column": (
        {"    hall: {type": "    label: {type"},
        "context:",
        "column 'label' is one that every use case has",
    ),
    "a column named twice": (
        {"name: predicted_wear": "name: machine"},
        "prediction:",
        "stands in entity or context already",
    ),
    "an unknown rule of retraining": (
        {"  gate:": "  retraining: {cooldown_days: 3}\n  gate:"},
        "retraining:",
        "cooldown_days",
    ),
    "a rule of retraining that can never be met": (
        {"  gate:": "  retraining: {drift_at_least: 4}\n  gate:"},
        "retraining:",
        "at least 4 of the last 3 reports; expected 1 <= k <= n",
    ),
    "both bounds": ({"at_most: 100.0": "at_most: 100.0, at_least: 1.0"}, "gate:", "either `at_most` or `at_least`"),
    "no bound": ({"at_most: 100.0": "margin: 1.0"}, "gate:", "either `at_most` or `at_least`"),
    "a bound on the wrong side": ({"at_most": "at_least"}, "gate:", "of mae less is better: expected `at_most`"),
    "a split without column": (
        {"by: time, share: 0.25": "by: entity, percent: 20"},
        "split:",
        "expected `column` and `percent`",
    ),
    "a split by an unknown column": (
        {"by: time, share: 0.25": "by: entity, percent: 20, column: haul"},
        "split:",
        "column names ['haul']; expected columns of entity or context: ['hall', 'machine']",
    ),
    "a split without an end": ({"share: 0.25": "embargo: true"}, "split:", "either `share` or `last_days`"),
    "a slice of no column": ({"slices: [hall]": "slices: [haul]"}, "evaluation:", "slices names ['haul']"),
    "a bad time zone": (
        {"Europe/Berlin": "Europe/Berln"},
        "timezone:",
        "'Europe/Berln' is no time zone; expected a name",
    ),
    "a metric that the task has not": (
        {"metric: mae": "metric: f1"},
        "evaluation:",
        "'f1' judges no regression; expected one of mae, rmse",
    ),
    "a metric that only describes": ({"metric: mae": "metric: coverage"}, "evaluation:", "expected one of mae, rmse"),
    "a capped metric without a cap": (
        {"metric: mae": "metric: rmse_capped"},
        "evaluation:",
        "expected one of mae, rmse,",
    ),
    "two ways to ask": (
        {"sql: SELECT machine": "function: features\n    sql: SELECT machine"},
        "observations:",
        "either `sql` or `function`",
    ),
    "no table's name": ({"rows: harmonized/shop/readings": "rows: readings"}, "inputs: {rows", "should match pattern"),
    "an owner who is nobody": ({"owner: team:shop": "owner: us"}, "owner:", "should match pattern"),
    "bounds of a search the wrong way round": (
        {"  split:": "  tuning: {space: {num_leaves: {low: 70, high: 31}}}\n  split:"},
        "tuning:",
        "expected `choices`, or `low` not above `high`; found low 70, high 31",
    ),
    "a search by choices and bounds": (
        {"  split:": "  tuning: {space: {num_leaves: {low: 7, choices: [7, 15]}}}\n  split:"},
        "tuning:",
        "expected either `choices` or `low` and `high`",
    ),
    "an hour that is none": ({'at: "06:00"': 'at: "26:00"'}, "predicted_at:", "hour"),
}

NAMED = {
    "a function that is not there": (
        {"function: features": "function: feature"},
        "function:",
        "defines no function feature; it has features",
    ),
    "a module that is not there": (
        {"function: features": "function: other:features"},
        "function:",
        "expected a function in",
    ),
    "a table that no asset makes": (
        {"{table: harmonized/shop/readings": "{table: harmonized/shop/reading"},
        "{table:",
        "no asset harmonized/shop/reading has a contract; the harmonized zone has harmonized/shop/readings",
    ),
    "a view whose table has no contract": (
        {
            YAML[
                YAML.index("    - function") : YAML.index("  task:")
            ]: "    - {table: distilled/shop/loads, limit_days: 3}\n"
        },
        "  features:",
        "expected `columns`, or a contract for distilled/shop/loads that names them",
    ),
    "an SQL file that is not there": (
        {"sql: SELECT machine, day, known_at, hall FROM rows": "sql: asked.sql"},
        "asked.sql",
        "there is no file",
    ),
    "a baseline that is no feature": (
        {"{metric: mae": "{baseline: lode, metric: mae"},
        "baseline:",
        "expected mean or one of load, mean_load",
    ),
    "a domain that is not its folder's": (
        {"domain: shop": "domain: shopp"},
        "domain:",
        "domain 'shopp' makes no night of this use case; expected shop",
    ),
    "a cron that is none": (
        {"  gate:": '  schedule: {training: "0 99 * * 1"}\n  gate:'},
        "schedule:",
        "0 99 * * 1",
    ),
    "a watched column that is not there": (
        {"  gate:": "  monitoring: {columns: [lode]}\n  gate:"},
        "monitoring:",
        "expected one of load, mean_load",
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_in(tmp_path_factory.mktemp("shop"))


def refusal(shop: Shop, changes: Mapping[str, str]) -> tuple[Path, str]:
    """What Dagster's own loading says of the changed YAML, and where that lay."""
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.defs_folder_path / "shop"
        shutil.copytree(shop.folder.parent, folder)
        changed = Shop(sandbox.defs_folder_path.parent)
        changed.change(changes)
        with pytest.raises(ComponentTreeException) as refused, sandbox.build_all_defs():
            pass
        return changed.file, "\n".join(words_of(refused.value))


def words_of(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error)
        error = error.__cause__


def line_with(changes: Mapping[str, str], text: str) -> int:
    """The line of the changed YAML that says a text."""
    changed = YAML
    for old, new in changes.items():
        changed = changed.replace(old, new, 1)
    return next(n for n, line in enumerate(changed.splitlines(), 1) if text in line)


@pytest.mark.parametrize(("changes", "entry", "expected"), [*READ.values(), *NAMED.values()], ids=[*READ, *NAMED])
def test_wrong_yaml_is_refused_with_file_line_and_what_was_expected(
    shop: Shop, changes: dict[str, str], entry: str, expected: str
) -> None:
    file, words = refusal(shop, changes)
    assert f"{file}:{line_with(changes, entry)}" in words
    assert expected in words


@pytest.mark.parametrize(("changes", "entry", "expected"), READ.values(), ids=READ)
def test_the_contracts_that_follow_from_it_are_refused_alike(
    tmp_path: Path, changes: dict[str, str], entry: str, expected: str
) -> None:
    shop = shop_in(tmp_path)
    shop.change(changes)
    with pytest.raises(ContractError) as refused:
        catalogue(tmp_path / "defs")
    assert f"{shop.file}:{line_with(changes, entry)}: " in str(refused.value)
    assert expected in str(refused.value)


def test_what_is_right_is_taken(shop: Shop) -> None:
    contracts = catalogue(shop.home / "defs")
    made = {"/".join(key) for key in contracts if key[1] == "wear"}
    assert {
        "delivery/wear/features",
        "delivery/wear/predictions",
        "models/wear/champion",
        "monitoring/wear/drift",
    } <= made
    assert line_with({}, "type:") == 1


def test_no_yaml_at_all_is_refused_with_its_line(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.change({"  owner: team:shop": "  owner: [team:shop"})
    with pytest.raises(ContractError, match=rf"{shop.file}:\d+: no YAML: "):
        catalogue(tmp_path / "defs")


def test_a_metric_of_ones_own_may_decide_and_its_side_is_known(shop: Shop) -> None:
    own = "{metric: worst, metrics: {worst: {function: features, lower_is_better: false}}"
    _, words = refusal(shop, {"{metric: mae": own})
    assert "of worst more is better: expected `at_least`, found `at_most`" in words
    tuned = {"{metric: mae": own, "  split:": "  tuning: {space: {num_leaves: {low: 2, high: 4}}}\n  split:"}
    _, words = refusal(shop, tuned)
    assert "a search goes by the task's: leave out `tuning`" in words


def test_the_names_of_the_metrics_that_decide_are_those_of_the_tasks() -> None:
    for name in TASK_NAMES:
        known = task_named(name).metrics(settings(reported_cap=100.0))
        assert DECIDING[name] == {metric: one.lower_is_better for metric, one in known.items() if one.decides}
