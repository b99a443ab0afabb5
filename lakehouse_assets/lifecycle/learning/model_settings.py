"""What decides what training makes of its rows, as plain values that can stand in a YAML, a tag and a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

ROUNDS = "rounds"
"""The one parameter of a search space that LightGBM takes beside its parameters."""


@dataclass(frozen=True)
class ModelSettings:
    """Settings of a model; each task uses those that concern it.

    Attributes:
        params: LightGBM's parameters. Forecasts set objective and alpha themselves.
        rounds: Number of trees of each booster.
        folds: Folds of the out-of-fold predictions that bands and probabilities are calibrated on.
        least_groups: Fewer groups of rows (or rows, where each is its own group) train nothing.
        label_cap: Regression: longer labels are learned as this one.
        reported_cap: Regression: errors are also measured against labels capped here.
        coverage: Regression: share of the outcomes that the band shall hold.
        cost_of_miss: Classification: what silence costs where an alarm was due, in any unit.
        cost_of_false_alarm: Classification: what an alarm costs where none was due, in the same unit.
        quantiles: Forecast: ascending, between 0 and 1, 0.5 among them.
        calibration_days: Forecast: the last days, on which the band is widened.
        minimum: No prediction and no bound lies below; None sets no such limit.
        maximum: Nor above this.
        seed: Deals rows to folds. LightGBM's own seed is one of its parameters.

    Raises:
        ValueError: A value cannot be used by any task.
    """

    params: Mapping[str, Any]
    rounds: int
    folds: int = 3
    least_groups: int = 10
    label_cap: float | None = None
    reported_cap: float | None = None
    coverage: float = 0.8
    cost_of_miss: float = 1.0
    cost_of_false_alarm: float = 1.0
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    calibration_days: int = 42
    minimum: float | None = None
    maximum: float | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what no task can use; what only some need they check themselves."""
        if self.rounds < 1 or self.folds < 2 or self.least_groups < 2:
            raise ValueError(
                f"model settings: rounds {self.rounds}, folds {self.folds}, least_groups {self.least_groups}; "
                "at least 1, 2 and 2 are needed"
            )
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"model settings: minimum {self.minimum} lies above maximum {self.maximum}")

    def with_found(self, found: Mapping[str, Any]) -> ModelSettings:
        """The same settings with what a search found; ``rounds`` is the number of trees, all else LightGBM's."""
        params = {name: value for name, value in found.items() if name != ROUNDS}
        return replace(self, params={**self.params, **params}, rounds=int(found.get(ROUNDS, self.rounds)))

    def to_json(self) -> dict[str, Any]:
        """As plain data: what :meth:`from_json` takes."""
        return {**asdict(self), "params": dict(self.params), "quantiles": list(self.quantiles)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ModelSettings:
        """The settings that :meth:`to_json` gave.

        Raises:
            ValueError: It holds a setting that is not known here: code of another version wrote it.
        """
        unknown = sorted(set(document) - {one.name for one in fields(cls)})
        if unknown:
            raise ValueError(f"model settings: {unknown} are unknown to this code; it was written by another version")
        return cls(**{**document, "quantiles": tuple(document["quantiles"])})
