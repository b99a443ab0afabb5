"""What holds for every asset of a zone, and what an asset's contract says of it."""

import functools
from collections.abc import Iterable

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.contracts.catalogue import Catalogue
from lakehouse_assets.contracts.checks import contract_checks
from lakehouse_assets.contracts.schema import promised_spec

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

#: Zones whose assets belong to the domain that their key names; a use case's say their domain and use case themselves.
DOMAIN_ZONES = ("landing", "raw", "harmonized", "distilled")

#: Tables whose name is this, or ends with it, hold rows that were set aside.
QUARANTINE = "quarantine"

#: Pages about what one table of a domain or a use case is about, by zone and table.
_OWN_RUNBOOKS = {
    ("landing", "files"): ["late_file", "missed_night", "failing_tick"],
    ("models", "champion"): ["promotion", "refusal", "retraining", "unreadable"],
    ("monitoring", "drift"): ["drifting", "investigate"],
    ("monitoring", "performance"): ["worse_than_expected"],
    ("monitoring", "decisions"): ["investigate", "retraining", "failing_tick", "unreadable"],
}

#: Subject of the platform's own assets (`monitoring/platform/audit`): they belong to no use case and say their kinds.
PLATFORM = "platform"


def with_house_policies(spec: dg.AssetSpec, contracts: Catalogue) -> dg.AssetSpec:
    """Give an asset what all assets of its zone share (group, kinds, tags), and what its contract says of it."""
    contract = contracts.get(tuple(spec.key.path))
    if contract is not None:
        spec = promised_spec(spec, contract)
    zone, subject = spec.key.path[0], spec.key.path[1]
    places = settings.runbooks_url()
    pages = runbooks_of(spec, checked=contract is not None and bool(contract.all_rules))
    tags = {"zone": zone, **({"domain": subject} if zone in DOMAIN_ZONES else {}), **spec.tags}
    kinds = STORAGE_KINDS.get(zone, set()) if subject != PLATFORM else set()
    return spec.replace_attributes(
        group_name=subject if spec.group_name in (None, "default") else spec.group_name,
        kinds={*spec.kinds, *kinds},
        metadata={
            **spec.metadata,
            **{f"runbook/{page}": _link(places, page) for page in pages},
        },
        tags={key: value for key, value in tags.items() if not key.startswith("dagster/kind/")},
    )


@functools.cache
def _link(places: str, page: str) -> dg.UrlMetadataValue:
    """A page's address; made once, for a hundred assets link a dozen pages."""
    return dg.MetadataValue.url(places.format(kind=page))


def runbooks_of(spec: dg.AssetSpec, checked: bool) -> list[str]:
    """The pages of docs/runbooks about what can go wrong with an asset, the most telling first.

    Args:
        spec: The asset, with all that its contract says.
        checked: Whether its contract makes checks.
    """
    zone, subject, table = spec.key.path[0], spec.key.path[1], spec.key.path[-1]
    if subject == PLATFORM:
        return []
    own = _OWN_RUNBOOKS.get((zone, table), [])
    if table == QUARANTINE or table.endswith(f"_{QUARANTINE}"):
        own = ["quarantined"]
    late = ["broken_freshness"] if spec.freshness_policy is not None else []
    return [*own, *(["failed_check"] if checked else []), "failed_run", *late]


def promised_checks(specs: Iterable[dg.AssetSpec], contracts: Catalogue) -> dg.Definitions:
    """The checks that follow from the contracts of the assets."""
    promised = [(spec, contracts.get(tuple(spec.key.path))) for spec in specs]
    checks = [contract_checks(spec, contract) for spec, contract in promised if contract is not None]
    return dg.Definitions(asset_checks=[check for check in checks if check is not None])
