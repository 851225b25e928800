"""Every log alert over rows: which rows make it fire, at which target and with which text, and which must not."""

from datetime import timedelta

import pytest

from tests.infra import rows
from tests.infra.declared import WORKSPACE_ID, alert_rule, alert_rules
from tests.infra.log_analytics import Alert, LogAnalytics

EVENTS, SNAPSHOT, SCANS = "VmssPostureEvents_CL", "VmssPostureSnapshot_CL", "VmssPostureScans_CL"
NOW = rows.moment("2026-11-20 12:00")
JUST_NOW = NOW - timedelta(minutes=5)
WINDOW_AGO = NOW - timedelta(minutes=16)
YESTERDAY = NOW - timedelta(days=1)
OTHER = "22222222-2222-2222-2222-222222222222"
THIRD = "33333333-3333-3333-3333-333333333333"
STALE_AFTER = 70
"""Minutes: two schedules of half an hour, and ten for scan and ingestion."""


def dimensions(what: str, subject: str) -> dict[str, str]:
    """Fill in the dimensions of an alert about one scale set of the made-up fleet."""
    return {
        "What": what,
        "Subject": subject,
        "Environment": "production",
        "Application": "shop",
        "Owner": "team-shop",
    }


@pytest.mark.parametrize("name", [rule.name for rule in alert_rules() if rule.kind == "transition"])
def test_empty_workspace_has_no_transitions(workspace: LogAnalytics, name: str) -> None:
    """No rule on transitions fires over tables without rows, and none of them fails."""
    assert workspace.alerts(alert_rule(name), now=NOW) == []


def test_high_finding_names_its_scale_set(workspace: LogAnalytics) -> None:
    """An opened high finding fires at the scale set, with the event's sentence."""
    workspace.send(EVENTS, [rows.finding("web", "opened", JUST_NOW, revision=2)], received=JUST_NOW)
    assert workspace.alerts(alert_rule("high-finding-opened"), now=NOW) == [
        Alert(
            target=rows.scale_set_id("web"),
            dimensions=dimensions("web: VMSS-001 automatic-os-upgrade-disabled opened.", "VMSS-001"),
        )
    ]


def test_missing_tags_are_said(workspace: LogAnalytics) -> None:
    """A scale set without tags shows that it has none, rather than nothing."""
    row = {**rows.finding("web", "opened", JUST_NOW, revision=2), "Environment": "", "Application": None, "Owner": ""}
    workspace.send(EVENTS, [row], received=JUST_NOW)
    (alert,) = workspace.alerts(alert_rule("high-finding-opened"), now=NOW)
    assert {alert.dimensions[name] for name in ("Environment", "Application", "Owner")} == {"(none)"}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(rows.finding("web", "opened", JUST_NOW, revision=2, severity="medium"), id="a medium finding"),
        pytest.param(rows.finding("web", "resolved", JUST_NOW, revision=2), id="a resolved finding"),
        pytest.param(rows.finding("web", "exempted", JUST_NOW, revision=2), id="an exempted finding"),
        pytest.param(rows.finding("web", "withdrawn", JUST_NOW, revision=2), id="a withdrawn finding"),
        pytest.param(rows.drift("web", JUST_NOW, revision=2), id="a drift"),
        pytest.param(rows.snapshot_completed(JUST_NOW), id="a snapshot"),
    ],
)
def test_other_events_open_no_high_finding(workspace: LogAnalytics, row: dict[str, object]) -> None:
    """Only an opened finding of severity high fires the rule on high findings."""
    workspace.send(EVENTS, [row], received=JUST_NOW)
    assert workspace.alerts(alert_rule("high-finding-opened"), now=NOW) == []


def test_repeat_alerts_nobody_twice(workspace: LogAnalytics) -> None:
    """An event that arrived before the window and again in it is told once: at its first arrival."""
    row = rows.finding("web", "opened", WINDOW_AGO, revision=2)
    workspace.send(EVENTS, [row], received=WINDOW_AGO)
    workspace.send(EVENTS, [row, row], received=JUST_NOW)
    assert workspace.alerts(alert_rule("high-finding-opened"), now=NOW) == []
    assert len(workspace.alerts(alert_rule("high-finding-opened"), now=WINDOW_AGO + timedelta(minutes=1))) == 1


