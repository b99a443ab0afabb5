"""Which table versions each step has read, so that what it writes can say what it was made from.

Inputs are noted by the IO manager; tables that an asset reads through ``LakeResource`` by the ``Lake`` itself. A step's
inputs, its function and its outputs run in one process, so a process's memory is enough.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from threading import Lock

KEPT_STEPS = 1_000
"""A process that runs step after step forgets the oldest; a step in flight is never among them."""

_noted: OrderedDict[tuple[str, str], dict[str, list[int]]] = OrderedDict()
_lock = Lock()


def note(run_id: str, step: str, asset: str, version: int) -> None:
    """Notes that a step read an asset's table at a version."""
    with _lock:
        versions = _noted.setdefault((run_id, step), {}).setdefault(asset, [])
        if version not in versions:
            versions.append(version)
        _noted.move_to_end((run_id, step))
        while len(_noted) > KEPT_STEPS:
            _noted.popitem(last=False)


def note_in_current_step(asset: str, version: int) -> None:
    """The same for whatever step is running here; does nothing outside of one (a sensor, a notebook)."""
    dg = sys.modules.get("dagster")
    if dg is None:  # no step runs in a process that has not imported it, which takes a second
        return
    try:
        context = dg.OpExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return
    note(context.run_id, context.get_step_execution_context().step.key, asset, version)


def of_step(run_id: str, step: str) -> dict[str, str]:
    """The versions that a step has read, by asset; several of one table in the order of reading."""
    with _lock:
        return {asset: ", ".join(map(str, versions)) for asset, versions in _noted.get((run_id, step), {}).items()}
