"""The alerts, functions and panels over rows that the scanner itself sent to the local Azure."""

from collections.abc import Mapping
from datetime import timedelta

from emulator.endpoint.access import Role
from emulator.endpoint.faults import FaultKind
from tests.infra.declared import WORKSPACE_ID, alert_rule, alert_rules, workspace_queries
from tests.infra.log_analytics import Alert, evaluate
from tests.scale_sets import OS_UPGRADE, OTHER, SUBSCRIPTION, scale_set_id
from tests.world import START, World

MODE = "properties.upgradePolicy.mode"


def fired(world: World, name: str) -> list[Alert]:
    """Evaluate a rule ten minutes from now, when the rows have settled; the service was deployed before its first scan."""
    rule = alert_rule(name, every=60, deployed_at=START)
    world.control.set_clock(world.clock + timedelta(minutes=10), frozen=False)
    found = evaluate(rule, world.control.query(rule.query))
    world.control.set_clock(world.clock, frozen=False)
    return found


def told(world: World) -> dict[str, list[str]]:
    """Evaluate every rule now; the sentences of those that fire."""
    found = {rule.name: fired(world, rule.name) for rule in alert_rules()}
    return {name: [alert.dimensions.get("What", "") for alert in alerts] for name, alerts in found.items() if alerts}


def about(what: str, subject: str) -> Mapping[str, str]:
    """Fill in what an e-mail about one of the story's scale sets shows."""
    return {
        "What": what,
        "Subject": subject,
        "Subscription": SUBSCRIPTION,
        "Workload": "(no application) / production",
        "Owner": "team-shop",
    }


def target(name: str) -> str:
    """Name the resource that an alert about a scale set is fired on."""
    return scale_set_id(name).lower()


def test_healthy_fleet_alerts_nobody(world: World) -> None:
    """The first scan and the snapshot of a fleet that is as it should be fire nothing."""
    world.add("shop-web", "shop-orders")
    world.scan()
    world.snapshot()
    assert told(world) == {}