def test_late_event_still_alerts(workspace: LogAnalytics) -> None:
    """An event that waited in the outbox for more than a day fires when it arrives."""
    late = {**rows.finding("web", "opened", YESTERDAY, revision=2), "TimeGenerated": rows.iso(YESTERDAY)}
    workspace.send(EVENTS, [late], received=JUST_NOW)
    assert [alert.target for alert in workspace.alerts(alert_rule("high-finding-opened"), now=NOW)] == [
        rows.scale_set_id("web")
    ]


@pytest.mark.parametrize("name", ["high-finding-opened", "posture-weakened", "exemption-expiring", "coverage-lost"])
@pytest.mark.parametrize("seconds", [0, 1, 899, 900])
def test_windows_neither_overlap_nor_leave_a_gap(workspace: LogAnalytics, name: str, seconds: int) -> None:
    """Whenever a row arrives, also at the very moment of an evaluation, one of three in a row tells it, and only one."""
    at = NOW - timedelta(seconds=seconds)
    workspace.send(
        EVENTS, [rows.finding("web", "opened", at, revision=2), rows.drift("web", at, revision=2)], received=at
    )
    workspace.send(SNAPSHOT, [rows.snapshot("web", at, Exemptions=[rows.exemption("2026-11-30")])], received=at)
    workspace.send(SCANS, [rows.scan(at, status="partial", not_read=[OTHER])], received=at)
    quarter = timedelta(minutes=15)
    found = [workspace.alerts(alert_rule(name), now=NOW + quarter * turn) for turn in (-1, 0, 1)]
    assert sorted(map(len, found)) == [0, 0, 1]


@pytest.mark.parametrize(
    ("days", "fires"),
    [pytest.param(1, False, id="told yesterday"), pytest.param(3, True, id="told before what a log alert reads")],
)
def test_replayed_event_is_told_again_only_out_of_range(workspace: LogAnalytics, days: int, *, fires: bool) -> None:
    """A replay alerts nobody as long as the first copy can be seen; what is older is told once more."""
    before = NOW - timedelta(days=days)
    row = rows.finding("web", "opened", before, revision=2)
    workspace.send(EVENTS, [row], received=before)
    workspace.send(EVENTS, [row], received=JUST_NOW)
    assert bool(workspace.alerts(alert_rule("high-finding-opened"), now=NOW)) is fires
    assert workspace.alerts(alert_rule("high-finding-opened"), now=NOW + timedelta(minutes=15)) == []


def test_two_findings_of_a_scale_set_are_one_alert(workspace: LogAnalytics) -> None:
    """Several hits on one target in a window are one e-mail that names them all."""
    workspace.send(
        EVENTS,
        [
            rows.finding("web", "opened", JUST_NOW, revision=2),
            rows.finding("web", "opened", JUST_NOW, revision=2, rule="VMSS-014", rule_name="flexible-unpatched"),
        ],
        received=JUST_NOW,
    )
    assert workspace.alerts(alert_rule("high-finding-opened"), now=NOW) == [
        Alert(
            target=rows.scale_set_id("web"),
            dimensions=dimensions(
                "2 of them. web: VMSS-001 automatic-os-upgrade-disabled opened."
                " | web: VMSS-014 flexible-unpatched opened.",
                "VMSS-001, VMSS-014",
            ),
        )
    ]


def test_twenty_hits_keep_their_scale_sets(workspace: LogAnalytics) -> None:
    """Twenty scale sets in an hour are twenty targets."""
    found = [rows.finding(f"set-{number:02d}", "opened", JUST_NOW, revision=2) for number in range(20)]
    workspace.send(EVENTS, found, received=JUST_NOW)
    alerts = workspace.alerts(alert_rule("high-finding-opened"), now=NOW)
    assert [alert.target for alert in alerts] == [rows.scale_set_id(f"set-{number:02d}") for number in range(20)]


