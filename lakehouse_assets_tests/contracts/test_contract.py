from pathlib import Path

import pytest

from lakehouse_assets.contracts.catalogue import catalogue, contract_named
from lakehouse_assets.contracts.contract import ContractError
from lakehouse_assets.contracts.odcs.reading import load_contract
from lakehouse_assets.contracts.schema import shown_name

CONTRACT = """
kind: DataContract
apiVersion: v3.1.0
id: presses
name: presses
version: 1.0.0
status: active
team:
  name: plant
  members:
    - username: team:plant
      role: owner
schema:
  - name: strokes
    physicalName: harmonized/press/strokes
    description: Strokes of presses.
    quality:
      - name: presses_push
        type: custom
        engine: greatExpectations
        severity: warning
        description: Most presses push.
        implementation:
          type: ExpectColumnValuesToBeBetween
          kwargs: {column: force, min_value: 1, mostly: 0.5}
    properties:
      - name: press_id
        logicalType: string
        physicalType: string
        description: The press.
        primaryKey: true
      - name: force
        logicalType: number
        physicalType: double
        description: Its force.
        logicalTypeOptions: {minimum: 0, maximum: 900}
        customProperties: [{property: unit, value: kN}]
"""


TEAM = "team:\n  name: plant\n"
KEPT = "slaProperties:\n  - {{property: retention, value: {value}, unit: {unit}}}\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "strokes.yaml"
    path.write_text(text)
    return path


def test_a_contract_gives_key_owner_columns_limits_and_units(tmp_path: Path) -> None:
    contract = load_contract(written(tmp_path, CONTRACT))
    assert contract.key == ("harmonized", "press", "strokes")
    assert contract.owner == "team:plant"
    assert contract.primary_key == ["press_id"]
    assert [c.required for c in contract.columns] == [True, False]
    force = contract.columns[1]
    assert (force.unit, force.minimum, force.maximum) == ("kN", 0, 900)


@pytest.mark.parametrize(
    ("change", "line", "expected"),
    [
        (("physicalType: double", "physicalType: decimal"), 34, "column force: physicalType must be one of"),
        (("logicalType: number", "logicalType: string"), 33, "column force: a double has the logicalType number"),
        (("role: owner", "role: reader"), 8, "role: owner"),
        (("kind: DataContract", "kind: DataContract\nunheard_of: 1"), 3, "unheard_of"),
        (("schema:", "nothing:"), 13, "nothing"),
        (("name: force", "name: press_id"), 32, "column press_id: stands here and in line 27"),
        (("minimum: 0", "minimum: 901"), 36, "column force: minimum 901 lies above maximum 900"),
        (("minimum: 0", "minimum: much"), 36, "column force: minimum must be a number"),
        (("column: force", "column: fours"), 23, "quality rule presses_push: the table has no column 'fours'"),
        (
            ("severity: warning", "severity: serious"),
            21,
            "quality rule presses_push: severity must be error or warning",
        ),
        (("name: presses_push", "name: one_row_per_key"), 18, "quality rule one_row_per_key: the name is taken"),
        (("        description: Its force.\n", ""), 32, "column force: expected a description"),
        (("id: presses", "id: presses\nid: strokes"), 5, "key 'id' stands here and in line 4"),
        (("status: active", "status: [active"), 8, "no YAML"),
        (
            (TEAM, KEPT.format(value="some", unit="d") + TEAM),
            9,
            "retention: expected a whole number from 1 and a unit",
        ),
        ((TEAM, KEPT.format(value=9, unit="weeks") + TEAM), 9, "retention: expected a whole number from 1 and a unit"),
    ],
)
def test_a_malformed_contract_is_refused_with_file_line_and_what_was_expected(
    tmp_path: Path, change: tuple[str, str], line: int, expected: str
) -> None:
    assert change[0] in CONTRACT
    path = written(tmp_path, CONTRACT.replace(change[0], change[1], 1))
    with pytest.raises(ContractError) as refused:
        load_contract(path)
    assert any(
        str(problem).startswith(f"{path}:{line}: ") and expected in problem.text for problem in refused.value.problems
    ), str(refused.value)


def test_how_long_pages_of_reports_are_kept_is_promised_as_a_retention(tmp_path: Path) -> None:
    text = CONTRACT.replace(TEAM, KEPT.format(value=30, unit="d") + TEAM)
    assert load_contract(written(tmp_path, text)).retention_days == 30
    (tmp_path / "without").mkdir()
    assert load_contract(written(tmp_path / "without", CONTRACT)).retention_days is None


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, CONTRACT.replace("role: owner", "role: reader").replace("minimum: 0", "minimum: 901"))
    with pytest.raises(ContractError) as refused:
        load_contract(path)
    assert [problem.line for problem in refused.value.problems] == [8, 36]


def test_the_primary_key_is_a_rule_of_its_own_over_the_whole_table_unless_the_partition_is_part_of_it(
    tmp_path: Path,
) -> None:
    (key, _) = load_contract(written(tmp_path, CONTRACT)).all_rules
    assert (key.name, key.blocking, key.whole_table) == ("one_row_per_key", True, True)
    assert (key.expectation, key.arguments) == ("ExpectColumnValuesToBeUnique", {"column": "press_id"})
    daily = CONTRACT.replace("primaryKey: true", "primaryKey: true\n        partitioned: true")
    path = tmp_path / "daily.yaml"
    path.write_text(daily)
    assert not load_contract(path).all_rules[0].whole_table


def test_a_contract_for_every_domain_is_that_of_each_with_tables_in_its_zone(tmp_path: Path) -> None:
    for domain, table in (("press", "harmonized/press/strokes"), ("saw", "raw/saw/planks"), ("all", "raw/*/repairs")):
        folder = tmp_path / "defs" / domain / "contracts" / "any"
        folder.mkdir(parents=True)
        (folder / "table.yaml").write_text(CONTRACT.replace("harmonized/press/strokes", table))
    found = catalogue(tmp_path / "defs")
    assert {"/".join(key) for key in found} == {"harmonized/press/strokes", "raw/saw/planks", "raw/saw/repairs"}
    repairs = found["raw", "saw", "repairs"]
    assert contract_named(Path(shown_name(repairs))) == repairs
    assert [rule.name for rule in repairs.all_rules] == ["presses_push"]


def test_two_contracts_of_one_table_are_refused_with_both_files(tmp_path: Path) -> None:
    for zone in ("raw", "harmonized"):
        folder = tmp_path / "press" / "contracts" / zone
        folder.mkdir(parents=True)
        (folder / "strokes.yaml").write_text(CONTRACT)
    with pytest.raises(
        ContractError, match=r"raw/strokes.yaml:1: table harmonized/press/strokes has a contract already: .*harmonized"
    ):
        catalogue(tmp_path)
