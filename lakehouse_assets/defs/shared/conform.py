"""Equipment of several domains under one key. Pure functions; the register says which tables know of it.

Dagster imports every module below `defs/` when it loads the code location, so what is heavy is imported inside them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.lake.table import Lake

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["equipment_id", "domain", "kind", "site", "first_seen", "in_service", "out_of_service_since"]
UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class Domain:
    """Where a domain's equipment is found: the column ``key`` of a harmonized table, and that of its final failures.

    ``placed_by`` is the column whose value the register's sites list.
    """

    name: str
    kind: str
    table: str
    key: str
    placed_by: str
    failures: str | None = None

    @property
    def tables(self) -> list[list[str]]:
        """Asset keys of the tables that it is found in."""
        return [["harmonized", self.name, table] for table in (self.table, self.failures) if table is not None]


@dataclass(frozen=True)
class Register:
    """The domains that have equipment, and the site of each value of their ``placed_by``."""

    domains: tuple[Domain, ...]
    sites: Mapping[str, str]


def load_register(path: Path) -> Register:
    """Read which tables say what equipment there is, and where it stands.

    Raises:
        ValueError: a place is listed under two sites.
    """
    import yaml

    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    sites: dict[str, str] = {}
    for site, places in told["sites"].items():
        for place in places:
            if sites.setdefault(place, site) != site:
                raise ValueError(f"{path}: {place} stands in {sites[place]} and in {site}: expected one site")
    return Register(tuple(Domain(name, **entries) for name, entries in told["domains"].items()), sites)


def equipment_of(lake: Lake, domain: Domain) -> "pd.DataFrame":
    """A domain's equipment: equipment_id, domain, kind, place, first_seen, out_of_service_since (null: in service).

    Empty where the domain has no table yet.
    """
    import pandas as pd

    first = _days(lake, ["harmonized", domain.name, domain.table], [domain.key, domain.placed_by], "first_seen")
    key = [domain.key]
    ended = (
        _days(lake, ["harmonized", domain.name, domain.failures], key, "out_of_service_since")
        if domain.failures
        else None
    )
    if ended is None:
        ended = pd.DataFrame({domain.key: pd.Series([], dtype="str"), "out_of_service_since": []})
    if first is None:
        return pd.DataFrame(columns=["equipment_id", "domain", "kind", "place", "first_seen", "out_of_service_since"])
    rows = first.merge(ended, on=key, how="left")
    place = rows[domain.placed_by]
    return pd.DataFrame(
        {
            "equipment_id": rows[domain.key],
            "domain": domain.name,
            "kind": domain.kind,
            "place": place,
            "first_seen": rows["first_seen"],
            "out_of_service_since": rows["out_of_service_since"],
        }
    )


def conformed_equipment(found: Iterable["pd.DataFrame"], register: Register) -> "pd.DataFrame":
    """All equipment as one table of `COLUMNS`, by key."""
    import pandas as pd

    frames = [frame for frame in found if len(frame)]
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    rows = pd.concat(frames, ignore_index=True)
    rows = rows.assign(
        site=rows["place"].map(dict(register.sites)).fillna(UNASSIGNED),
        in_service=rows["out_of_service_since"].isna(),
        first_seen=pd.to_datetime(rows["first_seen"]),
        out_of_service_since=pd.to_datetime(rows["out_of_service_since"]),
    )
    return rows[COLUMNS].sort_values("equipment_id", ignore_index=True)


def _days(lake: Lake, key: list[str], by: list[str], name: str) -> "pd.DataFrame | None":
    """The first day of each piece of equipment in a table; None where there is no such table."""
    if not lake.exists(key):
        return None
    rows = lake.read_pandas(key, columns=list(dict.fromkeys([*by, "day"])))
    days = rows.groupby(list(dict.fromkeys(by)), as_index=False)["day"].min()
    return days.rename(columns={"day": name})
