"""What repairs would come to, tried on the raw rows by the very function that makes the table."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import pandas as pd

from lakehouse_assets.contracts.conform import conform
from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.contracts.harmonized import HarmonizedTable
from lakehouse_assets.contracts.quarantine import RAW_PLACE, SOURCE_PLACE
from lakehouse_assets.contracts.repairs import CORRECT, Place, in_force, places_of
from lakehouse_assets.lake.table import Lake


def left_wrong(
    table: HarmonizedTable, lake: Lake, held: pd.DataFrame, repairs: pd.DataFrame, rows: pd.DataFrame
) -> Mapping[Place, str]:
    """What is wrong with repairs, by the row that each is for, in words; empty if all of them put their rows right.

    Args:
        table: The table whose rows they are for.
        lake: Where its raw tables lie.
        held: The table's repairs so far.
        repairs: The new ones, tried together.
        rows: The rows that they are for, quarantined or repaired before.
    """
    days = days_of(rows) if table.has_days else None
    raw = [lake.read_pandas(key, where={"day": days} if days is not None else None) for key in table.raw]
    delivered, before = table.typed(raw, held.iloc[:0]), table.typed(raw, held)
    after = table.typed(raw, pd.concat([held, repairs], ignore_index=True) if len(held) else repairs)
    there, stood = set(places_of(delivered)), set(places_of(conform(before, table.promise).broken))
    broken = conform(after, table.promise).broken
    rules = dict(zip(places_of(broken), broken["rule"], strict=True))
    wrong: dict[Place, str] = {}
    for place, action in zip(places_of(repairs), repairs["action"], strict=True):
        if place not in there:
            wrong[place] = "its file was delivered again since; materialise its days first"
        elif action == CORRECT and place in rules:
            wrong[place] = f"with these values it still breaks a rule: {rules[place]}"
    driven_out = rules.keys() - stood - set(places_of(repairs))
    return {**dict(_in_the_way(after, table.promise, places_of(repairs), driven_out)), **wrong}


def repaired_rows(table: HarmonizedTable, lake: Lake, held: pd.DataFrame, files: Sequence[str]) -> pd.DataFrame:
    """The rows of these files that a repair in force names: `SOURCE_PLACE` and `day`, the latest repaired last.

    A repair does not say the day of its row; raw does.

    Args:
        table: The table whose rows they are.
        lake: Where its raw tables lie.
        held: The table's repairs so far.
        files: Names of files.
    """
    named = in_force(held[held["source_file"].isin(files)])[SOURCE_PLACE]
    if named.empty or not table.has_days:
        return named
    where = {"file": sorted(named["source_file"].unique())}
    raw = pd.concat([lake.read_pandas(key, columns=[*RAW_PLACE, "day"], where=where) for key in table.raw])
    days = raw.drop_duplicates(RAW_PLACE).set_axis([*SOURCE_PLACE, "day"], axis=1)
    return named.merge(days, on=SOURCE_PLACE, how="inner")


def days_of(rows: pd.DataFrame) -> list[date]:
    """The days of rows, in order."""
    return sorted(set(pd.to_datetime(rows["day"]).dt.date))


def stretches(days: Sequence[date]) -> list[tuple[date, date]]:
    """First and last day of each stretch of days without a gap."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _in_the_way(
    typed: pd.DataFrame, promise: Contract, repaired: Sequence[Place], driven_out: set[Place]
) -> Iterator[tuple[Place, str]]:
    """The repaired rows that would take the place of a row that is in the table now: they have its key."""
    keys = promise.primary_key
    told = dict(zip(places_of(typed), typed[keys].astype(str).itertuples(index=False, name=None), strict=True))
    others = {told[place]: place for place in sorted(driven_out)}
    for place in repaired:
        other = others.get(told[place]) if place in told else None
        if other is not None:
            yield (
                place,
                f"only one row per {', '.join(keys)}: {other[0]} line {other[2]} has the same; discard one of them",
            )
