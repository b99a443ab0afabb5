"""The code location: loads everything below `defs/` and applies the policies that hold for every asset."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.contracts.catalogue import Catalogue, catalogue
from lakehouse_assets.contracts.checks import contract_checks
from lakehouse_assets.contracts.schema import promised_spec
from lakehouse_assets.operations.code_version import asset_functions, with_code_version

settings.switch_telemetry_off()

#: Zone (first part of an asset key) -> what the asset page and the catalogue show as its kind of storage.
STORAGE_KINDS = {
    "landing": {"file"},
    "raw": {"deltalake"},
    "harmonized": {"deltalake"},
    "distilled": {"deltalake"},
    "delivery": {"deltalake"},
    "models": {"deltalake", "mlflow"},
    "monitoring": {"deltalake", "evidently"},
}

#: Where the tables' contracts lie: `<domain>/contracts/<zone>/<table>.yaml`.
DEFS = Path(__file__).parent / "defs"

#: Zones whose assets belong to a use case; those of the others belong to a domain.
USE_CASE_ZONES = ("delivery", "models", "monitoring")

#: Subject of the platform's own assets (`monitoring/platform/audit`): they belong to no use case and say their kinds.
PLATFORM = "platform"


def with_house_policies(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Give an asset what all assets of its zone share (group, kinds, tags), and what its contract says of it."""
    contract = contracts().get(tuple(spec.key.path))
    if contract is not None:
        spec = promised_spec(spec, contract)
    zone, subject = spec.key.path[0], spec.key.path[1]
    of_use_case = zone in USE_CASE_ZONES and subject != PLATFORM
    tags = {"zone": zone, **({"use_case": subject} if of_use_case else {}), **spec.tags}
    kinds = STORAGE_KINDS.get(zone, set()) if subject != PLATFORM else set()
    return spec.replace_attributes(
        group_name=subject if spec.group_name in (None, "default") else spec.group_name,
        kinds={*spec.kinds, *kinds},
        tags={key: value for key, value in tags.items() if not key.startswith("dagster/kind/")},
    )


def contracts() -> Catalogue:
    """The contract of every table."""
    return catalogue(DEFS)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Loading makes objects that stay; looking for garbage among them took a tenth of every process's start."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@collector_paused()
def load() -> dg.Definitions:
    """Everything below `defs/`, with the house's policies, and the checks that follow from the contracts."""
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    functions = asset_functions(loaded)

    def with_policies(spec: dg.AssetSpec) -> dg.AssetSpec:
        return with_code_version(with_house_policies(spec), functions)

    with warnings.catch_warnings():
        # `map_asset_specs` is no preview, but calls a method that says it is one (dagster 1.13).
        warnings.simplefilter("ignore", dg.PreviewWarning)
        mapped = loaded.map_asset_specs(func=with_policies)
    promised = [(spec, contracts().get(tuple(spec.key.path))) for spec in mapped.resolve_all_asset_specs()]
    checks = [contract_checks(spec, contract) for spec, contract in promised if contract is not None]
    return dg.Definitions.merge(mapped, dg.Definitions(asset_checks=[check for check in checks if check is not None]))


defs = load()
