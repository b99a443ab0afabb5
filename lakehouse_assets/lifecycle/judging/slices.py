"""Whether a candidate that is good on the whole is bad for some: no slice may collapse."""

from __future__ import annotations

from collections.abc import Mapping


def collapsed_slices(
    candidate: Mapping[str, float | None],
    champion: Mapping[str, float | None],
    lower_is_better: bool,
    tolerance: float = 0.25,
) -> list[str]:
    """Name the slices on which the candidate is worse than the champion by more than a share of the champion's figure.

    Args:
        candidate: Slice -> metric; None where it could not be measured.
        champion: The same for the serving model, on the same rows. A slice that one of them lacks is not judged.
        lower_is_better: Of the metric.
        tolerance: The share by which a slice may be worse; slices are small and their figures noisy.

    Returns:
        A sentence for each collapsed slice, ordered by name.
    """
    found = []
    for name in sorted(candidate):
        now, before = candidate[name], champion.get(name)
        if now is None or before is None:
            continue
        room = tolerance * abs(before)
        worse = now > before + room if lower_is_better else now < before - room
        if worse or now != now:
            found.append(f"{name}: {now:.3f} against the champion's {before:.3f}")
    return found
