"""In which states an asset can be, which of them come first, and the page about each. Standard library only."""

from enum import StrEnum


class State(StrEnum):
    """How a zone of a subject is; the first in this order is told where there are several."""

    AWAY = "lake away"
    SILENT = "daemon silent"
    MISSED = "night missed"
    TICKS = "ticks fail"
    UNREADABLE = "table unreadable"
    FAILING = "failing"
    LATE = "late"
    NO_FILE = "file late"
    CHECK = "check failed"
    FAULTY = "data at fault"
    INVESTIGATE = "to be looked into"
    DRIFTING = "drifting"
    WORSE = "worse than expected"
    QUARANTINED = "quarantined"
    PAUSED = "paused"
    NEVER = "never made"
    FRESH = "fresh"


#: The runbook of each state that is a problem: a page of docs/runbooks.
RUNBOOKS = {
    State.AWAY: "unreadable",
    State.SILENT: "missed_night",
    State.MISSED: "missed_night",
    State.TICKS: "failing_tick",
    State.NO_FILE: "late_file",
    State.UNREADABLE: "unreadable",
    State.FAILING: "failed_run",
    State.LATE: "broken_freshness",
    State.CHECK: "failed_check",
    State.FAULTY: "investigate",
    State.INVESTIGATE: "investigate",
    State.DRIFTING: "drifting",
    State.WORSE: "worse_than_expected",
    State.QUARANTINED: "quarantined",
}
#: The place of each, the most urgent first.
ORDER = {state: place for place, state in enumerate(State)}
