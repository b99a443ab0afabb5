"""What a drift report compares with what: the rows of a window, those of the reference, and the thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from lakehouse_assets.monitoring.calibration import MIN_ROWS
from lakehouse_assets.monitoring.reports.own_predictions import own_predictions


@dataclass(frozen=True)
class Compared:
    """Columns of rows that came together: the features and the prediction, or what came.

    Attributes:
        reference: The champion's reference rows.
        current: The rows of the window; with a column `day`, faults are looked for in its last day by itself too.
        thresholds: `column_name` and `threshold` of every monitored column (`calibration.calibrate`), and where it is
            there `window_rows`, for which they hold.
        least_rows: A window with fewer rows is not judged.
        left_out: In words, which rows of the window are not among the current ones; empty: all are.
    """

    reference: pd.DataFrame
    current: pd.DataFrame
    thresholds: pd.DataFrame
    least_rows: int = MIN_ROWS
    left_out: str = ""

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self.thresholds["column_name"])

    @property
    def enough(self) -> bool:
        """Whether there is anything to compare, and enough of it."""
        return len(self.current) >= self.least_rows and not self.reference.empty

    @property
    def limits(self) -> pd.Series:
        """The threshold of each column at this window's rows: fewer lie farther off by chance, by the root of it."""
        told = self.thresholds.set_index("column_name")
        if "window_rows" not in told.columns or self.current.empty:
            return told["threshold"]
        return told["threshold"] * (told["window_rows"] / len(self.current)).clip(lower=1.0) ** 0.5

    def watching(self, names: Sequence[str]) -> Compared:
        """These columns, whatever was watched when the reference was made: it calibrated nothing for others."""
        missing = [name for name in names if name not in self.reference.columns]
        limits = self.thresholds.set_index("column_name").reindex(names).rename_axis("column_name").reset_index()
        reference = self.reference.reindex(columns=[*self.reference.columns, *missing])
        return replace(self, reference=reference, thresholds=limits)

    def apart(self, prediction: str | None, version: int) -> list[Compared]:
        """These columns; the prediction by itself, where others than this version made some of the window's, or nobody.

        It is judged by what this version predicted (`own_predictions`), as the fewer rows that it is.
        """
        if prediction is None or prediction not in self.names or "day" not in self.current.columns:
            return [self]
        chosen = own_predictions(self.current, prediction, version)
        if not chosen.why:
            return [self]
        own = self.thresholds["column_name"].eq(prediction)
        sides = (
            replace(self, thresholds=self.thresholds[~own]),
            replace(self, thresholds=self.thresholds[own], current=chosen.rows, left_out=chosen.why),
        )
        return [side for side in sides if side.names]

    def readable(self) -> Compared:
        """The columns alone that have a value on both sides."""
        kept = [name for name in self.names if self.current[name].notna().any() and self.reference[name].notna().any()]
        limits = self.limits[kept].rename("threshold").rename_axis("column_name").reset_index()
        return Compared(self.reference[kept], self.current[kept], limits, self.least_rows)


def notes_on(features: Sequence[Compared], outcomes: Compared) -> list[str]:
    """What Evidently's page cannot say by itself: which outcomes it is of, and of what it judges nothing."""
    limits = pd.concat([one.limits for one in (*features, outcomes) if one.enough] or [pd.Series(dtype="float64")])
    without = ", ".join(str(name) for name in limits.index[limits.isna()])
    untold = f"Not judged, whatever is said below: {without}. The reference is too short to calibrate a threshold."
    few = [told for one in features if (told := note_on_predictions(one))]
    return [*few, _note_on_outcomes(outcomes), *([untold] if without else [])]


def note_on_predictions(side: Compared) -> str:
    """Of which rows predictions are, where these are not all of the window; empty: they are all."""
    if not side.left_out:
        return ""
    names, rows = ", ".join(side.names), len(side.current)
    left = f"{rows} of the window's rows"
    if side.enough:
        return f"Predictions ({names}) are judged by {left}. {side.left_out}."
    few = f"only {left} are left, and fewer than {side.least_rows} tell nothing"
    return f"Predictions ({names}) are not judged: {few}. {side.left_out}."


def _note_on_outcomes(outcomes: Compared) -> str:
    names, known = ", ".join(outcomes.names), len(outcomes.current)
    if outcomes.reference.empty:
        return "Outcomes are not compared: the reference has none."
    if not known:
        return f"Outcomes ({names}) are not here: none became known on the days of this window."
    if not outcomes.enough:
        few = f"{known} became known on the days of this window, and fewer than {outcomes.least_rows} are not judged"
        return f"Outcomes ({names}) are not here: {few}."
    return f"Outcomes ({names}) stand last: the {known} that became known on the days of this window."
