"""Runs in Feast's own environment: historical features for labels.parquet from rows.parquet, its CPU time as JSON."""

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64

folder = Path(sys.argv[1])
labels = pd.read_parquet(folder / "labels.parquet").rename(columns={"t": "event_timestamp"})
labels["event_timestamp"] = labels["event_timestamp"].dt.tz_localize("UTC")

store = FeatureStore(
    config=RepoConfig(
        project="bench",
        registry=str(folder / "registry.db"),
        provider="local",
        offline_store={"type": "file"},
        online_store={"type": "sqlite", "path": str(folder / "online.db")},
        entity_key_serialization_version=3,
    )
)
machine = Entity(name="k", join_keys=["k"])
source = FileSource(path=str(folder / "rows.parquet"), timestamp_field="e")
names = [f"f{n}" for n in range(10)]
view = FeatureView(
    name="machines",
    entities=[machine],
    ttl=timedelta(0),
    schema=[Field(name=name, dtype=Float64) for name in names],
    source=source,
)
store.apply([machine, view])
start = time.process_time()
found = store.get_historical_features(labels, [f"machines:{name}" for name in names]).to_df()
print(json.dumps({"cpu": time.process_time() - start, "rows": len(found), "sum of f0": float(found["f0"].sum())}))
