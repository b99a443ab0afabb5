"""A use case is scaffolded by `dg`'s own function: what is refused leaves nothing, what lacks a night is told so."""

import json
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from dagster.components.component_scaffolding import scaffold_object

from lakehouse_assets import settings
from lakehouse_assets_tests.use_case.shop import READINGS, Shop, shop_in

COMPONENT = "lakehouse_assets.use_case.component.UseCase"
ASKED = {"table": READINGS, "entity": "machine", "label": "wear", "features": "load"}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_in(tmp_path)


def scaffold(shop: Shop, place: str, **asked: Any) -> Path:
    folder = shop.home / "defs" / place
    scaffold_object(folder, COMPONENT, json.dumps({**ASKED, **asked}), "yaml", shop.home)
    return folder


@pytest.mark.parametrize("wrong", [{"table": "harmonized/shop/reading"}, {"label": "waer"}, {"entity": "machine,hal"}])
def test_a_refused_scaffold_leaves_no_folder_behind(shop: Shop, wrong: dict[str, str]) -> None:
    with pytest.raises(click.UsageError):
        scaffold(shop, "shop/breakdown", **wrong)
    with pytest.raises(click.UsageError):
        scaffold(shop, "laundry/spin", **wrong)
    assert sorted(one.name for one in shop.folder.parent.iterdir()) == ["contracts", "wear"]
    assert not (shop.home / "defs" / "laundry").exists()


def test_a_refused_scaffold_keeps_what_others_had_put_into_the_folder(shop: Shop) -> None:
    notes = shop.folder.with_name("breakdown") / "notes.md"
    notes.parent.mkdir()
    notes.write_text("mine")
    with pytest.raises(click.UsageError):
        scaffold(shop, "shop/breakdown", label="waer")
    assert notes.read_text() == "mine"


def test_a_domain_without_a_night_is_warned_of_and_one_with_a_night_is_not(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    made = scaffold(shop, "shop/breakdown")
    assert "calls domain_jobs('shop'), so no night" in capsys.readouterr().err
    assert sorted(one.name for one in made.iterdir()) == ["defs.yaml", "functions.py"]
    jobs = settings.PROJECT_ROOT / "lakehouse_assets" / "defs" / "milling" / "jobs.py"
    shutil.copyfile(jobs, shop.folder.parent / "jobs.py")
    scaffold(shop, "shop/stops")
    assert "domain_jobs('shop')" in capsys.readouterr().err, "it makes the night of another domain"
    (shop.folder.parent / "jobs.py").write_text(jobs.read_text().replace('"milling"', '"shop"'))
    scaffold(shop, "shop/faults")
    assert capsys.readouterr().err == ""
