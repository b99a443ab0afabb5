"""The ledger of deliveries, on real files in a landing folder and real tables in a lake."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from deltalake import write_deltalake

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.turbofan import deliveries as ledger

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Night:
    """Ingestion of one landing folder, night after night."""

    def __init__(self, folder: Path) -> None:
        self.landing, self.lake, self._nights = folder / "landing", Lake(str(folder / "lake")), 0
        self.landing.mkdir()

    def open_rejects(self) -> pd.DataFrame:
        self._nights += 1
        now = NOW + timedelta(days=self._nights)
        files, rejects = ledger.examine(self.landing, ledger.known_deliveries(self.lake), now)
        still_open = ledger.open_rejects(self.lake, self.landing, files, rejects)
        for key, table in (
            (ledger.DELIVERIES, ledger.deliveries_table(files)),
            (ledger.QUARANTINE, ledger.quarantine_table(rejects)),
        ):
            write_deltalake(self.lake.table_uri(key), table, mode="append")
        return still_open

    def drop(self, name: str, content: str, modified: float) -> None:
        (self.landing / name).write_text(content)
        os.utime(self.landing / name, (modified, modified))


def test_a_broken_file_is_open_until_it_is_put_right(tmp_path: Path) -> None:
    night = Night(tmp_path)
    night.drop("RUL_FD001.txt", "", modified=1e9)
    assert night.open_rejects()["file"].tolist() == ["RUL_FD001.txt"]
    assert len(night.open_rejects()) == 1
    night.drop("RUL_FD001.txt", "112 \n98 \n", modified=2e9)
    assert night.open_rejects().empty


def test_a_broken_delivery_that_comes_back_with_its_old_time_is_open_again(tmp_path: Path) -> None:
    night = Night(tmp_path)
    night.drop("RUL_FD001.txt", "", modified=1e9)
    night.open_rejects()
    night.drop("RUL_FD001.txt", "112 \n", modified=2e9)
    assert night.open_rejects().empty
    night.drop("RUL_FD001.txt", "", modified=1e9)
    assert night.open_rejects()["file"].tolist() == ["RUL_FD001.txt"]


def test_an_unknown_file_is_kept_whole_and_waited_for_until_it_is_taken_away(tmp_path: Path) -> None:
    night = Night(tmp_path)
    night.drop("notes.csv", "a,b\n", modified=1e9)
    (reject,) = night.open_rejects().to_dict("records")
    assert (reject["file"], reject["line"], reject["content"]) == ("notes.csv", 0, b"a,b\n")
    (night.landing / "notes.csv").unlink()
    assert night.open_rejects().empty


def test_a_file_that_is_known_is_not_read_again(tmp_path: Path) -> None:
    night = Night(tmp_path)
    night.drop("RUL_FD001.txt", "112 \n", modified=1e9)
    night.open_rejects()
    files, _ = ledger.examine(night.landing, ledger.known_deliveries(night.lake), NOW)
    assert files.empty
