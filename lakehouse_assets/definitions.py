"""The code location: loads everything below `defs/` and applies the policies that hold for every asset."""

import warnings
from pathlib import Path

import dagster as dg

from lakehouse_assets import settings

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

#: Zones whose assets belong to a use case; those of the others belong to a domain.
USE_CASE_ZONES = ("delivery", "models", "monitoring")

#: Subject of the platform's own tables (`monitoring/platform/audit`), which belong to no use case.
PLATFORM = "platform"


def with_house_policies(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Give an asset what all assets of its zone share: group (domain or use case), kinds, zone and use-case tags."""
    zone, subject = spec.key.path[0], spec.key.path[1]
    of_use_case = zone in USE_CASE_ZONES and subject != PLATFORM
    tags = {"zone": zone, **({"use_case": subject} if of_use_case else {}), **spec.tags}
    kinds = STORAGE_KINDS.get(zone, set()) if subject != PLATFORM else {"deltalake"}
    return spec.replace_attributes(
        group_name=subject if spec.group_name in (None, "default") else spec.group_name,
        kinds={*spec.kinds, *kinds},
        tags={key: value for key, value in tags.items() if not key.startswith("dagster/kind/")},
    )


def load() -> dg.Definitions:
    """Everything below `defs/`, with the house's policies."""
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    with warnings.catch_warnings():
        # `map_asset_specs` is no preview, but calls a method that says it is one (dagster 1.13).
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return loaded.map_asset_specs(func=with_house_policies)


defs = load()
