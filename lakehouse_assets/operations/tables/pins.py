"""Which versions of which tables somebody needs: models, the next training, and explorative sandboxes.

What pins a table's version:

- a version of a registered model that has not been deleted, of whatever use case: everything in its ``delta_versions``,
  from which it can be trained again and its drift reference made again;
- a training manifest that lies in the lake: what the next candidate will be registered with;
- a living sandbox.

The newest version and the retention window need no pin: vacuum never touches them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from lakehouse_assets.lake.maintenance.vacuum import Pinned
from lakehouse_assets.lake.sandbox import living
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lifecycle.registry import ModelRegistry

MANIFEST = "training_manifest"

Pins = dict[str, Pinned]
"""Asset key joined by / -> version -> who needs it."""


def gather(lake: Lake, registry: ModelRegistry, tables: Iterable[Sequence[str]]) -> Pins:
    """All pins as they are now.

    Args:
        lake: where manifests and sandboxes lie.
        registry: where the models are.
        tables: the lake's tables, among which the training manifests are found by their name.

    Raises:
        RegistryUnreachableError: the registry does not answer: then nobody knows, and nothing may be removed.
        ValueError: a model's tag cannot be understood; the same holds.
        LakeError: manifests or sandboxes cannot be read; the same holds.
    """
    found: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for model in registry.all_versions():
        for table, version in model.delta_versions.items():
            found[table][version].append(f"model {model.name} version {model.version}")
    for key in tables:
        if key[-1] == MANIFEST and lake.exists(key):
            for row in lake.read(key, columns=["table", "version"]).to_pylist():
                found[row["table"]][int(row["version"])].append(f"the training manifest {'/'.join(key)}")
    for sandbox in living(lake).values():
        for table, version in sandbox.versions.items():
            found[table][version].append(f"sandbox {sandbox.name} of {sandbox.owner} until {sandbox.expires_on}")
    return {table: dict(versions) for table, versions in found.items()}
