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
from lakehouse_assets_tests.use_case.wrong import NAMED, READ

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")


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


def test_a_name_that_another_use_case_has_is_told_with_file_and_line_of_both(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    other = shop.folder.with_name("zeal")
    shutil.copytree(shop.folder, other)
    with pytest.raises(ContractError) as refused:
        catalogue(tmp_path / "defs")
    (problem,) = refused.value.problems
    line = line_with({}, "name: wear")
    assert str(problem).startswith(f"{other / 'defs.yaml'}:{line}: name 'wear' is taken: {shop.file}:{line}: has it")


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
