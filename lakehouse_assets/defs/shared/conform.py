"""Equipment of several domains under one key. Pure functions; the register says which tables know of it.

Dagster imports every module below `defs/` when it loads the code location, so what is heavy is imported inside them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.lake.table import Lake

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["equipment_id", "domain", "kind", "site", "first_seen", "in_service", "out_of_service_since"]
COLUMNS += ["valid_from", "valid_to", "is_current"]
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
    """A domain's equipment, a row for each day with a row about it: equipment_id, domain, kind, place, day,
    out_of_service_since (null: in service).

    Empty where the domain has no table yet.
    """
    import pandas as pd

    key = ["harmonized", domain.name, domain.table]
    if not lake.exists(key):
        return pd.DataFrame(columns=["equipment_id", "domain", "kind", "place", "day", "out_of_service_since"])
    columns = list(dict.fromkeys([domain.key, domain.placed_by, "day"]))
    rows = lake.read_pandas(key, columns=columns).drop_duplicates()
    return pd.DataFrame(
        {
            "equipment_id": rows[domain.key],
            "domain": domain.name,
            "kind": domain.kind,
            "place": rows[domain.placed_by],
            "day": pd.to_datetime(rows["day"]),
            "out_of_service_since": pd.to_datetime(rows[domain.key].map(_ends(lake, domain))),
        }
    )


def _ends(lake: Lake, domain: Domain) -> Mapping[str, date]:
    """The day on which equipment failed for good, by its key."""
    if domain.failures is None or not lake.exists(["harmonized", domain.name, domain.failures]):
        return {}
    rows = lake.read_pandas(["harmonized", domain.name, domain.failures], columns=[domain.key, "day"])
    ends: Mapping[str, date] = rows.groupby(domain.key)["day"].min().to_dict()
    return ends


def conformed_equipment(found: Iterable["pd.DataFrame"], register: Register) -> "pd.DataFrame":
    """The history of all equipment as one table of `COLUMNS`: a row for each time in which nothing about it changed.

    The times are those of the rows' days, whenever they were gathered, so days that come one by one and all at once
    give the same history. A site is declared without a date and holds for all of a place's days.
    """
    import pandas as pd

    frames = [frame for frame in found if len(frame)]
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    days = pd.concat(frames, ignore_index=True)
    days = days.assign(site=days["place"].map(dict(register.sites)).fillna(UNASSIGNED))
    days = days.sort_values(["equipment_id", "day", "site"], ignore_index=True)
    days["first_seen"] = days.groupby("equipment_id")["day"].transform("min")
    same = days["equipment_id"].eq(days["equipment_id"].shift()) & days["site"].eq(days["site"].shift())
    rows = _with_ends(days[~same].rename(columns={"day": "from"}))
    until = rows.groupby("equipment_id")["from"].shift(-1)
    rows = rows.assign(valid_from=_instants(rows["from"]), valid_to=_instants(until), is_current=until.isna())
    return rows[COLUMNS]


def _with_ends(stays: "pd.DataFrame") -> "pd.DataFrame":
    """Stays at a site, until the end of service where there is one, and what is true from that day on."""
    import pandas as pd

    end = stays["out_of_service_since"].clip(lower=stays["first_seen"])
    served = stays[end.isna() | (stays["from"] < end)].assign(in_service=True, out_of_service_since=pd.NaT)
    last = stays.assign(end=end)[stays["from"] <= end].groupby("equipment_id").tail(1)
    ended = last.assign(in_service=False, **{"from": last["end"]}).drop(columns="end")
    ended["out_of_service_since"] = stays.loc[ended.index, "out_of_service_since"]
    return pd.concat([served, ended]).sort_values(["equipment_id", "from"], ignore_index=True)


def _instants(days: "pd.Series") -> "pd.Series":
    """The beginning of each day in UTC."""
    return days.astype("datetime64[us]").dt.tz_localize("UTC")
