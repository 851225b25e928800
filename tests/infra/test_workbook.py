"""The workbook's panels over rows, and how the workbook is put together."""

from datetime import timedelta
from typing import Any

import pytest

from tests.infra import rows
from tests.infra.declared import bicep, loaded_queries, panels, workbook, workspace_queries
from tests.infra.log_analytics import LogAnalytics

EVENTS, SNAPSHOT, SCANS = "VmssPostureEvents_CL", "VmssPostureSnapshot_CL", "VmssPostureScans_CL"
NOW = rows.moment("2026-11-20 12:00")
SNAPSHOT_AT = rows.moment("2026-11-20 06:00")
LATER = NOW - timedelta(hours=1)
OTHER = "22222222-2222-2222-2222-222222222222"


@pytest.fixture(scope="module")
def seeded() -> LogAnalytics:
    """Let a day pass, once: nothing is changed by looking at it."""
    return seed(LogAnalytics())


def seed(workspace: LogAnalytics) -> LogAnalytics:
    """Let a day pass of a small fleet: three scale sets, two snapshots, a drift, a finding since, three scans."""
    for at, blocked in ((SNAPSHOT_AT - timedelta(days=1), "yes"), (SNAPSHOT_AT, "blocked")):
        workspace.send(
            SNAPSHOT,
            [
                rows.snapshot(
                    "web",
                    at,
                    Instances=10,
                    OnNewestImage=6,
                    BehindImage=3,
                    BehindImageSince=rows.iso(at - timedelta(days=4)),
                    ExposureHours=240 if at == SNAPSHOT_AT else 168,
                    ExposureFrom=rows.iso(SNAPSHOT_AT - timedelta(days=40)),
                    LeadTimes=[rows.lead_time("2.0.0", SNAPSHOT_AT - timedelta(days=1), 60)],
                    NewestImageVersion="3.0.0",
                    NewestImageSince=rows.iso(SNAPSHOT_AT - timedelta(days=5)),
                    NewestImageSinceIs="first_seen",
                ),
                rows.snapshot(
                    "api",
                    at,
                    UpgradesItself=blocked,
                    Application="",
                    Owner="",
                    OpenFindings=[rows.open_finding(at)] if blocked == "blocked" else [],
                    OpenHigh=int(blocked == "blocked"),
                    Outcomes={"VMSS-001": "failed" if blocked == "blocked" else "passed"},
                ),
                rows.snapshot(
                    "old",
                    at,
                    UpgradesItself="no",
                    Exemptions=[rows.exemption("2026-11-30")],
                    Outcomes={"VMSS-001": "failed"},
                    LastReadAt=rows.iso(at - timedelta(days=2)),
                ),
            ],
            received=at,
        )
        workspace.send(EVENTS, [rows.snapshot_completed(at)], received=at)
    workspace.send(
        EVENTS,
        [
            rows.drift("web", LATER, revision=2),
            rows.finding(
                "web", "opened", LATER, revision=2, rule="VMSS-080", rule_name="owner-missing", severity="low"
            ),
        ],
        received=LATER,
    )
    for hours, became in ((60, "failed"), (6, "completed")):
        ended = SNAPSHOT_AT - timedelta(hours=hours)
        workspace.send(EVENTS, [rows.rollout("web", became, ended, revision=1)], received=ended)
    recent = rows.rollout("api", "completed", LATER, revision=2, RolloutStartedAt=rows.iso(NOW - timedelta(minutes=80)))
    workspace.send(EVENTS, [recent], received=LATER)
    for minutes, lost, refused in ((90, [], 0), (60, [OTHER], 2), (30, [OTHER], 0)):
        at = NOW - timedelta(minutes=minutes)
        row = rows.scan(at, status="partial" if lost else "complete", not_read=lost, refused=refused)
        for received in (at, at + timedelta(minutes=1)):
            workspace.send(SCANS, [row], received=received)
    return workspace


def panel(workspace: LogAnalytics, name: str) -> list[tuple[Any, ...]]:
    """Run the query of a panel over a month."""
    found = workspace.query(workspace_queries()[name], now=NOW, reach=timedelta(days=30))
    return [tuple(row.values()) for row in found]


def test_compliance_over_time_has_a_point_per_snapshot(seeded: LogAnalytics) -> None:
    """Each completed snapshot is a point: rules passed, scale sets that upgrade themselves, sets without high findings; beside each, unknown."""
    assert [row[1:] for row in panel(seeded, "compliance-over-time")] == [
        (66.7, 25.0, 66.7, 0.0, 100.0, 100.0),
        (33.3, 25.0, 33.3, 0.0, 66.7, 66.7),
    ]


def test_compliance_by_rule_is_of_the_last_snapshot(seeded: LogAnalytics) -> None:
    """The table shows the last snapshot, the worst rule first."""
    found = panel(seeded, "compliance-by-rule")
    assert [row[:8] for row in found if row[0] == "VMSS-001"] == [("VMSS-001", 50.0, 0.0, 1, 1, 1, 0, 0)]


def test_a_control_counts_the_outcomes_of_its_rules(seeded: LogAnalytics) -> None:
    """Each control shows failed, unknown, exempt and passed outcomes, the rules that fail, and how many were judged."""
    found = {(row[0], row[1]): row[2:9] for row in panel(seeded, "controls")}
    assert found["NIST SP 800-53 Revision 5", "SI-2(5)"] == (1, 0, 1, 1, "VMSS-001", 1, 4)
    assert ("NIST SP 800-53 Revision 5", "CM-3") not in found


