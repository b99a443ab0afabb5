"""What a drift report may say of a column, and of all of them."""

from collections.abc import Collection

DRIFT, STABLE = "drift", "stable"
TOO_FEW_ROWS, NOT_CALIBRATED = "too few rows", "not calibrated"
#: Too few outcomes came in the window, or in the reference to calibrate on.
OUTCOMES_NOT_JUDGED = "outcomes not judged"
#: Too few of the window's predictions are the champion's, or there are too few: it began to serve lately.
PREDICTIONS_NOT_JUDGED = "predictions not judged"
#: Faults of the data, the most telling first; they are no drift and ask for no retraining.
NO_READINGS, NULLS, UNIT_CHANGE, STUCK, OUT_OF_RANGE = "no readings", "nulls", "unit change", "stuck", "out of range"
FAULTS = (NO_READINGS, NULLS, UNIT_CHANGE, STUCK, OUT_OF_RANGE)
VERDICTS = (DRIFT, STABLE, TOO_FEW_ROWS, NOT_CALIBRATED, OUTCOMES_NOT_JUDGED, PREDICTIONS_NOT_JUDGED, *FAULTS)


def overall(verdicts: Collection[str]) -> str:
    """The verdict of a report: the worst of its columns'.

    A fault of the data outranks drift, for what drifts beside it may follow from it; drift outranks what could not be
    judged.
    """
    for verdict in (*FAULTS, DRIFT, TOO_FEW_ROWS, NOT_CALIBRATED):
        if verdict in verdicts:
            return verdict
    return STABLE if verdicts else TOO_FEW_ROWS
