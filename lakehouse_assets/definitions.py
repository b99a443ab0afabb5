"""The code location: loads everything below `defs/` and applies the policies that hold for every asset."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

import lakehouse_assets.defs
from lakehouse_assets import settings
from lakehouse_assets.code_version import asset_functions, with_code_version
from lakehouse_assets.contracts.catalogue import Catalogue, catalogue
from lakehouse_assets.operations.policies import promised_checks, with_house_policies
from lakehouse_assets.operations.retries import with_retries

settings.switch_telemetry_off()

#: Where the tables' contracts lie: `<domain>/contracts/<zone>/<table>.yaml`.
DEFS = Path(__file__).parent / "defs"


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
    with warnings.catch_warnings():
        # As `load_from_defs_folder` does: Dagster warns of its own parts that are in beta.
        warnings.simplefilter("ignore")
        # As `load_from_defs_folder`, without the schema of every component type as JSON, which took a fifth of the time
        # and which `dg utils inspect-component` makes when somebody asks, and without reading pyproject.toml twice.
        loaded = dg.ComponentTree.from_module(lakehouse_assets.defs, settings.PROJECT_ROOT).build_defs(DEFS)
    functions = asset_functions(loaded)
    specs: dict[dg.AssetKey, dg.AssetSpec] = {}

    def with_policies(spec: dg.AssetSpec) -> dg.AssetSpec:
        specs[spec.key] = with_code_version(with_house_policies(spec, contracts()), functions)
        return specs[spec.key]

    with warnings.catch_warnings():
        # `map_asset_specs` is no preview, but calls a method that says it is one (dagster 1.13).
        warnings.simplefilter("ignore", dg.PreviewWarning)
        mapped = loaded.map_asset_specs(func=with_policies)
    return with_retries(dg.Definitions.merge(mapped, promised_checks(specs.values(), contracts())))


defs = load()
# A run imports more (Evidently, Great Expectations) and keeps it. Looking through all of it again and again at Python's
# thresholds, 700, 10 and 10, took an eighth of the CPU time of sixty days of milling, and freed no memory at the peak.
gc.set_threshold(20_000, 20, 20)