def test_open_findings_by_rule(seeded: LogAnalytics) -> None:
    """Findings of the snapshot and of the events since are counted together, high first."""
    assert panel(seeded, "open-findings-by-rule") == [
        ("high", "VMSS-001", "automatic-os-upgrade-disabled", 1, 0),
        ("low", "VMSS-080", "owner-missing", 1, 0),
    ]


def test_open_findings_by_owner(seeded: LogAnalytics) -> None:
    """A scale set without an owner tag is counted under no owner, not left out."""
    assert panel(seeded, "open-findings-by-owner") == [("(no owner)", 1, 0, 0, 1), ("team-shop", 0, 0, 1, 1)]


def test_open_findings_one_by_one(seeded: LogAnalytics) -> None:
    """The list has a row for each finding, with the scale set's resource id."""
    assert [row[:4] for row in panel(seeded, "open-findings")] == [
        ("high", "VMSS-001", "automatic-os-upgrade-disabled", rows.scale_set_id("api")),
        ("low", "VMSS-080", "owner-missing", rows.scale_set_id("web")),
    ]


def test_headline_by_application(seeded: LogAnalytics) -> None:
    """The last snapshot, by application: yes, blocked, no, unknown, in the guest, managed, all."""
    assert panel(seeded, "headline-by-application") == [
        ("(no application)", 0, 1, 0, 0, 0, 0, 1),
        ("shop", 1, 0, 1, 0, 0, 0, 2),
    ]


def test_drift_feed(seeded: LogAnalytics) -> None:
    """The feed shows what changed and leaves out findings and snapshots."""
    found = panel(seeded, "drift-feed")
    assert [(row[1], row[2], row[3]) for row in found] == [("posture.drifted", "weakened", rows.scale_set_id("web"))]


def test_exemptions_and_their_end(seeded: LogAnalytics) -> None:
    """Each exemption of the last snapshot is there once, with the days that are left."""
    assert [row[:4] for row in panel(seeded, "exemptions")] == [
        ("2026-11-30", 10, rows.scale_set_id("old"), "VMSS-001")
    ]


def test_coverage_counts_what_was_not_read(seeded: LogAnalytics) -> None:
    """A point for each scan, though its row was sent twice."""
    assert [row[1:3] for row in panel(seeded, "coverage")] == [(3, 0), (3, 1), (3, 1)]


def test_subscriptions_not_read(seeded: LogAnalytics) -> None:
    """A lost subscription is there once, with the number of scans that missed it."""
    assert [row[:2] for row in panel(seeded, "subscriptions-not-read")] == [(OTHER, 2)]


def test_scale_sets_not_read_lately(seeded: LogAnalytics) -> None:
    """A scale set whose last reading is more than a day older than the snapshot is named."""
    assert [row[0] for row in panel(seeded, "not-read-lately")] == [rows.scale_set_id("old")]


def test_health_of_the_service(seeded: LogAnalytics) -> None:
    """Scans newest first, delivery oldest first; refused events show in both."""
    assert [(row[1], row[6]) for row in panel(seeded, "scans")] == [("partial", 0), ("partial", 2), ("complete", 0)]
    assert [row[2] for row in panel(seeded, "delivery")] == [0, 2, 0]


def test_rollouts_before_the_first_scan_are_listed_and_not_counted(seeded: LogAnalytics) -> None:
    """What the first reading tells of the past is in the list; success counts what began since."""
    assert [(row[0], row[1]) for row in panel(seeded, "rollouts")] == [
        ("failed", rows.scale_set_id("web")),
        ("completed", rows.scale_set_id("api")),
        ("completed", rows.scale_set_id("web")),
    ]
    success = [row for row in panel(seeded, "rollout-success") if row[0] == "application"]
    assert [row[1:4] for row in success] == [("shop", 100.0, 1)]


@pytest.mark.parametrize("name", workspace_queries())
def test_panel_survives_an_empty_workspace(workspace: LogAnalytics, name: str) -> None:
    """On the first day every panel is empty, and none fails."""
    assert panel(workspace, name) == []


def test_every_query_is_shown_once() -> None:
    """The sections show each query of the workbook, once."""
    shown = [panel["query"] for panel in panels() if "merge" not in panel]
    assert sorted(shown) == sorted(loaded_queries("workbook.bicep"))


def test_every_panel_reads_well() -> None:
    """Each section has a sentence, each panel a title and a way to be shown; no two panels have one name or title."""
    assert all(section["text"].endswith(".") for section in workbook()["sections"])
    names = [panel.get("query", panel.get("name")) for panel in panels()]
    titles = [panel["title"] for panel in panels()]
    assert len(set(names)) == len(names)
    assert len(set(titles)) == len(titles)
    assert {panel["visualization"] for panel in panels()} == {"table", "linechart"}


def test_panels_follow_the_time_range() -> None:
    """Every panel takes its time from the workbook's parameter, so that open findings can reach back to a snapshot."""
    assert "timeContextFromParameter: 'TimeRange'" in bicep("workbook.bicep")
    assert "name: 'TimeRange'" in bicep("workbook.bicep")