def test_more_hits_target_the_subscription(workspace: LogAnalytics) -> None:
    """Above twenty hits in an hour each subscription is one target, with the number and three examples."""
    found = [rows.finding(f"set-{number:02d}", "opened", JUST_NOW, revision=2) for number in range(18)]
    found += [
        rows.finding(f"set-{number:02d}", "opened", JUST_NOW, revision=2, subscription=OTHER) for number in range(3)
    ]
    workspace.send(EVENTS, found, received=JUST_NOW)
    opened = "VMSS-001 automatic-os-upgrade-disabled opened."
    alerts = workspace.alerts(alert_rule("high-finding-opened"), now=NOW)
    assert [alert.target for alert in alerts] == [f"/subscriptions/{rows.SUBSCRIPTION}", f"/subscriptions/{OTHER}"]
    assert alerts[0].dimensions["What"].startswith("18 of them. set-")
    assert alerts[0].dimensions["What"].endswith(" | ...")
    assert alerts[0].dimensions["What"].count(opened) == 3
    assert alerts[1].dimensions["What"] == (f"3 of them. set-00: {opened} | set-01: {opened} | set-02: {opened}")


def test_hits_of_the_same_hour_count(workspace: LogAnalytics) -> None:
    """The hits of earlier windows of the hour count, so that many small bursts do not add up to many e-mails."""
    earlier = [rows.finding(f"set-{number:02d}", "opened", WINDOW_AGO, revision=2) for number in range(20)]
    workspace.send(EVENTS, earlier, received=WINDOW_AGO)
    workspace.send(EVENTS, [rows.finding("web", "opened", JUST_NOW, revision=2)], received=JUST_NOW)
    alerts = workspace.alerts(alert_rule("high-finding-opened"), now=NOW)
    assert [alert.target for alert in alerts] == [f"/subscriptions/{rows.SUBSCRIPTION}"]
    assert alerts[0].dimensions["What"] == "web: VMSS-001 automatic-os-upgrade-disabled opened."


def test_fleet_wide_change_is_one_alert(workspace: LogAnalytics) -> None:
    """A change across more than five subscriptions is one alert at the workspace."""
    found = [
        rows.drift("web", JUST_NOW, revision=2, subscription=f"{number:08d}-0000-0000-0000-000000000000")
        for number in range(30)
    ]
    workspace.send(EVENTS, found, received=JUST_NOW)
    alerts = workspace.alerts(alert_rule("posture-weakened"), now=NOW)
    assert [alert.target for alert in alerts] == [WORKSPACE_ID]
    assert alerts[0].dimensions == dimensions(
        '30 of them. web: upgrade_mode weakened from "Rolling" to "Manual". | ...', "upgrade_mode"
    )


def test_weakened_posture_names_field_and_values(workspace: LogAnalytics) -> None:
    """A weakened field fires at the scale set, with the event's sentence and the field."""
    workspace.send(EVENTS, [rows.drift("web", JUST_NOW, revision=2)], received=JUST_NOW)
    assert workspace.alerts(alert_rule("posture-weakened"), now=NOW) == [
        Alert(
            target=rows.scale_set_id("web"),
            dimensions=dimensions('web: upgrade_mode weakened from "Rolling" to "Manual".', "upgrade_mode"),
        )
    ]


@pytest.mark.parametrize("direction", ["strengthened", "neutral"])
def test_other_drift_does_not_alert(workspace: LogAnalytics, direction: str) -> None:
    """A field that changed for the better, or neither way, fires nothing."""
    workspace.send(EVENTS, [rows.drift("web", JUST_NOW, revision=2, direction=direction)], received=JUST_NOW)
    assert workspace.alerts(alert_rule("posture-weakened"), now=NOW) == []


