"""Whatever happens in whatever order: one decision asks for one run. Random histories are played tick by tick."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.monitoring.deciding.decision import Decision, Policy, decide, worth_a_row
from lakehouse_assets.monitoring.deciding.history import (
    DATA,
    FAILED,
    SUCCEEDED,
    TERMINATED,
    UNDER_WAY,
    History,
    Judged,
    Training,
)

START = datetime(2024, 5, 1, 6, tzinfo=UTC)
COLUMNS = ("t30", "t50", "prediction")
BAD = ("drift", "worse than expected")
POLICY = Policy(cool_down_days=5, loss_cool_down_days=2, attempts=3, per_week=2)
SHARE = 0.5
ON_MORE_DATA = replace(POLICY, on_more_data=SHARE)
#: What would make a key twice, were it not looked for: a request for each report that is bad.
EAGER = replace(ON_MORE_DATA, drift_at_least=1, loss_at_least=1, cool_down_days=0, loss_cool_down_days=0, per_week=99)

night = st.tuples(
    st.tuples(*[st.sampled_from(["drift", "drift", "stable", "too few rows"])] * len(COLUMNS)),
    st.sampled_from(["worse than expected", "as expected", "no outcomes yet"]),
)
event = st.one_of(
    st.tuples(st.just("night"), night),
    st.tuples(st.just("tick"), st.integers(1, 3)),
    st.tuples(st.just("off"), st.lists(night, min_size=3, max_size=8)),
    st.tuples(
        st.just("end"), st.sampled_from(["promoted", "refused", "failed", "failed", "terminated", "unknown end"])
    ),
    st.tuples(st.just("missed"), st.integers(1, 20)),
    st.tuples(st.just("made up for"), st.lists(night, min_size=1, max_size=4)),
    st.tuples(st.just("deleted"), st.integers(0, 9)),
    st.tuples(st.just("labels"), st.integers(1, 2000)),
    st.tuples(st.just("same report again"), st.none()),
    st.tuples(st.just("decisions lost"), st.none()),
    st.tuples(st.just("by hand"), st.none()),
)


@dataclass
class World:
    """What the sensor sees; like Dagster, it starts one run per run key and no second."""

    now: datetime = START
    day: date = date(2024, 5, 1)
    reported: date = date(2024, 5, 1)
    champion: int = 1
    reports: list[dict[str, object]] = field(default_factory=list)
    performance: list[dict[str, object]] = field(default_factory=list)
    decisions: list[dict[str, object]] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    missed: list[date] = field(default_factory=list)
    asked: list[Decision] = field(default_factory=list)
    held_out_days: int = 0
    policy: Policy = POLICY
    labelled: int = 1000
    learned_rows: int = 1000

    def history(self) -> History:
        columns = list(Decision(START, None, "wait", None, "", None).row(POLICY))
        return History(
            pd.DataFrame(self.reports, columns=["day", "model_version", "column_name", "verdict"]),
            pd.DataFrame(self.performance, columns=["day", "model_version", "verdict"]),
            pd.DataFrame(self.decisions, columns=columns),
            tuple(self.trainings),
            self.champion,
            self.labelled - self.learned_rows,
            self.learned_rows,
            learns_until=self.reported - timedelta(days=self.held_out_days),
            judged=[one for one in self.judged if one.run_id not in {run.run_id for run in self.trainings}],
        )

    def learned(self, day: date, since: date) -> int:
        """Days of a change that a training learns that is asked for on a day."""
        return max(0, (day - since).days + 1 - self.held_out_days)

    def report(self, verdicts: tuple[str, ...], realised: str) -> None:
        self.day += timedelta(days=1)
        self.now += timedelta(days=1)
        self.labelled += 10
        self.report_of(self.day, verdicts, realised)

    def report_of(self, day: date, verdicts: tuple[str, ...], realised: str) -> None:
        self.reported = max(self.reported, day)
        at = {"day": pd.Timestamp(day), "model_version": self.champion}
        self.reports += [at | {"column_name": n, "verdict": v} for n, v in zip(COLUMNS, verdicts, strict=True)]
        self.performance.append(at | {"verdict": realised})

    def tick(self) -> Decision:
        history = self.history()
        decision = decide(history, self.policy, "pumps", self.now)
        if worth_a_row(decision, history.decisions):
            self.decisions.append(decision.row(self.policy))
        if decision.run_key is not None:
            assert decision.run_key not in {one.run_key for one in self.trainings}, "Dagster would start none"
            assert all(one.status != UNDER_WAY for one in self.trainings), "two trainings at once"
            self.asked.append(decision)
            rows = decision.labelled_rows
            run_id = f"run-{len(self.asked)}"
            started = Training(run_id, UNDER_WAY, decision.run_key, day=self.day, labelled_rows=rows)
            self.trainings.append(started)
        return decision

    def end(self, how: str) -> None:
        for place, one in enumerate(self.trainings):
            if one.status == UNDER_WAY:
                status = {"promoted": SUCCEEDED, "refused": SUCCEEDED, "terminated": TERMINATED}.get(how, FAILED)
                promoted = {"promoted": True, "refused": False}.get(how)
                at = None if how == "unknown end" else self.now
                self.trainings[place] = replace(one, status=status, ended_at=at, promoted=promoted)
                if promoted is not None:
                    self.judged.append(Judged(one.run_id, self.now, promoted))
                if promoted:
                    self.champion, self.learned_rows = self.champion + 1, self.labelled


@settings(max_examples=60, deadline=None)
@given(st.lists(event, min_size=5, max_size=40), st.integers(0, 6), st.sampled_from([POLICY, ON_MORE_DATA, EAGER]))
def test_whatever_happens_each_decision_asks_for_one_run(
    events: list[tuple[str, object]], held_out: int, policy: Policy
) -> None:
    world = World(held_out_days=held_out, policy=policy)
    for kind, what in events:
        happen(world, kind, what)
        world.now += timedelta(minutes=1)
        again = world.tick()
        count = len(world.trainings)
        assert world.tick().decision in (again.decision, "blocked"), "the same state, the same decision"
        assert len(world.trainings) == count, "evaluating again starts nothing"
    # Of what stands neither in the table nor in Dagster nobody knows.
    if {"decisions lost", "deleted"} - {kind for kind, _ in events}:
        asked_for_the_week_is_kept(world)
        refused_is_not_repeated(world)
    no_run_learns_nothing_of_what_it_is_for(world)


def happen(world: World, kind: str, what: object) -> None:
    if kind == "night":
        world.report(*what)  # type: ignore[misc]
    elif kind == "off":
        for one in what:  # type: ignore[attr-defined]
            world.report(*one)
    elif kind == "tick":
        world.now += timedelta(hours=what)  # type: ignore[arg-type]
    elif kind == "end":
        world.end(str(what))
    elif kind == "labels":
        world.labelled += what  # type: ignore[operator]
    elif kind == "same report again":
        world.reports += world.reports[-len(COLUMNS) :]
    elif kind in ("missed", "made up for", "deleted", "decisions lost"):
        break_off(world, kind, what)
    elif all(one.status != UNDER_WAY for one in world.trainings):
        world.trainings.append(Training(f"hand-{len(world.trainings)}", UNDER_WAY, None, day=world.day))


def break_off(world: World, kind: str, what: object) -> None:
    if kind == "missed":
        world.missed = [world.day + timedelta(days=n + 1) for n in range(int(str(what)))]
        world.day, world.now = world.missed[-1], world.now + timedelta(days=len(world.missed))
    elif kind == "made up for":
        for day, one in zip(world.missed, what, strict=False):  # type: ignore[call-overload]
            world.report_of(day, *one)
        world.missed = []
    elif kind == "decisions lost":
        world.decisions.clear()
    else:
        over = [one for one in world.trainings if one.status != UNDER_WAY]
        if over:
            world.trainings.remove(over[int(str(what)) % len(over)])


def asked_for_the_week_is_kept(world: World) -> None:
    first_tries = [one.day for one in world.asked if one.attempt == 1 and one.day]
    for last in first_tries:
        assert sum(last - timedelta(days=7) < one <= last for one in first_tries) <= world.policy.per_week


def refused_is_not_repeated(world: World) -> None:
    """Between two requests for the same signals of one champion lies a calm stretch, a failed run, or more to learn."""
    for before, after in zip(world.asked, world.asked[1:], strict=False):
        same = before.champion_version == after.champion_version and before.trigger == after.trigger
        if same and after.attempt == 1 and set(after.signals) <= set(before.signals):
            assert after.since is not None
            assert before.day is not None
            assert after.day is not None
            if after.trigger == DATA:
                assert (after.labelled_rows or 0) >= (1 + SHARE) * (before.labelled_rows or 0) > 0
                continue
            had, has = (world.learned(day, after.since) for day in (before.day, after.day))
            assert after.since > before.day or has >= had + max(had, POLICY.learn_days)


def no_run_learns_nothing_of_what_it_is_for(world: World) -> None:
    for one in world.asked:
        if one.attempt == 1 and one.day is not None and one.since is not None and one.trigger != DATA:
            # What is told of first, a feature or the performance, says since when.
            bad = [row["day"].date() for row in (*world.reports, *world.performance) if row["verdict"] in BAD]
            first = min(day for day in bad if day <= one.since)
            assert world.learned(one.day, first) >= POLICY.learn_days


def test_half_a_year_of_drift_that_no_training_mends_costs_ever_rarer_runs() -> None:
    world = World(held_out_days=3)
    for _ in range(180):
        world.report(("drift", "stable", "stable"), "as expected")
        world.tick()
        world.end("refused")
    days = [(one.day - date(2024, 5, 1)).days for one in world.trainings if one.day]
    assert days == [5, 15, 35, 75, 155], "each waits twice as long as the one before"


@pytest.mark.parametrize(
    ("growth", "nights"),
    [
        # 1,500 rows, 2,250, 3,375: each time half as many again as the refused one had.
        pytest.param(1, [50, 125, 238], id="the rows are late"),
        # Rows enough every night: the cool-down of five days is doubled by each refusal.
        pytest.param(2, [1, 11, 31, 71, 151], id="the cool-down is late"),
    ],
)
def test_eight_months_of_more_to_learn_from_that_never_helps_costs_ever_rarer_runs(
    growth: int, nights: list[int]
) -> None:
    world = World(policy=ON_MORE_DATA)
    for _ in range(240):
        world.report(("stable",) * len(COLUMNS), "as expected")
        world.labelled *= growth
        world.tick()
        world.end("refused")
    assert [(one.day - date(2024, 5, 1)).days for one in world.trainings if one.day] == nights
