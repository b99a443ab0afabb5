"""Energy, harmonized: every quarter hour at the instant that its stamp means, and days that are whole."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.conform import Conformed, conform, to_arrow
from lakehouse_assets.contracts.quarantine import quarantine_table
from lakehouse_assets.defs.energy import harmonize
from lakehouse_assets.defs.energy.days import SOURCE, contract
from lakehouse_assets.sources.plant.energy import HEADER, Works, day_file, write_days
from lakehouse_assets_tests.defs.deliveries import raw_of
from lakehouse_assets_tests.sources.published import published

WORKS, DAY, SEOUL = Works(), date(2024, 2, 14), ZoneInfo("Asia/Seoul")


ASIDE = contract("harmonized", "quarantine")


def readings(raw: pd.DataFrame) -> Conformed:
    return conform(harmonize.readings(raw, SOURCE), contract("harmonized", "readings"))


@settings(max_examples=5, deadline=None)
@given(st.dates(date(2018, 1, 1), date(2025, 12, 31)))
def test_what_the_meters_wrote_is_what_raw_holds_and_harmonized_says(tmp_path_factory, day):
    folder = tmp_path_factory.mktemp("landing")
    write_days(WORKS, folder, day, day)
    raw = raw_of(folder, SOURCE, day, day)
    for meter in WORKS.meters:
        written = (folder / f"steel_{meter.name}_{day}.csv").read_bytes().decode("utf-8-sig").splitlines()[1:]
        ours = raw[raw["meter_id"].eq(f"energy-{meter.name}")]
        assert [",".join(row) for row in ours[SOURCE.value_columns].itertuples(index=False)] == written
    split = readings(raw)
    assert split.broken.empty
    assert harmonize.broken_days(split.rows, SOURCE.timezone).empty
    begin = pd.Timestamp(day, tz=SEOUL).tz_convert("UTC")
    for meter in WORKS.meters:
        ours = split.rows[split.rows["meter_id"].eq(f"energy-{meter.name}")]
        assert ours["event_time"].tolist() == [begin + timedelta(minutes=15) * n for n in range(1, 97)]
        assert ours["quarter_of_day"].tolist() == list(range(96))
        told = [float(line.split(",")[1]) for line in day_file(WORKS, meter, day).decode("utf-8-sig").splitlines()[1:]]
        assert ours["usage"].tolist() == told


def test_units_names_and_what_is_known_when(tmp_path: Path) -> None:
    line = "14/02/2024 00:00,3.42,3.46,1.5,0.02,70.3,99,0,Weekday,Wednesday,Maximum_Load"
    (tmp_path / "steel_EM01_2024-02-14.csv").write_text(f"{HEADER}\n{line}\n")
    (reading,) = readings(raw_of(tmp_path, SOURCE, DAY, DAY)).rows.to_dict("records")
    assert reading["event_time"] == pd.Timestamp("2024-02-14T15:00Z")  # midnight in Seoul at the day's end
    assert reading["known_at"] == pd.Timestamp("2024-02-14T15:00Z")
    assert (reading["meter_id"], reading["load_type"], reading["quarter_of_day"]) == ("energy-EM01", "maximum", 95)
    assert (reading["usage"], reading["co2"]) == (3.42, 20.0)
    assert reading["lagging_power_factor"] == pytest.approx(0.703)
    assert (reading["source_file"], reading["source_line"]) == ("steel_EM01_2024-02-14.csv", 2)


def test_a_day_with_a_missing_or_a_doubled_reading_is_told(tmp_path: Path) -> None:
    lines = day_file(WORKS, WORKS.meters[0], DAY).splitlines(keepends=True)
    (tmp_path / "steel_EM01_2024-02-14.csv").write_bytes(b"".join((*lines[:40], lines[39], *lines[41:])))
    raw = raw_of(tmp_path, SOURCE, DAY, DAY)
    split = readings(raw)
    (broken,) = harmonize.broken_days(split.rows, SOURCE.timezone).to_dict("records")
    assert (broken["meter_id"], broken["readings"], broken["expected"]) == ("energy-EM01", 95, 96)
    (row,) = quarantine_table(split.broken, raw, SOURCE.value_columns, ASIDE).to_pylist()
    assert (row["source_line"], row["rule"][:12]) == (41, "only one row")
    assert "95 of 96" in harmonize.day_check_metadata(harmonize.broken_days(split.rows, SEOUL))["examples"]


def test_a_day_of_100_quarter_hours_is_whole_where_the_clock_falls_back() -> None:
    ends = pd.date_range("2024-10-26T22:15Z", periods=100, freq="15min")
    rows = pd.DataFrame({"meter_id": "m", "day": date(2024, 10, 27), "event_time": ends})
    assert harmonize.broken_days(rows, ZoneInfo("Europe/Berlin")).empty
    assert len(harmonize.broken_days(rows.iloc[:96], ZoneInfo("Europe/Berlin"))) == 1


def test_no_rows_give_empty_tables_that_keep_the_contract(tmp_path: Path) -> None:
    raw = raw_of(tmp_path, SOURCE, DAY, DAY)
    split = readings(raw)
    assert to_arrow(split.rows, contract("harmonized", "readings")).num_rows == 0
    assert quarantine_table(split.broken, raw, SOURCE.value_columns, ASIDE).num_rows == 0
    assert harmonize.broken_days(split.rows, SEOUL).empty


def test_the_published_file_is_taken_whole_and_time_runs_forwards(tmp_path: Path) -> None:
    path = published("energy", "Steel_industry_data.csv")
    (tmp_path / path.name).symlink_to(path)
    raw = raw_of(tmp_path, SOURCE, date(2018, 1, 1), date(2018, 12, 31))
    split = readings(raw)
    assert split.broken.empty
    assert len(split.rows) == 26_208
    assert split.rows["event_time"].diff().dropna().eq(timedelta(minutes=15)).all()
    assert split.rows["event_time"].iloc[[0, -1]].tolist() == [
        pd.Timestamp("2017-12-31T15:15Z"),
        pd.Timestamp("2018-09-30T15:00Z"),
    ]
    assert split.rows.sort_values("event_time")["source_line"].is_monotonic_increasing
    assert harmonize.broken_days(split.rows, SEOUL).empty
    assert split.rows["usage"].sum() == pytest.approx(pd.read_csv(path)["Usage_kWh"].sum())
