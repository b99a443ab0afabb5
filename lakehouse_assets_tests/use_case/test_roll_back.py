"""The job that rolls a champion back: once, whatever dies on the way, and not at all when it is a dry run."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse_assets.contracts.additions import add_rows
from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.contracts.conform import to_arrow
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lifecycle.judging.champions import former_champion, serves_by_record, withdrawn
from lakehouse_assets.lifecycle.judging.gate import Rules, Verdict
from lakehouse_assets.lifecycle.judging.promotion import Occasion, audit_frame, carry_out, row_of
from lakehouse_assets.lifecycle.registration import LoggedModel
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.operations.repairs.requests import open_requests
from lakehouse_assets.use_case.judging import gated
from lakehouse_assets_tests.use_case import rolling
from lakehouse_assets_tests.use_case.serving_shop import learned_rows, plan_of, registry_of, with_a_champion
from lakehouse_assets_tests.use_case.shop import FIRST, shop_in

CHAMPION = ["models", "wear", "champion"]
REASON = "alarms all night"
#: The changes of a roll back to a former champion.
CHANGES = ["add_rows", "set_registered_model_alias", "add_rows", "add_rows"]


class DiedError(RuntimeError):
    """The process is gone."""


def died() -> NoReturn:
    raise DiedError


@dataclass
class Served:
    """The shop, some versions of which served one after the other; the newest serves."""

    home: Path
    instance: dg.DagsterInstance

    @property
    def lake(self) -> Lake:
        return Lake(str(self.home / "lake"))

    @property
    def registry(self) -> ModelRegistry:
        return registry_of(self.home)

    @property
    def record(self) -> pd.DataFrame:
        return self.lake.read_pandas(CHAMPION).sort_values("decided_at")

    def write(self, rows: pd.DataFrame) -> None:
        contract = plan_of(self.home).contract("models", "champion")
        add_rows(self.lake, contract, to_arrow(rows, contract), contract.primary_key, "a-run")

    def promote(self, number: int) -> None:
        before = self.registry.champion("wear")
        self.registry.promote(self.registry.version("wear", number))
        at = datetime.now(UTC) - timedelta(hours=1, minutes=-number)
        row = row_of(Occasion(at, "gate", f"training-{number}"), "promote", number, before.version if before else None,
                     number, promoted=True, reason="it is better")  # fmt: skip
        self.write(audit_frame([row]))

    def three_champions_of_one_model(self) -> None:
        """Versions 2 and 3 are version 1 once more."""
        first = self.registry.version("wear", 1)
        learned = pa.Table.from_pandas(learned_rows(self.home), preserve_index=False)
        write_deltalake(self.lake.table_uri(["delivery", "wear", "training_set"]), learned)
        client = self.registry.client()
        client.delete_registered_model_alias("wear", "champion")
        for _ in range(2):
            source = client.get_model_version("wear", "1")
            self.registry.add_version("wear", LoggedModel(first.run_id, source.source, source.model_id, first.tags))
        for number in (1, 2, 3):
            self.promote(number)

    def refuse(self, number: int) -> None:
        """What the gate does of a candidate that is no better."""
        serving = self.registry.champion("wear")
        rules, verdict = Rules("mae", at_most=1.0), Verdict(False, "refuse", "it is no better", ("…",), 2.0, 1.0)
        version, occasion = self.registry.version("wear", number), Occasion(datetime.now(UTC), "gate", "a-training")
        against = serving.version if serving else None
        self.write(carry_out(self.registry, version, verdict, rules, against, self.record, occasion))

    @property
    def serving(self) -> int | None:
        champion = self.registry.champion("wear")
        return champion.version if champion else None

    def told(self) -> list[Any]:
        """Data versions of the champion's table that Dagster was told, the newest first."""
        found = self.instance.fetch_materializations(dg.AssetKey(CHAMPION), limit=10).records
        return [one.asset_materialization.tags["dagster/data_version"] for one in found if one.asset_materialization]

    def asked(self) -> list[tuple[str, ...]]:
        """What the sensor would start."""
        now = datetime.now(UTC) + timedelta(minutes=1)
        found = open_requests(self.lake, None, now, lambda _: False, lambda _: False).to_start
        return [one.assets for one in found]


