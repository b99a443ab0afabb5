"""One table of all equipment, conformed across the domains, with its history."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets.contracts.odcs.reading import load_contract
from lakehouse_assets.defs.shared.conform import UNASSIGNED, load_register
from lakehouse_assets.lake.resource import LakeResource

EQUIPMENT = ["harmonized", "shared", "equipment"]

_HERE = Path(__file__).parent
_REGISTER = load_register(_HERE / "equipment.yaml")
_CONTRACT = load_contract(_HERE / "contracts" / "harmonized" / "equipment.yaml", False)


@dg.asset(
    key=EQUIPMENT,
    deps=[key for domain in _REGISTER.domains for key in domain.tables],
)
def equipment(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[Any]:
    """Gather the equipment that the harmonized tables speak of; a domain that delivered nothing has none."""
    from lakehouse_assets.contracts.conform import to_arrow
    from lakehouse_assets.defs.shared.conform import conformed_equipment, equipment_of

    found = {domain.name: equipment_of(lake.lake(), domain) for domain in _REGISTER.domains}
    counts = {name: int(rows["equipment_id"].nunique()) for name, rows in found.items()}
    context.log.info(", ".join(f"{name}: {count}" for name, count in counts.items()))
    rows = conformed_equipment(found.values(), _REGISTER)
    unassigned = rows[rows["site"].eq(UNASSIGNED) & rows["is_current"]]
    yield dg.Output(to_arrow(rows, _CONTRACT), metadata={**counts, "without_a_site": len(unassigned)})
