"""The gate of remaining life until its use case decides by `gate`: a pure decision with its reason in words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """What a candidate must reach on the held-out entities.

    `worst` is the absolute bound on the deciding metric, `tolerance` the share by which a candidate may be worse than
    the champion before it counts as worse; both models are measured on the same rows.
    """

    worst: float
    tolerance: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """Whether the candidate is promoted, and why or why not."""

    promoted: bool
    reason: str


def decide(candidate: float | None, champion: float | None, bounds: Bounds, metric: str) -> Verdict:
    """Decide by the metric on held-out entities, lower being better.

    Args:
        candidate: The candidate's figure; None when no entity was held out.
        champion: The serving model's figure on the same rows; None when nothing serves yet or it reads other features.
        bounds: The bounds.
        metric: The metric's name, for the reason.
    """
    if candidate is None:
        return Verdict(False, f"no held-out engine has failed yet, so {metric} is unknown")
    if not candidate <= bounds.worst:
        return Verdict(False, f"{metric} {candidate:.2f} is worse than the bound {bounds.worst:.2f}")
    if champion is None:
        return Verdict(
            True,
            f"{metric} {candidate:.2f} keeps the bound {bounds.worst:.2f}, and there is no champion to compare with",
        )
    if not candidate <= champion * (1 + bounds.tolerance):
        return Verdict(False, f"{metric} {candidate:.2f} is worse than the champion's {champion:.2f}")
    return Verdict(True, f"{metric} {candidate:.2f} is not worse than the champion's {champion:.2f}")
