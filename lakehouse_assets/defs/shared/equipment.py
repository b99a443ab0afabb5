"""One table of all equipment, conformed across the domains, with its history."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets.contracts.contract import load_contract
from lakehouse_assets.defs.shared.conform import load_register
from lakehouse_assets.lake.resource import LakeResource

EQUIPMENT = ["harmonized", "shared", "equipment"]

#: What the merge keeps of the history; the asset returns the present state without it.
VALIDITY = ("valid_from", "valid_to", "is_current")

_HERE = Path(__file__).parent
_REGISTER = load_register(_HERE / "equipment.yaml")
_CONTRACT = load_contract(_HERE / "contracts" / "harmonized" / "equipment.yaml", False)


@dg.asset(
    key=EQUIPMENT,
    deps=[key for domain in _REGISTER.domains for key in domain.tables],
    metadata={"write_mode": "merge", "merge_type": "scd2", "merge_keys": ["equipment_id"]},
)
def equipment(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[Any]:
    """Gather the equipment that the harmonized tables speak of; a domain that delivered nothing has none."""
    from dataclasses import replace

    from lakehouse_assets.contracts.conform import to_arrow
    from lakehouse_assets.defs.shared.conform import conformed_equipment, equipment_of

    found = {domain.name: equipment_of(lake.lake(), domain) for domain in _REGISTER.domains}
    context.log.info(", ".join(f"{name}: {len(rows)}" for name, rows in found.items()))
    rows = conformed_equipment(found.values(), _REGISTER)
    unassigned = rows[rows["site"].eq("unassigned")]
    yield dg.Output(
        to_arrow(rows, replace(_CONTRACT, columns=tuple(c for c in _CONTRACT.columns if c.name not in VALIDITY))),
        metadata={**{name: len(one) for name, one in found.items()}, "without_a_site": len(unassigned)},
    )