@pytest.mark.parametrize(
    ("until", "fires"),
    [
        pytest.param("2026-12-05", False, id="15 days left"),
        pytest.param("2026-12-04", True, id="14 days left, 15 yesterday"),
        pytest.param("2026-12-03", False, id="13 days left, told yesterday"),
        pytest.param("2026-11-23", True, id="3 days left, 4 yesterday"),
        pytest.param("2026-11-22", False, id="2 days left, told yesterday"),
        pytest.param("2026-11-20", True, id="the last day"),
    ],
)
def test_exemption_is_told_at_each_stage(workspace: LogAnalytics, until: str, *, fires: bool) -> None:
    """An exemption is told when it comes within 14 days, 3 days and its last day, and on no day between."""
    for at in (YESTERDAY, JUST_NOW):
        row = rows.snapshot("web", at, Exemptions=[rows.exemption(until)])
        workspace.send(SNAPSHOT, [row], received=at)
    expected = Alert(
        target=rows.scale_set_id("web"),
        dimensions=dimensions(
            f"web: the exemption from automatic-os-upgrade-disabled ends on {until} (agreed by anna): vendor image",
            "VMSS-001",
        ),
    )
    assert workspace.alerts(alert_rule("exemption-expiring"), now=NOW) == ([expected] if fires else [])


def test_short_exemption_is_told_at_once(workspace: LogAnalytics) -> None:
    """An exemption that is within 14 days in the first snapshot that holds it is told then."""
    workspace.send(SNAPSHOT, [rows.snapshot("web", YESTERDAY)], received=YESTERDAY)
    row = rows.snapshot("web", JUST_NOW, Exemptions=[rows.exemption("2026-11-30")])
    workspace.send(SNAPSHOT, [row], received=JUST_NOW)
    assert len(workspace.alerts(alert_rule("exemption-expiring"), now=NOW)) == 1


def test_prolonged_exemption_is_not_told(workspace: LogAnalytics) -> None:
    """An exemption whose end was moved far away fires nothing, whatever was told of the old end."""
    workspace.send(
        SNAPSHOT, [rows.snapshot("web", YESTERDAY, Exemptions=[rows.exemption("2026-11-30")])], received=YESTERDAY
    )
    workspace.send(
        SNAPSHOT, [rows.snapshot("web", JUST_NOW, Exemptions=[rows.exemption("2027-11-30")])], received=JUST_NOW
    )
    assert workspace.alerts(alert_rule("exemption-expiring"), now=NOW) == []


def test_repeated_snapshot_row_tells_nothing_twice(workspace: LogAnalytics) -> None:
    """A snapshot row that is sent again in a later window is the same row."""
    row = rows.snapshot("web", WINDOW_AGO, Exemptions=[rows.exemption("2026-11-30")])
    workspace.send(SNAPSHOT, [row], received=WINDOW_AGO)
    workspace.send(SNAPSHOT, [row], received=JUST_NOW)
    assert workspace.alerts(alert_rule("exemption-expiring"), now=NOW) == []


