"""What a drift report says of all its columns, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse_assets.monitoring.verdicts import DRIFT, FAULTS, NOT_CALIBRATED, STABLE, TOO_FEW_ROWS


def report_in_words(verdicts: Mapping[str, str]) -> str:
    """Faults and drift with their columns, the gravest first; of what could not be judged, that the others are stable.

    Args:
        verdicts: The verdict of each column. Outcomes that are not judged are left out where anything else is.

    Returns:
        Such as `stuck in s9; drift in s4, s11`, `stable`, `stable but for mean_7 (not calibrated)`, or `not calibrated`
        where no column could be judged: a report with one such column watches the others all the same.
    """
    found = {one: sorted(name for name in verdicts if verdicts[name] == one) for one in (*FAULTS, DRIFT)}
    if any(found.values()):
        return "; ".join(f"{grave} in {', '.join(columns)}" for grave, columns in found.items() if columns)
    unjudged = {name: verdict for name, verdict in verdicts.items() if verdict in (TOO_FEW_ROWS, NOT_CALIBRATED)}
    if STABLE in verdicts.values():
        exceptions = ", ".join(f"{name} ({verdict})" for name, verdict in sorted(unjudged.items()))
        return f"{STABLE} but for {exceptions}" if exceptions else STABLE
    return TOO_FEW_ROWS if TOO_FEW_ROWS in unjudged.values() or not unjudged else NOT_CALIBRATED