def test_high_finding_reaches_its_scale_set_once(world: World) -> None:
    """Automatic OS upgrade switched off fires finding and drift at the scale set; an hour later nothing."""
    world.add("shop-web", "shop-orders")
    world.scan()
    world.edit("shop-web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    world.scan()
    (opened,) = fired(world, "high-finding-opened")
    assert opened.target == target("shop-web")
    assert opened.dimensions == about(opened.dimensions["What"], "VMSS-001")
    assert opened.dimensions["What"].startswith("shop-web: VMSS-001 automatic-os-upgrade-disabled opened. ")
    assert fired(world, "posture-weakened") == [
        Alert(
            target=target("shop-web"),
            dimensions=about(
                "2 of them. shop-web: automatic_os_upgrade weakened from true to false by anna.berg@contoso.example with Azure"
                ' Portal. | shop-web: upgrades_itself weakened from "yes" to "no" by anna.berg@contoso.example with Azure Portal.',
                "automatic_os_upgrade, upgrades_itself",
            ),
        )
    ]
    world.scan()
    assert told(world) == {}


def test_strengthened_posture_and_resolved_finding_alert_nobody(world: World) -> None:
    """Putting things right is no alert."""
    world.add("shop-web")
    world.edit("shop-web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False, MODE: "Manual"})
    world.scan()
    world.edit("shop-web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": True, MODE: "Rolling"})
    world.scan()
    world.scan()  # an improvement is confirmed before it is told
    assert {row["EventType"] for row in world.new_rows()} >= {"finding.resolved", "posture.drifted"}
    assert told(world) == {}


def test_exemption_is_told_from_the_snapshot_only(world: World) -> None:
    """A tag that exempts a finding for a week opens no finding; the next snapshot tells when it ends, once."""
    world.add("shop-web")
    until = (world.clock + timedelta(days=7)).date().isoformat()
    tag = f"rules=VMSS-001; until={until}; reason=vendor image; owner=anna"
    world.control.edit_tags(scale_set_id("shop-web"), {"upgrade-posture-exempt": tag})
    world.edit("shop-web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    world.scan()
    assert told(world) == {}
    world.snapshot()
    expected = Alert(
        target=target("shop-web"),
        dimensions=about(
            f"shop-web: the exemption from automatic-os-upgrade-disabled ends on {until} (agreed by anna): vendor image",
            "VMSS-001",
        ),
    )
    assert fired(world, "exemption-expiring") == [expected]
    world.scan()
    world.snapshot()
    assert fired(world, "exemption-expiring") == []


def test_lost_subscription_is_told_once(world: World) -> None:
    """A subscription that drops out of the answer fires by its id, and no more while it stays away."""
    world.add("shop-web")
    world.add("staging", subscription=OTHER)
    world.scan()
    world.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    world.scan()
    assert told(world) == {"coverage-lost": [f"1 subscription is no longer read: {OTHER}"]}
    assert [alert.dimensions["Subscription"] for alert in fired(world, "coverage-lost")] == [OTHER]
    world.scan()
    assert told(world) == {}


def test_subscription_lost_for_weeks_is_partial_and_hides_no_outage(world: World) -> None:
    """For 40 days: told as lost once, as partial while it lasts, and severity 1 only when nothing is read any more."""
    world.add("shop-web")
    world.add("staging", subscription=OTHER)
    world.scan()
    world.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    world.scan()
    assert sorted(told(world)) == ["coverage-lost"]
    for _ in range(3):
        world.clock += timedelta(hours=12)
        world.scan()
    world.snapshot()
    assert sorted(told(world)) == ["scans-partial"]
    world.clock += timedelta(days=20)
    for _ in range(2):
        world.scan()
        world.clock += timedelta(hours=23)
    world.scan()
    world.snapshot()
    assert sorted(told(world)) == ["scans-partial"]
    world.clock += timedelta(hours=3)
    assert "nothing-read" in told(world)


def test_service_that_never_ran_is_told(world: World) -> None:
    """A workspace without a single row fires the rules on missing scans and snapshots in time, and no other."""
    assert told(world) == {}
    world.clock += timedelta(hours=3)
    assert told(world) == {"nothing-read": [""]}
    world.clock += timedelta(hours=24)
    assert told(world) == {"nothing-read": [""], "snapshot-missing": [""]}


def test_refused_events_are_told_and_come_late(world: World) -> None:
    """While events are refused the last scan says so; once accepted they fire, though the scan that saw them is old."""
    world.add("shop-web")
    world.scan()
    world.edit("shop-web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    world.control.add_fault("ingestion", FaultKind.STATUS, contains="VmssPostureEvents", status=400, count=None)
    world.scan()
    assert told(world) == {
        "ingestion-refused": ["The last scan had events refused by Log Analytics; they wait in the outbox."]
    }
    world.control.clear_faults()
    world.scan()
    assert sorted(told(world)) == ["high-finding-opened", "posture-weakened"]


def test_wholly_refused_rows_leave_nothing_to_query(world: World) -> None:
    """Without its role the service delivers no row at all: only the alert on missing scans, and the metrics, can tell."""
    world.control.revoke(Role.METRICS_PUBLISHER)
    world.add("shop-web")
    for _ in range(3):
        world.scan()
    assert told(world) == {"nothing-read": [""]}


def test_fleet_in_trouble_is_few_alerts(world: World) -> None:
    """A hundred and twenty scale sets with problems in three subscriptions are an alert for each subscription, not for each finding."""
    fleet = world.control.create_fleet(seed=3, subscriptions=3, scale_sets=120, instances=0, troubled=1.0)
    record = world.scan()
    assert record.open_findings["high"] > 20
    alerts = fired(world, "high-finding-opened")
    assert {alert.target for alert in alerts} == {WORKSPACE_ID}
    assert {alert.dimensions["Subscription"] for alert in alerts} <= set(fleet.subscriptions)
    assert 1 <= len(alerts) <= 3
    assert all(len(alert.dimensions["What"]) <= 800 for alert in alerts)


def open_findings(world: World) -> set[tuple[str, str]]:
    """Ask the workspace which findings are open: scale set and rule."""
    return {(row["ScaleSetId"], row["RuleId"]) for row in world.control.query("VmssPostureOpenFindings()")}


def remembered(world: World) -> set[tuple[str, str]]:
    """Ask the store which findings are open, by way of a snapshot's rows."""
    last = world.control.query(
        "VmssPostureSnapshot_CL | where SnapshotAt == toscalar(VmssPostureSnapshot_CL | summarize max(SnapshotAt))"
    )
    return {(row["ScaleSetId"], item["rule"]) for row in last for item in row["OpenFindings"]}


def test_open_findings_are_those_of_the_state(world: World) -> None:
    """What the function derives from events alone, and from a snapshot and later events, is what the scanner remembers."""
    world.control.create_fleet(seed=5, subscriptions=2, scale_sets=40, instances=0, troubled=0.6)
    world.add("shop-web", "shop-orders", "shop-gone")
    world.edit("shop-orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    world.edit("shop-gone", {MODE: "Manual"})
    world.scan()
    from_events = open_findings(world)
    world.snapshot()
    assert from_events == remembered(world) == open_findings(world)
    world.edit("shop-web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    world.edit("shop-orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": True})
    world.scan()
    with_later_events = open_findings(world)
    world.snapshot()
    assert with_later_events == remembered(world) != from_events


def test_compliance_is_of_the_moment_asked_for(world: World) -> None:
    """The function answers for yesterday what was true yesterday, and counts an exemption apart."""
    world.add("shop-web", "shop-orders")
    world.scan()
    world.snapshot()
    monday = world.clock
    world.edit("shop-web", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    world.edit("shop-orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    tag = "rules=VMSS-001; until=2027-03-31; reason=vendor image; owner=anna"
    world.control.edit_tags(scale_set_id("shop-orders"), {"upgrade-posture-exempt": tag})
    world.scan()
    world.snapshot()
    counts = {
        at: [
            (row["Passed"], row["Failed"], row["Exempt"], row["CompliancePercent"])
            for row in world.control.query(f"VmssPostureCompliance({at}) | where RuleId == 'VMSS-001'")
        ]
        for at in (f"datetime({monday.isoformat()})", "now()")
    }
    assert list(counts.values()) == [[(2, 0, 0, 100.0)], [(0, 1, 1, 0.0)]]


def test_panels_answer_over_real_rows(world: World) -> None:
    """Every panel has something to show after a change, an exemption, a rollout, a lost subscription and a snapshot."""
    world.asks_about_rollouts = True
    image = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-LTS-Gen2"}
    world.control.publish_image(location="westeurope", **image, version="22.04.202610010")
    world.add("shop-web", "shop-orders", "shop-search")
    world.control.set_instances(scale_set_id("shop-search"), {"count": 3, "exact_version": "22.04.202610010"})
    world.add("staging", subscription=OTHER)
    world.edit("shop-orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    tag = "rules=VMSS-001; until=2027-03-31; reason=vendor image; owner=anna"
    world.control.edit_tags(scale_set_id("shop-orders"), {"upgrade-posture-exempt": tag})
    world.scan()
    new = {**image, "version": "latest", "exactVersion": "22.04.202611050"}
    world.control.publish_image(location="westeurope", **image, version=new["exactVersion"])
    course = {"batch_minutes": 30, "stalls_after": 1}
    assert world.control.start_upgrade(scale_set_id("shop-search"), new, started_by="Platform", course=course)
    world.edit("shop-web", {MODE: "Manual", f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})
    world.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    world.clock += timedelta(days=2)
    world.scan()
    world.snapshot()
    shown = {name: world.control.query(text) for name, text in workspace_queries().items()}
    of_two_rollouts = ["image-compliance-after-rollouts", "lead-times"]  # played in test_numbers
    assert sorted(name for name, found in shown.items() if not found) == of_two_rollouts
    assert [row["ScaleSetId"] for row in shown["not-read-lately"]] == [scale_set_id("staging", OTHER).lower()]