@pytest.mark.parametrize(
    ("scans", "fires"),
    [
        pytest.param([], True, id="no row at all"),
        pytest.param([(20, "complete")], False, id="complete, 20 minutes ago"),
        pytest.param([(65, "complete")], False, id="one scan missing"),
        pytest.param([(75, "complete")], True, id="two scans missing"),
        pytest.param([(75, "complete"), (45, "partial"), (15, "partial")], True, id="two partial scans"),
        pytest.param([(75, "complete"), (45, "failed"), (15, "failed")], True, id="two failed scans"),
        pytest.param([(75, "failed"), (45, "failed"), (15, "complete")], False, id="complete again"),
        pytest.param([(60 * 24 * 3, "complete")], True, id="complete three days ago, out of the range"),
    ],
)
def test_missing_scans_are_told(workspace: LogAnalytics, scans: list[tuple[int, str]], *, fires: bool) -> None:
    """No complete scan for two schedules fires, also over no row; one missing scan does not."""
    for minutes, status in scans:
        at = NOW - timedelta(minutes=minutes)
        workspace.send(SCANS, [rows.scan(at, status=status)], received=at)
    expected = [Alert(target=None, dimensions={})] if fires else []
    assert workspace.alerts(alert_rule("no-complete-scan"), now=NOW, threshold=STALE_AFTER) == expected


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        pytest.param([], [OTHER], [OTHER], id="one lost"),
        pytest.param([OTHER], [OTHER], [], id="told before"),
        pytest.param([OTHER], [OTHER, THIRD], [THIRD], id="another one lost"),
        pytest.param([OTHER], [], [], id="read again"),
        pytest.param([], [], [], id="all read"),
    ],
)
def test_lost_coverage_is_told_once(
    workspace: LogAnalytics, before: list[str], now: list[str], lost: list[str]
) -> None:
    """A subscription fires when it stops being read, at itself, and not again while it stays away."""
    workspace.send(SCANS, [rows.scan(WINDOW_AGO, status="partial", not_read=before)], received=WINDOW_AGO)
    workspace.send(SCANS, [rows.scan(JUST_NOW, status="partial", not_read=now)], received=JUST_NOW)
    assert workspace.alerts(alert_rule("coverage-lost"), now=NOW) == [
        Alert(target=f"/subscriptions/{name}", dimensions={"What": f"1 subscription is no longer read: {name}"})
        for name in lost
    ]


def test_failed_scan_loses_no_coverage(workspace: LogAnalytics) -> None:
    """A scan that failed concluded nothing, so neither do we: the partial scan before it is what counts."""
    for minutes, status, lost in ((40, "partial", [OTHER]), (20, "failed", []), (5, "partial", [OTHER])):
        at = NOW - timedelta(minutes=minutes)
        workspace.send(SCANS, [rows.scan(at, status=status, not_read=lost)], received=at)
    assert workspace.alerts(alert_rule("coverage-lost"), now=NOW) == []


def test_late_row_of_an_older_scan_loses_no_coverage(workspace: LogAnalytics) -> None:
    """A scan that missed a subscription, and is heard of after a newer one that read it, is no news."""
    newer, older = WINDOW_AGO, WINDOW_AGO - timedelta(minutes=30)
    workspace.send(SCANS, [rows.scan(newer)], received=newer)
    workspace.send(SCANS, [rows.scan(older, status="partial", not_read=[OTHER])], received=JUST_NOW)
    assert workspace.alerts(alert_rule("coverage-lost"), now=NOW) == []


def test_lost_management_group_is_one_alert(workspace: LogAnalytics) -> None:
    """Many subscriptions lost at once are one alert at the workspace, with the number and five examples."""
    lost = [f"{number:08d}-0000-0000-0000-000000000000" for number in range(300)]
    workspace.send(SCANS, [rows.scan(JUST_NOW, status="partial", not_read=lost)], received=JUST_NOW)
    (alert,) = workspace.alerts(alert_rule("coverage-lost"), now=NOW)
    assert alert.target == WORKSPACE_ID
    assert alert.dimensions["What"].startswith("300 subscriptions are no longer read: ")
    assert alert.dimensions["What"].count("-0000-0000-0000-") == 5


@pytest.mark.parametrize(
    ("refused", "fires"),
    [
        pytest.param([0], False, id="nothing refused"),
        pytest.param([3], True, id="some refused"),
        pytest.param([3, 0], False, id="accepted by the next scan"),
        pytest.param([0, 7], True, id="refused by the last scan"),
    ],
)
def test_refused_events_are_a_state(workspace: LogAnalytics, refused: list[int], *, fires: bool) -> None:
    """Refused events fire from the last scan's row, and the alert ends with the next scan that has none."""
    for index, count in enumerate(refused):
        at = NOW - timedelta(minutes=90 - 30 * index)
        workspace.send(SCANS, [rows.scan(at, refused=count)], received=at)
    text = "The last scan had events refused by Log Analytics; they wait in the outbox."
    expected = [Alert(target=None, dimensions={"What": text})] if fires else []
    assert workspace.alerts(alert_rule("ingestion-refused"), now=NOW) == expected
