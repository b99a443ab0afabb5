"""What is known of each asset and each use case when somebody asks how the platform is. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lakehouse_assets.monitoring.deciding.decision import INVESTIGATE
from lakehouse_assets.monitoring.pauses import Pause
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.incidents import Incident
from lakehouse_assets.operations.health.nights import NightFacts


@dataclass(frozen=True)
class FailedCheck:
    """A check of an asset whose newest evaluation failed; ``set_aside`` if it is about rows in quarantine.

    ``run_id`` is the run of that evaluation, ``days`` its partitions in words.
    """

    name: str
    at: datetime
    description: str = ""
    rows: int | None = None
    set_aside: bool = False
    run_id: str = ""
    days: str = ""


@dataclass(frozen=True)
class AssetFacts:
    """What the asset's records say.

    Attributes:
        made_at: When it was last made; None: never.
        late_since: Since when it breaks its promise of freshness; None: it keeps it, or promises nothing.
        failing_since: When the run failed in which it was last to be made; None: it was made in it.
        failed_run: That run.
        failed_days: Its partitions in words.
        failed_checks: Its checks that do not pass.
        quarantined: Rows in it, if it is a quarantine.
        quarantined_since: Since when the oldest of them lies there.
    """

    made_at: datetime | None = None
    late_since: datetime | None = None
    failing_since: datetime | None = None
    failed_run: str = ""
    failed_days: str = ""
    failed_checks: tuple[FailedCheck, ...] = ()
    quarantined: int = 0
    quarantined_since: datetime | None = None


@dataclass(frozen=True)
class ChampionFacts:
    """Who serves, since when, and how good it is.

    Attributes:
        version: None: nothing serves.
        since: When it began to serve.
        measured: What decided, by the newest evaluation, in words.
        realised: What came of its predictions, in words; empty where no outcome is known yet.
        as_expected: Whether what came is what the evaluation let expect, over all.
        last_decision: The newest row of the record, in words.
        slices: The slices that are worse than expected, in words; empty: none is.
        slices_since: Since when the first of them is.
        worse_since: Since when it is worse over all, by the first of the days in a row that say so.
    """

    version: int | None = None
    since: datetime | None = None
    measured: str = ""
    realised: str = ""
    as_expected: bool = True
    last_decision: str = ""
    slices: str = ""
    slices_since: datetime | None = None
    worse_since: datetime | None = None


@dataclass(frozen=True)
class DriftFacts:
    """What the newest drift report says: its verdict, since when it is so, and what it says of its columns in words."""

    verdict: str = ""
    day: str = ""
    since: datetime | None = None
    words: str = ""
    rows: int | None = None


@dataclass(frozen=True)
class DecisionFacts:
    """What was decided last on training again, why, and since when the decision has been the same."""

    decision: str = ""
    reason: str = ""
    since: datetime | None = None

    @property
    def asks_for_a_person(self) -> bool:
        """Whether no training would help."""
        return self.decision == INVESTIGATE


@dataclass(frozen=True)
class Facts:
    """All of it, at a moment; ``incidents`` are those that people were told of, ``unreadable`` the tables that cannot
    be read, each with why, ``away`` why none can be, ``untold_since`` since when the sensor of alerts cannot read the
    incidents.
    """

    at: datetime
    graph: Graph
    assets: Mapping[str, AssetFacts]
    champions: Mapping[str, ChampionFacts] = field(default_factory=dict)
    drift: Mapping[str, DriftFacts] = field(default_factory=dict)
    pauses: Mapping[str, Pause] = field(default_factory=dict)
    decisions: Mapping[str, DecisionFacts] = field(default_factory=dict)
    nights: NightFacts = field(default_factory=NightFacts)
    incidents: Sequence[Incident] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    away: str = ""
    untold_since: datetime | None = None
