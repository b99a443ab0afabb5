"""What a model's runbooks tell people to paste ends what they were told of, on a small platform."""

import re
from typing import Any

import pytest
import yaml

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.operations.health.reports import RUNBOOKS
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, Platform


def pasted(page: str) -> dict[str, Any]:
    """The page's first run config, for the use case of this platform."""
    text = (RUNBOOKS / f"{page}.md").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", text, re.S)[0])
    config["ops"]["retraining"]["config"]["use_case"] = "u"
    return config


def test_a_training_that_failed_is_over_when_its_page_was_followed(platform: Platform) -> None:
    BROKEN.add("champion")
    platform.train(retraining_reason="drift since 2024-03-05 in s4", use_case="u")
    assert sorted(platform.tick()) == ["u: retraining asked for", "u_training: run failed"]
    BROKEN.clear()
    assert platform.repair("retrain_now", pasted("retraining"))
    assert sorted(platform.tick()) == ["Over: u: retraining asked for", "Over: u_training: run failed"]
    assert entries(platform.lake)["action"].tolist() == ["retrain"]


def test_a_retraining_that_somebody_asked_for_fails_and_is_told_until_it_succeeds(platform: Platform) -> None:
    BROKEN.add("champion")
    assert not platform.repair("retrain_now", pasted("retraining"))
    assert len(platform.tick()) == 2
    assert any("ann: disk was full." in one["message"] for one in platform.told.messages)


def test_a_refusal_is_over_when_its_page_was_followed_and_the_gate_decided_anew(platform: Platform) -> None:
    platform.decide("refuse", 2, 1, 1)
    assert platform.tick() == ["u candidate 2: candidate refused"]
    assert platform.repair("retrain_now", pasted("refusal"))
    platform.decide("promote", 3, 1, 3)
    told = platform.tick()
    assert "Over: u candidate 2: candidate refused" in told
    assert "u: champion changed" in told
    assert [title for title in told if title.startswith("u: retraining")] == ["u: retraining asked for"]


def test_drift_is_over_with_the_first_report_without_it_after_its_page_was_followed(platform: Platform) -> None:
    BROKEN.add("drift")
    platform.night("2024-03-05")
    assert platform.tick() == ["monitoring/u/drift no_drift: check failed"]
    assert platform.repair("retrain_now", pasted("drifting"))
    assert "Over: monitoring/u/drift no_drift: check failed" not in platform.tick()
    BROKEN.clear()
    platform.night("2024-03-06")
    assert platform.tick() == ["Over: monitoring/u/drift no_drift: check failed"]


@pytest.mark.parametrize("looks_between", [True, False])
def test_a_roll_back_that_died_and_was_found_by_the_gate_is_told_once(platform: Platform, looks_between: bool) -> None:
    platform.decide("promote", 2, 1, 2)
    assert platform.tick() == ["u: champion changed"]
    platform.decide("found_changed", 1, 2, 1)
    told = platform.tick() if looks_between else []
    platform.decide("roll_back", 1, 2, 1)
    assert [*told, *platform.tick()] == ["u: champion changed"]
    for before, after in ((1, 2), (2, 1)):
        platform.decide("promote", after, before, after)
        assert platform.tick() == ["u: champion changed"]
