"""A small use case of a shop's machines: its YAML and function in a folder, its readings in a real lake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml
from deltalake import write_deltalake

from lakehouse_assets.contracts.scaffold import draft
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.declaring.functions import load_function
from lakehouse_assets.use_case.feature_rows import feature_rows
from lakehouse_assets.use_case.observations import Source
from lakehouse_assets.use_case.plan import Plan

READINGS = "harmonized/shop/readings"
FIRST, DAYS, MACHINES = date(2024, 1, 1), 20, 6

YAML = """\
type: lakehouse_assets.use_case.component.UseCase
attributes:
  name: wear
  domain: shop
  purpose: Wear of a machine tomorrow.
  owner: team:shop
  timezone: Europe/Berlin
  first_day: 2024-01-01
  entity:
    machine: {type: string, description: The machine.}
  context:
    hall: {type: string, description: Where it stands.}
  predicted_at: {days_after: 1, at: "06:00"}
  observations:
    inputs: {rows: harmonized/shop/readings}
    sql: SELECT machine, day, known_at, hall FROM rows
  labels:
    inputs: {came: harmonized/shop/readings}
    sql: >-
      SELECT o.machine, o.day, came.wear AS label, came.known_at AS label_known_at, came.day AS label_day
      FROM observations AS o JOIN came ON came.machine = o.machine AND came.day = o.day + INTERVAL 1 DAY
  features:
    - function: features
      inputs: {rows: {table: harmonized/shop/readings, days: 3}}
      limit_days: 3
      columns:
        load: {description: Load of the day.}
        mean_load: {description: Mean load of three days.}
  task: regression
  prediction: {name: predicted_wear, description: Wear of the day after.}
  model:
    rounds: 8
    params: {num_leaves: 4, min_data_in_leaf: 3}
  split: {by: time, share: 0.25}
  evaluation: {metric: mae, slices: [hall]}
  gate: {at_most: 100.0}
"""

FUNCTIONS = '''\
"""Features of the shop's machines."""

import pandas as pd


def features(inputs, first, last):
    rows = inputs["rows"].assign(day=lambda r: pd.to_datetime(r["day"])).sort_values(["machine", "day"])
    mean = rows.groupby("machine")["load"].rolling(3, min_periods=1).mean().reset_index(level=0, drop=True)
    made = rows[["machine", "day", "known_at", "load"]].assign(mean_load=mean)
    made = made.assign(event_time=made["day"].astype("datetime64[us]").dt.tz_localize("UTC"))
    return made[made["day"].between(pd.Timestamp(first), pd.Timestamp(last))]
'''


def readings(days: int = DAYS) -> pd.DataFrame:
    """A row for each machine and day, known at 01:00 UTC of the next; wear follows the load of the day before."""
    random = np.random.default_rng(3)
    rows = pd.DataFrame(
        [(f"m{m}", f"hall {m % 2}", n) for n in range(days) for m in range(MACHINES)], columns=["machine", "hall", "n"]
    )
    day = pd.Timestamp(FIRST) + pd.to_timedelta(rows["n"], unit="D")
    load = pd.Series(random.normal(50, 10, len(rows)).round(3))
    known = (day + pd.Timedelta(hours=25)).astype("datetime64[us]").dt.tz_localize("UTC")
    wear = load.groupby(rows["machine"]).shift(1).fillna(50.0) * 2 + random.normal(0, 1, len(rows)).round(3)
    return rows.drop(columns="n").assign(day=day.dt.date, known_at=known, load=load, wear=wear)


def write(lake: Lake, table: str, rows: pd.DataFrame) -> None:
    """The rows as a table that is kept by day, in the place of what is there."""
    arrow = pa.Table.from_pandas(rows, preserve_index=False)
    write_deltalake(lake.table_uri(table.split("/")), arrow, mode="overwrite", partition_by=["day"])


@dataclass(frozen=True)
class Shop:
    """The use case in `defs/shop/wear` below a folder, with its lake beside."""

    home: Path

    @property
    def lake(self) -> Lake:
        return Lake(str(self.home / "lake"))

    @property
    def folder(self) -> Path:
        return self.home / "defs" / "shop" / "wear"

    @property
    def file(self) -> Path:
        return self.folder / "defs.yaml"

    @property
    def plan(self) -> Plan:
        """The use case as its files say now."""
        attributes = yaml.safe_load(self.file.read_text(encoding="utf-8"))["attributes"]
        return Plan(Declaration.model_validate(attributes), self.folder, {})

    @property
    def source(self) -> Source:
        return Source(self.lake)

    @property
    def views(self) -> Sequence[ViewSpec]:
        return self.plan.views

    def change(self, changes: Mapping[str, str]) -> None:
        """Say something else in the YAML."""
        text = self.file.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new, 1)
        self.file.write_text(text, encoding="utf-8")

    def make_features(self, days: int = DAYS) -> pd.DataFrame:
        """Let the use case's function make the feature table of all days; the rows."""
        plan = self.plan
        (view,) = plan.declaration.features
        last = FIRST + pd.Timedelta(days=days - 1)
        rows = feature_rows(view, self.source, FIRST, last, load_function(self.folder, view.function or ""))
        rows = rows.assign(day=rows["day"].dt.date, feature_version=plan.feature_version(view))
        write(self.lake, plan.declaration.table_of(view), rows)
        return rows


def shop_in(home: Path, rows: pd.DataFrame | None = None) -> Shop:
    """The shop below a folder: YAML, function, readings and their contract; no features yet."""
    shop = Shop(home)
    shop.folder.mkdir(parents=True)
    shop.file.write_text(YAML, encoding="utf-8")
    (shop.folder / "functions.py").write_text(FUNCTIONS, encoding="utf-8")
    write(shop.lake, READINGS, readings() if rows is None else rows)
    contract = shop.folder.parent / "contracts" / "harmonized" / "readings.yaml"
    contract.parent.mkdir(parents=True)
    text = draft(shop.lake, READINGS.split("/"), "team:shop", "Readings of the shop's machines.")
    contract.write_text(text, encoding="utf-8")
    return shop
