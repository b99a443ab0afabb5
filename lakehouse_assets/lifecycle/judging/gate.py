"""The gate: whether a candidate may serve. A pure decision from the evaluation table, with all its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lakehouse_assets.lifecycle.judging.evaluation import ALL, CANDIDATE, CHAMPION, DIFFERENCE, figure
from lakehouse_assets.lifecycle.judging.slices import collapsed_slices

if TYPE_CHECKING:
    import pandas as pd

ON, DRY_RUN, OFF = "on", "dry_run", "off"
#: What a decision did; `promotion` adds the rolling back and what it found changed by others.
PROMOTE, REFUSE, TRIED = "promote", "refuse", "dry_run"


@dataclass(frozen=True)
class Rules:
    """What a candidate must reach.

    Attributes:
        metric: The deciding one.
        at_most: Its bound where lower is better. Exactly one of the two bounds is given, and says which way is better.
        at_least: Its bound where higher is better.
        margin: By how much, in the metric's own unit, the candidate may be worse than the champion.
        slice_tolerance: Share of the champion's figure by which no slice may be worse.
        mode: "on"; "dry_run" decides and promotes nothing; "off" promotes nothing.
    """

    metric: str
    at_most: float | None = None
    at_least: float | None = None
    margin: float = 0.0
    slice_tolerance: float = 0.25
    mode: str = ON

    def __post_init__(self) -> None:
        """Refuse rules that say nothing or two things."""
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError(f"gate: at_most {self.at_most} and at_least {self.at_least}; expected exactly one bound")
        if self.mode not in (ON, DRY_RUN, OFF):
            raise ValueError(f"gate: mode {self.mode!r}; expected {ON}, {DRY_RUN} or {OFF}")

    @property
    def lower_is_better(self) -> bool:
        """Which way the metric is better: the way that its bound keeps open."""
        return self.at_most is not None

    @property
    def bound(self) -> float:
        """The bound's value."""
        return float(self.at_most if self.at_most is not None else self.at_least)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Verdict:
    """What the gate decided and did.

    `failures` holds every reason against the candidate; `action` is "promote", "refuse" or, of a dry run, "dry_run";
    the values are of the deciding metric over all rows, None where not measured.
    """

    promoted: bool
    action: str
    reason: str
    failures: tuple[str, ...]
    candidate_value: float | None = None
    champion_value: float | None = None


def decide(
    evaluation: pd.DataFrame,
    rules: Rules,
    candidate_version: int,
    champion_version: int | None,
    sample_error: str | None = None,
    withdrawn: str | None = None,
) -> Verdict:
    """Decide on a candidate.

    Args:
        evaluation: Rows of models/<use case>/evaluation (`evaluation.of_role`), of which those with `decides` count.
            Without rows of the champion it could not be asked on these features.
        rules: The use case's.
        candidate_version: The version in question.
        champion_version: The version that serves now; None before the first.
        sample_error: What went wrong when a clean process loaded the candidate through pyfunc and scored a sample;
            None when it gave the same numbers.
        withdrawn: Why this very version was rolled back from before (`promotion.withdrawn`); it serves again only if
            somebody says so by rolling back to it.
    """
    deciding = evaluation[evaluation["decides"].astype(bool) & evaluation["metric"].eq(rules.metric)]
    values = {role: _by_slice(deciding, role) for role in (CANDIDATE, CHAMPION)}
    new, old = values[CANDIDATE].get(ALL), values[CHAMPION].get(ALL)
    itself = champion_version == candidate_version
    failures = [*_stale(deciding, candidate_version, champion_version), *_bound(new, rules)]
    if not itself and old is not None:
        failures += _against_the_champion(deciding, old, rules)
        failures += _slices(deciding, values, rules)
    if sample_error is not None:
        failures.append(f"it does not load and score a sample in a clean process: {sample_error}")
    if withdrawn is not None:
        failures.append(f"version {candidate_version} was rolled back from before: {withdrawn}")
    reason = "; ".join(failures) or _praise(deciding, new, old, rules, champion_version, itself)
    decided = Verdict(not failures, REFUSE if failures else PROMOTE, reason, tuple(failures), new, old)
    return _by_mode(decided, rules.mode)


