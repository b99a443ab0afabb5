"""Erasing the people of `people` in tests, and looking for what is left of them."""

import dataclasses
from pathlib import Path

from lakehouse_assets.operations.erasure.erase import Place, Report, erase
from lakehouse_assets_tests.operations.erasure.people import ANN, KEYS, REQUEST, SPELLED, grep

#: All that Ann may be found by: her badge in any spelling, and her pseudonyms by either key.
TRACES = (*SPELLED, *KEYS.all_of(ANN))
#: The tables that may name her pseudonym, and only that.
KEPT = ("lake/monitoring/platform/audit/", "lake/monitoring/platform/erased_persons/")


def traces(folder: Path) -> list[str]:
    return [path for path in grep(folder, *TRACES) if not path.startswith(KEPT)]


def erased(place: Place, given: str = ANN) -> Report:
    return erase(place, dataclasses.replace(REQUEST, given=given), KEYS, dry_run=False, run_id="run 1")
