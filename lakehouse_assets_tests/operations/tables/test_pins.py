"""What pins a version, from a real MLflow registry in SQLite and real tables."""

import datetime as dt
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from deltalake import write_deltalake

from lakehouse_assets.contracts.personal.pseudonyms import Pseudonyms
from lakehouse_assets.lake.errors import ErasedVersionError, MissingTableError
from lakehouse_assets.lake.maintenance.vacuum import VacuumRule
from lakehouse_assets.lake.sandbox import make
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lifecycle.registry import ModelRegistry, RegistryUnreachableError
from lakehouse_assets.operations.erasure.erase import Place, Request, erase
from lakehouse_assets.operations.tables.housekeeping import KeptTable, vacuum_all
from lakehouse_assets.operations.tables.pins import gather

TODAY = dt.datetime.now(dt.UTC).date()
#: Not over before the tests are, also where midnight lies between.
SOON = TODAY + dt.timedelta(days=2)
FEATURES, MANIFEST = ["delivery", "pumps", "features"], ["delivery", "pumps", "training_manifest"]


@pytest.fixture
def registry(empty_registry: Path, tmp_path: Path) -> ModelRegistry:
    shutil.copy(empty_registry, tmp_path / "m.db")
    return ModelRegistry(tracking_uri=f"sqlite:///{tmp_path / 'm.db'}", artifact_root=tmp_path.as_uri())


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake whose feature table has versions 0 to 4, one row each."""
    lake = Lake(str(tmp_path / "lake"))
    for value in range(5):
        write_deltalake(lake.table_uri(FEATURES), pd.DataFrame({"v": [value]}), mode="overwrite")
    return lake


def register(registry: ModelRegistry, name: str, versions: object) -> str:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(registry.tracking_uri)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    tag = versions if isinstance(versions, str) else json.dumps(versions)
    made = client.create_model_version(name, source="file:///a/model", tags={"delta_versions": tag})
    return str(made.version)


def test_models_of_all_use_cases_the_next_training_and_living_sandboxes_pin(
    registry: ModelRegistry, lake: Lake
) -> None:
    register(registry, "pumps", {"delivery/pumps/features": 1})
    register(registry, "pumps", {"delivery/pumps/features": 1, "harmonized/pumps/events": 7})
    register(registry, "fans", {"delivery/fans/features": 2})
    manifest = pd.DataFrame({"table": ["delivery/pumps/features"], "version": [3]})
    write_deltalake(lake.table_uri(MANIFEST), manifest)
    who = Provenance("explorative/sandboxes")
    make(lake, "study", {"delivery/pumps/features": 2}, "ann", "wear", SOON, who)
    make(lake, "ended", {"delivery/pumps/features": 0}, "ann", "wear", TODAY - dt.timedelta(days=1), who)
    assert gather(lake, registry, [FEATURES, MANIFEST, ["not", "there", "training_manifest"]]) == {
        "delivery/pumps/features": {
            1: ["model pumps version 1", "model pumps version 2"],
            2: [f"sandbox study of ann until {SOON}"],
            3: ["the training manifest delivery/pumps/training_manifest"],
        },
        "harmonized/pumps/events": {7: ["model pumps version 2"]},
        "delivery/fans/features": {2: ["model fans version 1"]},
    }


def test_a_deleted_model_version_pins_nothing(registry: ModelRegistry, lake: Lake) -> None:
    from mlflow.tracking import MlflowClient

    version = register(registry, "pumps", {"delivery/pumps/features": 1})
    assert gather(lake, registry, []) != {}
    MlflowClient(registry.tracking_uri).delete_model_version("pumps", version)
    assert gather(lake, registry, []) == {}


def clean(lake: Lake, registry: ModelRegistry) -> dict[str, object]:
    rule, told = VacuumRule(retention_hours=0, min_bytes=0), []
    tables = [KeptTable(tuple(FEATURES))]
    outcome = vacuum_all(lake, tables, registry, [FEATURES, MANIFEST], rule, 365, False, "r", told.append)
    assert outcome.failed == {}
    return dict(outcome.done["/".join(FEATURES)])


def test_vacuum_keeps_what_is_pinned_and_removes_the_rest(registry: ModelRegistry, lake: Lake) -> None:
    register(registry, "pumps", {"delivery/pumps/features": 1})
    make(lake, "study", {"delivery/pumps/features": 3}, "ann", "wear", SOON, Provenance("x"))
    done = clean(lake, registry)
    assert (done["files"], done["skipped"]) == (2, "")
    assert done["versions_kept"] == f"1 (model pumps version 1), 3 (sandbox study of ann until {SOON})"
    assert [lake.read(FEATURES, version=version)["v"].to_pylist() for version in (1, 3, 4)] == [[1], [3], [4]]
    with pytest.raises(MissingTableError, match="A file of this version is gone"):
        lake.read(FEATURES, version=2)


def test_a_pinned_version_that_an_erasure_took_keeps_nothing_and_does_not_stop_the_vacuum(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    """Erasing outranks pins; what is lost by it is told, and the table is vacuumed as before ever after."""
    lake, uri = Lake(str(tmp_path / "people")), Lake(str(tmp_path / "people")).table_uri(FEATURES)
    for number, badge in enumerate(("B-10423", "B-20111", "B-10423", "B-20111", "B-20111")):
        write_deltalake(uri, pd.DataFrame({"badge": [badge], "v": [number]}), mode="overwrite")
    register(registry, "pumps", {"delivery/pumps/features": 2})
    register(registry, "pumps", {"delivery/pumps/features": 3})
    make(lake, "study", {"delivery/pumps/features": 0}, "ann", "wear", SOON, Provenance("x"))
    keys = Pseudonyms(b"a key for this test only")
    request = Request("B-10423", "protection officer", "request 1", dt.timedelta(0))
    report = erase(Place(lake, {}, None, registry.pins), request, keys, dry_run=False)
    assert report.models == ("pumps version 1 (delivery/pumps/features version 2)",)
    assert report.sandboxes == ("study of ann (delivery/pumps/features version 0)",)
    done = clean(lake, registry)
    assert done["versions_kept"] == "3 (model pumps version 2)"
    assert (done["files"], done["skipped"]) == (1, "")
    assert lake.read(FEATURES, version=3)["v"].to_pylist() == [3]
    with pytest.raises(ErasedVersionError):
        lake.read(FEATURES, version=2)


def broken_registries(folder: Path) -> list[ModelRegistry]:
    garbage = folder / "garbage.db"
    garbage.write_bytes(b"this is not a database" * 100)
    return [
        ModelRegistry(tracking_uri=f"sqlite:///{folder / 'elsewhere' / 'm.db'}", artifact_root="file:///x"),
        ModelRegistry(tracking_uri=f"sqlite:///{garbage}", artifact_root="file:///x"),
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["not-there", "not-a-database"])
def test_without_an_answer_of_the_registry_nothing_is_removed_or_made(which: int, lake: Lake, tmp_path: Path) -> None:
    registry = broken_registries(tmp_path)[which]
    with pytest.raises(RegistryUnreachableError, match="model registry"):
        clean(lake, registry)
    assert [lake.row_count(FEATURES, version=version) for version in range(5)] == [1] * 5
    assert not (tmp_path / "elsewhere").exists()


def test_a_model_whose_origin_cannot_be_understood_stops_it_by_name(registry: ModelRegistry, lake: Lake) -> None:
    register(registry, "pumps", "features=3")
    with pytest.raises(ValueError, match=r"Model pumps version 1: its tag delta_versions must be a JSON object"):
        clean(lake, registry)
    assert lake.row_count(FEATURES, version=0) == 1
