"""Explorative sandboxes on real tables."""

import datetime as dt

import pytest
from deltalake import DeltaTable

from lakehouse_assets.lake.errors import MissingTableError
from lakehouse_assets.lake.maintenance.vacuum import VacuumRule, vacuum
from lakehouse_assets.lake.sandbox import SANDBOXES, SandboxError, drop, living, make
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets_tests.lake.makers import daily, daily_frame

WHO = Provenance("explorative/sandboxes", run_id="r")
TODAY = dt.datetime.now(dt.UTC).date()
#: Not over before the tests are, also where midnight lies between.
SOON = TODAY + dt.timedelta(days=2)


@pytest.fixture
def history(materialise):
    for value in range(3):
        materialise(daily(lambda context, value=value: daily_frame(context.partition_keys, value=value)), "2024-01-01")


def made(lake, name="study", version=1, until=SOON):
    return make(lake, name, {"table": version}, "ann", "wear", until, WHO)


def test_it_reads_its_versions_in_every_way_whatever_comes_after(history, lake):
    made(lake)
    sandbox = lake.sandbox("study")
    assert (sandbox.owner, sandbox.purpose, dict(sandbox.versions)) == ("ann", "wear", {"table": 1})
    assert sandbox.read("table", columns=["value"])["value"].to_pylist() == [1, 1]
    assert sandbox.read_pandas("table")["value"].tolist() == [1, 1]
    assert sandbox.duckdb("table", where={"id": 0}).fetchall()[0][2] == 1
    assert sandbox.open("table").version() == 1
    with pytest.raises(MissingTableError, match=r"no table other. It has: table"):
        sandbox.read("other")


def test_it_ends_on_its_day_and_says_so(history, lake):
    made(lake, until=TODAY)
    assert list(living(lake, TODAY)) == ["study"]
    assert living(lake, TODAY + dt.timedelta(days=1)) == {}
    made(lake, "old", until=TODAY - dt.timedelta(days=1))
    with pytest.raises(SandboxError, match=r"Sandbox old of ann ended on .*make it again"):
        lake.sandbox("old")


def test_dropping_ends_one_and_no_other_and_touches_no_table(history, lake):
    made(lake), made(lake, "other")
    version = lake.version(["table"])
    drop(lake, "study", WHO)
    assert list(living(lake)) == ["other"]
    assert lake.version(["table"]) == version
    with pytest.raises(SandboxError, match="was dropped at"):
        lake.sandbox("study")
    with pytest.raises(SandboxError, match=r"no sandbox nobody\. There are: other"):
        drop(lake, "nobody", WHO)
    made(lake, version=2)
    assert lake.sandbox("study").read("table")["value"].to_pylist() == [2, 2]


def test_a_name_that_is_taken_is_refused_with_whose_it_is(history, lake):
    made(lake)
    with pytest.raises(SandboxError, match=r"a sandbox study already, ann's"):
        made(lake, version=2)
    assert lake.sandbox("study").versions == {"table": 1}


def test_a_version_that_is_not_whole_any_more_is_refused_and_pins_nothing(history, lake):
    vacuum(lake.table_uri(["table"]), None, dict, VacuumRule(0, 0), WHO, dry_run=False)
    with pytest.raises(MissingTableError, match=r"table at version 0 lacks 1 files"):
        made(lake, version=0)
    assert living(lake) == {}
    assert lake.row_count(SANDBOXES) == 1


def test_its_pins_stand_before_its_files_are_looked_at(history, lake, monkeypatch):
    from lakehouse_assets.lake.maintenance import files

    seen = []

    def looks(table: DeltaTable, stored: set[str]) -> list[str]:
        seen.append(dict(living(lake)["study"].versions))
        return []

    monkeypatch.setattr(files, "missing_files", looks)
    made(lake)
    assert seen == [{"table": 1}]
