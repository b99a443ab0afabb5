"""Identifiers, their pseudonyms, and what becomes of them when rows are conformed."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.conform import conform
from lakehouse_assets.contracts.contract import ContractError
from lakehouse_assets.contracts.odcs.reading import load_contract
from lakehouse_assets.contracts.personal.identifiers import canonical, replace_mentions, search_pattern
from lakehouse_assets.contracts.personal.pseudonyms import (
    PseudonymKeyError,
    Pseudonyms,
    key_id,
    pseudonyms_of_environment,
)
from lakehouse_assets.defs.turbofan.days import contract

KEYS = Pseudonyms(b"a key for tests only")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSEUDONYM_KEY", "a key for tests only")


def records(**given: object) -> pd.DataFrame:
    row = {
        "engine_id": "turbofan-FS001-001",
        "day": "2024-01-01",
        "event_time": "2024-01-01T00:00:00Z",
        "ingested_at": "2024-01-02T00:00:00Z",
        "fleet": "FS001",
        "badge": "B-10423",
        "work": "inspection",
        "minutes": "30",
        "note": "",
        "source_file": "maintenance_FS001_2024-01-01.csv",
        "source_line": 2,
    }
    return pd.DataFrame([{**row, **given}])


@pytest.mark.parametrize("spelled", ["B-10423", "b-10423", "B10423", " B 10423 ", "B_10423"])
def test_however_a_badge_is_spelled_it_has_one_pseudonym(spelled: str) -> None:
    assert KEYS.of(spelled) == KEYS.of("B-10423")
    assert re.fullmatch(r"person-[0-9a-f]{32}", KEYS.of(spelled))


def test_another_badge_or_another_key_gives_another_pseudonym() -> None:
    assert KEYS.of("B-10423") != KEYS.of("B-10424")
    assert KEYS.of("B-10423") != Pseudonyms(b"another key for tests").of("B-10423")


def test_a_pseudonym_and_the_mark_of_the_erased_stay_as_they_are() -> None:
    assert KEYS.of(KEYS.of("B-10423")) == KEYS.of("B-10423")
    assert KEYS.of("erased") == "erased"


def test_the_key_is_in_no_text_of_the_object() -> None:
    assert "a key for tests" not in repr(Pseudonyms(b"a key for tests only", (b"a key for tests earlier",)))


def test_conformed_rows_hold_pseudonyms_in_the_badge_and_in_the_note() -> None:
    frame = pd.concat(
        [
            records(note="with b 20111, then B-10423 alone"),
            records(source_line=3, badge="MECH/7", note="mech/7 and B-99999."),
            records(source_line=4, note=None),
        ]
    )
    rows = conform(frame.reset_index(drop=True), contract("harmonized", "maintenance_records")).rows
    assert rows["badge"].tolist() == [KEYS.of("B-10423"), KEYS.of("MECH/7"), KEYS.of("B-10423")]
    assert rows["note"].tolist()[:2] == [
        f"with {KEYS.of('B-20111')}, then {KEYS.of('B-10423')} alone",
        f"{KEYS.of('MECH/7')} and {KEYS.of('B-99999')}.",
    ]
    assert pd.isna(rows["note"].iloc[2])


def test_a_broken_row_names_nobody_either_wherever_the_badge_slipped_to() -> None:
    frame = pd.concat([records(minutes="B-10423"), records(minutes="soon", source_line=3, work="for B-20111")])
    broken = conform(frame.reset_index(drop=True), contract("harmonized", "maintenance_records")).broken
    assert broken["rule"].tolist() == [
        f"minutes must be a whole number, found '{KEYS.of('B-10423')}'",
        "minutes must be a whole number, found 'soon'",
    ]
    assert "10423" not in broken.to_csv()
    assert "20111" not in broken.to_csv()


def test_a_contract_without_personal_columns_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSEUDONYM_KEY", "short")
    frame = pd.DataFrame(columns=contract("harmonized", "failures").column_names)
    assert conform(frame, contract("harmonized", "failures")).rows.empty
    with pytest.raises(PseudonymKeyError, match="PSEUDONYM_KEY: expected keys of at least 16") as refused:
        conform(records(), contract("harmonized", "maintenance_records"))
    assert "'short'" not in str(refused.value)


def test_retired_keys_stand_behind_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSEUDONYM_KEY", "the newest key of all, an earlier key of them")
    keys = pseudonyms_of_environment()
    assert keys.of("B-1") == Pseudonyms(b"the newest key of all").of("B-1")
    assert keys.all_of("B-1") == {keys.of("B-1"), Pseudonyms(b"an earlier key of them").of("B-1")}
    assert key_id(b"an earlier key of them") in keys.key_ids


def test_the_embedded_key_is_made_once_by_whoever_comes_first_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pseudonym.key"
    code = (
        "from lakehouse_assets.contracts.personal.pseudonyms import pseudonyms_of_environment as p;"
        "print(p().of('B-10423'))"
    )
    own = {name: value for name, value in os.environ.items() if name != "PSEUDONYM_KEY"}
    started = [
        subprocess.Popen([sys.executable, "-c", code], env={**own, "PSEUDONYM_KEY_FILE": str(path)}, stdout=-1)
        for _ in range(3)
    ]
    assert len({one.communicate()[0] for one in started}) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["pseudonym.key"]
    assert len(path.read_text().strip()) == 64


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_text("a key that everybody may read")
    path.chmod(0o644)
    monkeypatch.delenv("PSEUDONYM_KEY")
    monkeypatch.setenv("PSEUDONYM_KEY_FILE", str(path))
    with pytest.raises(PseudonymKeyError, match="chmod 600"):
        pseudonyms_of_environment()


def test_the_key_folder_is_ignored_by_git() -> None:
    root = Path(__file__).resolve().parents[3]
    asked = subprocess.run(["git", "check-ignore", "data/keys/pseudonym.key"], cwd=root, check=False)
    assert asked.returncode == 0


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["B-10423", "b10423", "B 10423", "B-104230", "XB-10423", "10423", "\n", "é", ",", ";", "--"])
    )
)
def test_a_text_is_replaced_exactly_where_the_identifier_stands_alone(parts: list[str]) -> None:
    """Against an oracle: a regular expression with boundaries."""
    text = ", ".join(parts)
    boundary = r"(?<![^\W_]){}(?![^\W_])"
    expected = re.sub(boundary.format(r"B[-_ ./:#\u2011\u2013\u00a0]?10423"), "X", text, flags=re.IGNORECASE)
    replaced = replace_mentions(text, lambda span: "X" if canonical(span) == "B10423" else None)
    assert replaced == expected
    if replaced != text:
        assert re.search("(?i)" + search_pattern("B-10423"), text), "the quick look misses no mention"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            (
                "physicalType: string\n        description: Pseudonym",
                "physicalType: long\n        description: Pseudonym",
            ),
            "string",
        ),
        (
            ("required: true\n        classification: personal", "partitioned: true\n        classification: personal"),
            "partition",
        ),
        (
            ("required: true\n        classification: personal", "primaryKey: true\n        classification: personal"),
            "part of the key",
        ),
        (("value: blank", "value: forget"), "onErasure must be one of blank, delete_row"),
    ],
)
def test_a_contract_that_erasing_could_not_keep_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    text = contract("harmonized", "maintenance_records").path.read_text()
    assert change[0] in text
    (tmp_path / "broken.yaml").write_text(text.replace(*change))
    with pytest.raises(ContractError, match=said):
        load_contract(tmp_path / "broken.yaml")
