"""The life of an own rule's finding: opened, exempted, resolved, and withdrawn where the rule itself goes."""

from pathlib import Path

import pytest

from scanner.adapters.criteria_files import read_criteria
from scanner.events.snapshot_rows import snapshot_id
from scanner.events.stamp import ScanStamp
from scanner.ports.event import Table
from scanner.snapshot import write_snapshot
from scanner.times import iso
from tests.fakes.world import START, FakeWorld
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

RULE = """
[[rule]]
id = "SHOP-001"
name = "batch-too-large-in-shop"
severity = "high"
title = "Scale sets of the shop upgrade at most 10 % at once."
rationale = "The shop's load balancer drains slowly."
remediation = "Set maxBatchInstancePercent to 10."
applies = { fact = "owner", is = "team-shop" }
expects = { fact = "max_batch_instance_percent", at_most = 10 }
"""


@pytest.fixture
def world(tmp_path: Path) -> FakeWorld:
    """Watch one scale set that the own rule is about, and that fails no other."""
    made = FakeWorld()
    made.azure.put_subscription(SUBSCRIPTION, "shop")
    made.azure.put_scale_set(document("web"))
    judge_by(made, tmp_path, RULE)
    return made


def judge_by(world: FakeWorld, folder: Path, text: str) -> None:
    """Let scans judge by these own rules from now on."""
    file = folder / "rules.toml"
    file.write_text(text)
    world.criteria = read_criteria(None, None, START, file)


def findings(world: FakeWorld) -> list[tuple[str, str]]:
    """Scan, and name what became of the own rule."""
    assert world.scan().failure is None
    return [(kind, detail) for kind, _, detail in world.news() if detail == "SHOP-001"]


def batch(world: FakeWorld, percent: int) -> None:
    """Change the scale set's batch."""
    made = document("web")
    made["properties"]["upgradePolicy"]["rollingUpgradePolicy"]["maxBatchInstancePercent"] = percent
    world.azure.put_scale_set(made)


def test_it_opens_and_resolves_as_any_other(world: FakeWorld) -> None:
    """With its name, severity, evidence and remediation in the event; and unchanged it tells nothing."""
    assert findings(world) == [("finding.opened", "SHOP-001")]
    (opened,) = [row for row in world.received.rows[Table.EVENTS] if row.get("RuleId") == "SHOP-001"]
    assert opened["RuleName"] == "batch-too-large-in-shop"
    assert opened["Severity"] == "high"
    assert "Set maxBatchInstancePercent to 10." in str(opened["Remediation"])
    assert opened["UpgradesItself"] == "yes"
    assert findings(world) == []
    batch(world, 10)
    told = [*findings(world), *findings(world)]  # good news is confirmed, by Compute or by a second scan
    assert told == [("finding.resolved", "SHOP-001")]


def test_a_changed_rule_judges_again(world: FakeWorld, tmp_path: Path) -> None:
    """Nothing of the scale set has changed; the criteria have."""
    findings(world)
    judge_by(world, tmp_path, RULE.replace("at_most = 10", "at_most = 50"))
    told = [*findings(world), *findings(world)]
    assert told == [("finding.resolved", "SHOP-001")]
    judge_by(world, tmp_path, RULE)
    assert [*findings(world), *findings(world)] == [("finding.opened", "SHOP-001")]


def test_a_rule_that_is_taken_away_withdraws_its_findings(world: FakeWorld, tmp_path: Path) -> None:
    """The event says so, by the rule's name, which only the state still knows."""
    findings(world)
    judge_by(world, tmp_path, "")
    assert [*findings(world), *findings(world)] == [("finding.withdrawn", "SHOP-001")]
    (withdrawn,) = [row for row in world.received.rows[Table.EVENTS] if row["EventType"] == "finding.withdrawn"]
    assert withdrawn["RuleName"] == "batch-too-large-in-shop"
    assert withdrawn["Summary"] == "web: SHOP-001 batch-too-large-in-shop withdrawn: its rule no longer judges."


def test_a_scale_set_that_goes_withdraws_them_too(world: FakeWorld) -> None:
    """As of every other rule."""
    findings(world)
    world.azure.delete_scale_set(str(document("web")["id"]))
    assert [*findings(world), *findings(world), *findings(world)] == [("finding.withdrawn", "SHOP-001")]


def test_an_exemption_covers_it(world: FakeWorld) -> None:
    """In the scale set's own tag."""
    findings(world)
    made = document("web")
    made["tags"]["upgrade-posture-exempt"] = "rules=SHOP-001; until=2099-12-31; reason=load test; owner=web"
    world.azure.put_scale_set(made)
    assert [*findings(world), *findings(world)] == [("finding.exempted", "SHOP-001")]


def test_the_snapshot_names_it(world: FakeWorld) -> None:
    """Among the open findings, with its outcome beside the others."""
    findings(world)
    moment = iso(world.clock)
    stamp = ScanStamp(scan_id=snapshot_id(moment), detected_at=moment, service_version="test")
    write_snapshot(world.store, world.sink, world.now, stamp)
    (row,) = world.received.rows[Table.SNAPSHOT]
    (finding,) = [item for item in row["OpenFindings"] if item["rule"] == "SHOP-001"]  # type: ignore[union-attr,index,call-overload]
    assert finding["name"] == "batch-too-large-in-shop"  # type: ignore[index,call-overload]
    assert row["Outcomes"]["SHOP-001"] == "failed"  # type: ignore[index,call-overload]


LATE = """
[[rule]]
id = "SHOP-001"
name = "model-not-applied-in-shop"
severity = "high"
title = "What is changed is applied within two days."
rationale = "The shop's contract says so."
remediation = "Start an upgrade."
expects = { fact = "days_behind_model", at_most = 1 }
"""


def test_a_rule_about_days_judges_again_when_its_time_comes(world: FakeWorld, tmp_path: Path) -> None:
    """Nothing of the scale set changes: the finding opens with the first scan after two whole days, and ends with them."""
    web = scale_set_id("web")
    judge_by(world, tmp_path, LATE)
    world.instances.set_instances(web, {"count": 3, "latest_model": False})
    told = {hours: findings(world) for hours in range(1, 60)}
    assert {hours: found for hours, found in told.items() if found} == {49: [("finding.opened", "SHOP-001")]}
    world.instances.set_instances(web, {"count": 3})
    assert [*findings(world), *findings(world)] == [("finding.resolved", "SHOP-001")]