def _stale(deciding: pd.DataFrame, candidate: int, champion: int | None) -> list[str]:
    """An evaluation of other versions says nothing about these."""
    serving = () if champion == candidate else ((CHAMPION, champion),)
    found = []
    for role, now in ((CANDIDATE, candidate), *serving):
        measured = {int(one) for one in deciding.loc[deciding["role"].eq(role), "model_version"]}
        if measured - {now}:
            found.append(f"the evaluation measured {role} {min(measured)}, not {now}: materialise it again")
    return found


def _bound(value: float | None, rules: Rules) -> list[str]:
    if value is None or value != value:
        why = "no row was measured" if value is None else "the rows do not define it"
        return [f"{rules.metric} is unknown: {why}"]
    kept = value <= rules.bound if rules.lower_is_better else value >= rules.bound
    return [] if kept else [f"{rules.metric} {figure(value)} does not keep the bound {_bound_words(rules)}"]


def _against_the_champion(deciding: pd.DataFrame, old: float, rules: Rules) -> list[str]:
    """Worse by more than the margin, and beyond the interval of the paired difference where there is one."""
    found = deciding[deciding["role"].eq(DIFFERENCE) & deciding["slice"].eq(ALL)]
    if old != old:
        return []
    if found.empty:
        return [f"the difference of {rules.metric} from the champion's was not measured"]
    value, low, high = (float(found[name].iloc[0]) for name in ("value", "low", "high"))
    if value != value:
        return [f"the difference of {rules.metric} from the champion's is not defined"]
    known = low == low and high == high
    surely = (low if known else value) if rules.lower_is_better else (-high if known else -value)
    if surely <= rules.margin:
        return []
    doubt = "beyond what chance explains" if known else "and too few rows or groups tell how much of it is chance"
    allowed = f", more than the margin {rules.margin:g}" if rules.margin else ""
    return [
        f"{rules.metric} is worse than the champion's {figure(old)} by {figure(value, low, high)}{allowed}, {doubt}"
    ]


def _slices(deciding: pd.DataFrame, values: dict[str, dict[str, float]], rules: Rules) -> list[str]:
    """Slices that collapse: worse by more than the tolerance, in a slice large enough to tell it from chance."""
    differences = deciding[deciding["role"].eq(DIFFERENCE) & deciding["slice"].ne(ALL)].set_index("slice")
    end = differences["low"] if rules.lower_is_better else -differences["high"]
    told = {str(name) for name in end.index[end > 0]}
    undefined = {name for name, value in values[CANDIDATE].items() if value != value}
    judged = {name: value for name, value in values[CANDIDATE].items() if name in told | undefined}
    measured = {name: value for name, value in values[CHAMPION].items() if value == value}
    found = collapsed_slices(judged, measured, rules.lower_is_better, rules.slice_tolerance)
    return [f"{rules.metric} collapses in slice {one}" for one in found if not one.startswith(f"{ALL}:")]


def _praise(
    deciding: pd.DataFrame, new: float | None, old: float | None, rules: Rules, champion: int | None, itself: bool
) -> str:
    kept = f"{rules.metric} {figure(float(new or 0.0))} keeps the bound {_bound_words(rules)}"
    if champion is None:
        return f"{kept}, and there is no champion to compare with"
    if itself:
        return f"{kept}, and this version is the champion already"
    if old is None:
        return f"{kept}, and champion {champion} cannot be asked on these features: the bound alone decides"
    if old != old:
        return f"{kept}, and the champion's is not defined on these rows: the bound alone decides"
    one = deciding[deciding["role"].eq(DIFFERENCE) & deciding["slice"].eq(ALL)].iloc[0]
    difference = figure(float(one["value"]), float(one["low"]), float(one["high"]))
    return f"{kept} and is not worse than the champion's {figure(old)}: difference {difference}"


def _by_mode(verdict: Verdict, mode: str) -> Verdict:
    would = "promoted" if verdict.promoted else "refused"
    if mode == DRY_RUN:
        return replace(verdict, promoted=False, action=TRIED, reason=f"dry run, would be {would}: {verdict.reason}")
    if mode == OFF:
        reason = f"the gate is off, so nothing is promoted; on, this would be {would}: {verdict.reason}"
        return replace(verdict, promoted=False, action=REFUSE, reason=reason)
    return verdict


def _by_slice(deciding: pd.DataFrame, role: str) -> dict[str, float]:
    own = deciding[deciding["role"].eq(role)]
    return dict(zip(own["slice"].astype(str), own["value"].astype(float), strict=True))


def _bound_words(rules: Rules) -> str:
    return f"{'at most' if rules.lower_is_better else 'at least'} {rules.bound:g}"