@pytest.fixture(scope="module")
def three_served(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> Path:
    """A shop of which versions 1, 2 and 3 served and 4 was trained; they hold no model."""
    home = tmp_path_factory.mktemp("three")
    shop_in(home)
    shutil.copy(empty_registry, home / "mlflow.db")
    training_set = Lake(str(home / "lake")).table_uri(["delivery", "wear", "training_set"])
    write_deltalake(training_set, pa.table({"day": [FIRST]}))
    with an_instance(home) as instance:
        made = Served(home, instance)
        for number in (1, 2, 3, 4):
            made.registry.add_version("wear", LoggedModel(f"{number:032x}", "file:///none", f"m-{number}", {}))
        for number in (1, 2, 3):
            made.promote(number)
    return home


@pytest.fixture
def served(tmp_path: Path, three_served: Path) -> Iterator[Served]:
    """A copy of it. What scores a sample says that it could: other tests load models."""
    home = shutil.copytree(three_served, tmp_path / "shop")
    with an_instance(home) as instance, mock.patch.object(gated, "sample_error", return_value=None):
        yield Served(home, instance)


@contextmanager
def an_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    folder = home / "dagster"
    folder.mkdir(exist_ok=True)
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


def is_once_back(served: Served) -> None:
    """As after a roll back from 3 to 2 that nothing disturbed."""
    record = served.record
    assert served.serving == serves_by_record(record) == 2
    rows = record[record["action"].eq("roll_back")]
    assert rows[["who", "from_version", "to_version", "reason"]].values.tolist() == [["ann", 3, 2, REASON]]
    assert withdrawn(record, 3) == REASON
    assert former_champion(record) == 1
    said = entries(served.lake)
    assert said["action"].tolist() == ["roll_back_begun", "roll_back"]
    assert [(one["from_version"], one["to_version"]) for one in said["details"]] == [(3, 2)] * 2
    assert served.asked() == [("monitoring/wear/reference", "monitoring/wear/thresholds")]
    assert served.told()[0] == served.lake.content_version(CHAMPION)


def test_a_roll_back_that_nothing_disturbs_makes_these_changes(served: Served) -> None:
    with rolling.ending_at(99, False, died) as begun:
        assert rolling.run(served.home, served.instance).success
    assert begun == CHANGES
    is_once_back(served)
    assert len(served.record) == 4


# Before the first change nothing is done; before each other the one before it is done, unless the move has two halves.
@pytest.mark.parametrize("to", [None, 2])
@pytest.mark.parametrize(("change", "after"), [(0, False), *((change, True) for change in range(len(CHANGES)))])
def test_a_roll_back_that_dies_at_any_change_and_is_retried_is_one_roll_back(
    served: Served, change: int, after: bool, to: int | None
) -> None:
    with rolling.ending_at(change, after, died):
        assert not rolling.run(served.home, served.instance, to_version=to).success
    [lost] = served.instance.get_runs()
    for _ in range(2):  # also a retry that nobody needed
        assert rolling.again(served.home, served.instance, lost.run_id).success
        is_once_back(served)
    assert len(served.record) == 4


@pytest.mark.parametrize("change", range(len(CHANGES)))
def test_a_retry_is_one_roll_back_also_if_the_gate_decided_since(served: Served, change: int) -> None:
    with rolling.ending_at(change, True, died):
        assert not rolling.run(served.home, served.instance).success
    served.refuse(4)
    [lost] = served.instance.get_runs()
    assert rolling.again(served.home, served.instance, lost.run_id).success
    is_once_back(served)


@pytest.mark.parametrize(("change", "requests"), [(1, 1), (2, 2)])
def test_a_run_of_its_own_after_one_that_died_before_its_row_goes_no_further(
    served: Served, change: int, requests: int
) -> None:
    with rolling.ending_at(change, True, died):
        assert not rolling.run(served.home, served.instance).success
    assert served.serving == 2
    assert rolling.run(served.home, served.instance).success
    assert served.serving == serves_by_record(served.record) == 2
    assert served.record["action"].tolist() == ["promote"] * 3 + ["roll_back"]
    assert len(served.asked()) == requests


def test_the_next_roll_back_goes_one_further(served: Served) -> None:
    for serving in (2, 1):
        assert rolling.run(served.home, served.instance).success
        assert served.serving == serving
    assert len(served.asked()) == 2


def test_a_roll_back_to_the_challenger_that_dies_between_the_halves_of_the_move_ends_whole(served: Served) -> None:
    wish = {"to_version": 4, "forced": True}
    with rolling.ending_at(2, False, died) as begun:
        assert not rolling.run(served.home, served.instance, **wish).success
    assert begun[1:] == ["set_registered_model_alias", "delete_registered_model_alias"]
    [lost] = served.instance.get_runs()
    assert rolling.again(served.home, served.instance, lost.run_id).success
    assert served.serving == 4
    assert served.registry.challenger("wear") is None


def test_a_dry_run_tells_where_it_would_go_and_writes_nothing(served: Served) -> None:
    before = {key: served.lake.version(key.split("/")) for key in ("models/wear/champion",)}
    with rolling.ending_at(99, False, died) as begun:
        done = rolling.run(served.home, served.instance, dry_run=True)
    assert done.success
    assert begun == []
    said = [one.user_message for one in served.instance.all_logs(done.run_id)]
    assert f"dry run, would be rolled back from 3 to 2: {REASON}" in said
    assert {key: served.lake.version(key.split("/")) for key in before} == before
    assert served.serving == 3
    assert entries(served.lake).empty
    assert served.told() == []


@pytest.mark.slow
def test_a_roll_back_killed_as_soon_as_the_alias_has_moved_is_one_roll_back_when_it_is_retried(
    tmp_path: Path, empty_registry: Path
) -> None:
    """`kill -9` of a process of its own, with a model that is loaded and scored."""
    with_a_champion(tmp_path, empty_registry)
    with an_instance(tmp_path) as instance:
        served = Served(tmp_path, instance)
        served.three_champions_of_one_model()
        home = instance.root_directory
        environment = {**os.environ, "DAGSTER_HOME": home, "SHOP": str(tmp_path)}
        command = [sys.executable, "-W", "ignore", "-m", rolling.__name__]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]
        assert (served.serving, serves_by_record(served.record)) == (2, 3)
        [lost] = instance.get_runs()
        instance.report_run_failed(lost)
        assert rolling.again(tmp_path, instance, lost.run_id).success
        is_once_back(served)
