from pathlib import Path

import pytest

from lakehouse_assets.contracts.contract import ContractError, load_contract

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
    properties:
      - name: press_id
        logicalType: string
        physicalType: string
        primaryKey: true
      - name: force
        logicalType: number
        physicalType: double
        logicalTypeOptions: {minimum: 0, maximum: 900}
        customProperties: [{property: unit, value: kN}]
"""


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
    ("change", "expected"),
    [
        (("physicalType: double", "physicalType: decimal"), "force.*physicalType must be one of"),
        (("role: owner", "role: reader"), "role: owner"),
        (("kind: DataContract", "kind: DataContract\nunheard_of: 1"), "unheard_of"),
        (("schema:", "nothing:"), "not an Open Data Contract"),
    ],
)
def test_a_malformed_contract_is_refused_with_its_file_and_what_was_expected(
    tmp_path: Path, change: tuple[str, str], expected: str
) -> None:
    path = written(tmp_path, CONTRACT.replace(*change))
    with pytest.raises(ContractError, match=f"(?s){path.name}.*{expected}"):
        load_contract(path)


def test_every_contract_of_the_project_can_be_loaded() -> None:
    import lakehouse_assets

    found = sorted((Path(lakehouse_assets.__file__).parent / "defs").glob("*/contracts/*.yaml"))
    assert found
    for path in found:
        assert load_contract(path).columns
