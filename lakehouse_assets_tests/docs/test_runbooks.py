"""What the runbooks tell people to paste is what the jobs take."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from lakehouse_assets.operations.alerts.messages import Places
from lakehouse_assets.operations.health.model import health
from lakehouse_assets.operations.health.reports import RUNBOOKS, write_reports, write_runbooks
from lakehouse_assets.operations.repairs.quarantined import REPAIRING
from lakehouse_assets.operations.repairs.repair_config import RepairConfig, RowRepair
from lakehouse_assets_tests.conftest import PROJECT
from lakehouse_assets_tests.operations.health.platforms import platform

#: Jobs of a use case, which its YAML makes: their op carries its name.
OF_A_USE_CASE = "_rolling_back"


def blocks() -> list[tuple[str, dict[str, Any]]]:
    """Every run config of every page."""
    pages = [(page.stem, page.read_text(encoding="utf-8")) for page in sorted(RUNBOOKS.glob("*.md"))]
    found = [
        (name, yaml.safe_load(block)) for name, text in pages for block in re.findall(r"```yaml\n(.*?)```", text, re.S)
    ]
    return [(name, block) for name, block in found if "ops" in block]


@pytest.fixture(scope="module")
def jobs() -> dict[str, dg.JobDefinition]:
    """The jobs by the name of their only op; of those that every domain has, that of milling, as pages take it."""
    from lakehouse_assets.definitions import defs

    found = {job.nodes[0].name: job for job in defs.resolve_all_job_defs() if len(job.nodes) == 1}
    return found | {REPAIRING: defs.resolve_job_def(f"milling_{REPAIRING}")}


@pytest.mark.parametrize(("page", "config"), blocks(), ids=[f"{page}-{n}" for n, (page, _) in enumerate(blocks())])
def test_a_page_s_run_config_is_taken_by_its_job(
    page: str, config: dict[str, Any], jobs: dict[str, dg.JobDefinition]
) -> None:
    [op] = config["ops"]
    if op.endswith(OF_A_USE_CASE) and op not in jobs:
        pytest.skip("no use case with this name is declared yet")
    dg.validate_run_config(jobs[op], config)
    given = config["ops"][op]["config"]
    assert given["dry_run"] is False
    assert given["who"]
    assert given["reason"]


def test_each_job_of_a_page_begins_as_a_dry_run(jobs: dict[str, dg.JobDefinition]) -> None:
    from lakehouse_assets.defs.platform import repairs

    for config in (repairs.RerunConfig, repairs.RetrainConfig, repairs.PauseConfig, repairs.ResumeConfig):
        fields = config.model_fields
        assert fields["dry_run"].default is True
        assert all(one.description for one in fields.values())
        assert {name for name in ("who", "reason") if fields[name].is_required()} == {"who", "reason"}


@pytest.mark.parametrize("domain", ["turbofan", "milling", "energy"])
def test_every_domain_s_repair_of_quarantined_rows_begins_as_a_dry_run_and_says_what_each_field_is(domain: str) -> None:
    from lakehouse_assets.definitions import defs

    job = defs.resolve_job_def(f"{domain}_{REPAIRING}")
    fields = job.nodes[0].definition.config_schema.as_field().config_type.fields
    assert set(fields) == {*RepairConfig.model_fields, "table"}
    assert all(field.description for field in fields.values())
    assert all(field.description for field in RowRepair.model_fields.values())
    assert fields["dry_run"].default_value is True
    assert {name for name, field in fields.items() if field.is_required} == {"who", "reason"}
    assert re.search("Raw columns that can be corrected of [A-Z_]+: .+", fields["table"].description)


def test_pages_that_a_page_links_are_there() -> None:
    for page in RUNBOOKS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_reports_hold_the_page_of_health_and_each_runbook(tmp_path: Path) -> None:
    page = write_reports(health(platform()), Places("http://ui", "../runbooks/{kind}.html"), tmp_path)
    assert "all is well" in page.read_text(encoding="utf-8")
    made = {one.stem for one in (tmp_path / "runbooks").glob("*.html")}
    assert made == {one.stem for one in RUNBOOKS.glob("*.md")}
    assert [one.name for one in page.parent.iterdir()] == ["index.html"]


def test_each_step_of_a_page_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    write_runbooks(tmp_path)
    for page in RUNBOOKS.glob("*.md"):
        prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        steps = re.findall(r"^ *(?:\d+\.|-) ", prose, re.M)
        shown = (tmp_path / "runbooks" / f"{page.stem}.html").read_text(encoding="utf-8")
        assert shown.count("<li>") == len(steps), page.name


def test_a_runbooks_page_has_its_headings_and_leads_to_the_pages_that_it_names(tmp_path: Path) -> None:
    write_runbooks(tmp_path)
    for page in (tmp_path / "runbooks").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<h1>" in text
        assert "](" not in text
        for link in re.findall(r"href=\"([^\"]+)\"", text):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_page_is_linked_from_an_asset_that_it_is_about() -> None:
    from lakehouse_assets.definitions import defs

    linked: dict[str, str] = {}
    for spec in defs.resolve_all_asset_specs():
        pages = [name.removeprefix("runbook/") for name in spec.metadata if name.startswith("runbook/")]
        linked |= {page: spec.metadata[f"runbook/{page}"].value for page in pages}
        assert pages or spec.key.path[1] == "platform", f"{spec.key.to_user_string()} links no runbook"
    assert linked.keys() == {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    assert linked["quarantined"] == "http://127.0.0.1:3001/runbooks/quarantined.html"


def test_every_page_stands_in_the_table_with_a_test_that_is_there() -> None:
    text = (PROJECT / "docs" / "on_call.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w*) ?\| .+ \| (.+) \|$", text.partition("## Shown")[2], re.M)
    assert {page for page, _ in rows} - {"page", ""} == {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    for place in {test for _, test in rows} - {"followed by, below `lakehouse_assets_tests/`", "the same test"}:
        file, _, test = place.strip("`").partition("::")
        code = (PROJECT / "lakehouse_assets_tests" / file).read_text(encoding="utf-8")
        assert f"def {test}(" in code, place
