"""A record of champions in a real table, beside a registry whose alias is all that moves."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.lifecycle.judging.gate import Rules, Verdict
from lakehouse_assets.lifecycle.judging.promotion import Occasion, audit_frame, carry_out
from lakehouse_assets.lifecycle.judging.rolling_back import Planned, Step, Wish, carry_out_roll_back, plan_roll_back
from lakehouse_assets_tests.lifecycle.judging.test_gate import AT_MOST

GOOD = Verdict(True, "promote", "mae 0.7 keeps the bound", (), 0.7, 0.8)
REASON = "it alarms all night"
BAD = Verdict(False, "refuse", "mae 1.7 does not keep the bound", ("…",), 1.7, 0.8)


@dataclass(frozen=True)
class Version:
    name: str
    version: int


@dataclass
class Models:
    """A registry of five versions in memory; the alias is all that moves."""

    alias: int | None = None
    moves: list[int] = field(default_factory=list)

    def champion(self, name: str) -> Version | None:
        return None if self.alias is None else Version(name, self.alias)

    def versions(self, name: str) -> list[Version]:
        return [Version(name, number) for number in range(1, 6)]

    def promote(self, version: Version) -> None:
        self.alias = version.version
        self.moves.append(version.version)


class Record:
    """The audit table, a real one: what is read is what was written."""

    def __init__(self, folder: Path) -> None:
        self.path, self.models, self.hour = str(folder / "champion"), Models(), 0

    def audit(self) -> pd.DataFrame:
        there = DeltaTable.is_deltatable(self.path)
        return DeltaTable(self.path).to_pandas() if there else audit_frame([])

    def occasion(self) -> Occasion:
        self.hour += 1
        return Occasion(datetime(2024, 5, 1, tzinfo=UTC) + timedelta(hours=self.hour), "ada", f"run-{self.hour}")

    def append(self, rows: pd.DataFrame) -> pd.DataFrame:
        write_deltalake(self.path, rows, mode="append")
        return rows

    def decide(self, candidate: int, verdict: Verdict = GOOD, rules: Rules = AT_MOST) -> pd.DataFrame:
        return self.append(self.decided(candidate, verdict, rules))

    def decided(self, candidate: int, verdict: Verdict = GOOD, rules: Rules = AT_MOST) -> pd.DataFrame:
        at = self.models.alias
        version = Version("pumps", candidate)
        return carry_out(self.models, version, verdict, rules, at, self.audit(), self.occasion())

    def plan_back(
        self, to: int | None = None, error: str | None = None, forced: bool = False, begun: Step | None = None
    ) -> Planned[Version]:
        # A retry goes by the identifier of the run that it is one of.
        now = self.occasion()
        self.going = now if begun is None else replace(now, run_id=self.going.run_id)
        wish = Wish(REASON, to, forced)
        return plan_roll_back(self.models, "pumps", self.audit(), self.going, wish, lambda _: error, begun)

    def back(self, to: int | None = None, error: str | None = None, forced: bool = False) -> pd.DataFrame:
        return self.append(self.moved_back(self.plan_back(to, error, forced)))

    def moved_back(self, planned: Planned[Version]) -> pd.DataFrame:
        return carry_out_roll_back(self.models, planned, self.going, REASON)
