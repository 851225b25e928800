"""Every log alert over rows: which rows make it fire, at which target and with which text, and which must not."""

from datetime import datetime, timedelta

import pytest

from tests.infra import rows
from tests.infra.declared import (
    COLLECTION_RULE_ID,
    OTHER_DEPLOYMENT,
    WORKSPACE_ID,
    AlertRule,
    alert_rule,
    alert_rules,
    allowed_intervals,
    refused_requests,
    refused_window,
)
from tests.infra.log_analytics import Alert, LogAnalytics, notified

EVENTS, SNAPSHOT, SCANS = "VmssPostureEvents_CL", "VmssPostureSnapshot_CL", "VmssPostureScans_CL"
NOW = rows.moment("2026-11-20 12:00")
JUST_NOW = NOW - timedelta(minutes=10)
"""Within the window: rows count when they have settled for five minutes."""
WINDOW_AGO = NOW - timedelta(minutes=21)
YESTERDAY = NOW - timedelta(days=1)
OTHER = "22222222-2222-2222-2222-222222222222"
THIRD = "33333333-3333-3333-3333-333333333333"


EVERY = allowed_intervals()
SNAPSHOT_ATTEMPTS = 4
"""The first and three retries, as function_app.py declares them."""


def dimensions(what: str, subject: str, subscription: str = rows.SUBSCRIPTION) -> dict[str, str]:
    """Fill in the dimensions of an alert about one scale set of the made-up fleet."""
    return {
        "What": what,
        "Subject": subject,
        "Subscription": subscription,
        "Workload": "shop / production",
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
    assert (alert.dimensions["Workload"], alert.dimensions["Owner"]) == (
        "(no application) / (no environment)",
        "(none)",
    )


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


@pytest.mark.parametrize("became", ["failed", "stalled", "rolled_back"])
def test_a_rollout_that_did_not_arrive_names_its_scale_set(workspace: LogAnalytics, became: str) -> None:
    """It fires at the scale set, once; the finding of the same attempt is no second alert."""
    row = rows.rollout("web", became, JUST_NOW, revision=2)
    finding = rows.finding("web", "opened", JUST_NOW, revision=2, rule="VMSS-060", rule_name="rolling-upgrade-failed")
    workspace.send(EVENTS, [row, finding], received=JUST_NOW)
    assert workspace.alerts(alert_rule("rollout-failed"), now=NOW) == [
        Alert(target=rows.scale_set_id("web"), dimensions=dimensions(str(row["Summary"]), f"rollout.{became}"))
    ]
    assert workspace.alerts(alert_rule("high-finding-opened"), now=NOW) == []


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(rows.rollout("web", "started", JUST_NOW, revision=2), id="a rollout that began"),
        pytest.param(rows.rollout("web", "completed", JUST_NOW, revision=2), id="a rollout that arrived"),
        pytest.param(
            rows.rollout("web", "failed", JUST_NOW, revision=2, RolloutEndedAt=rows.iso(NOW - timedelta(days=20))),
            id="one of the history, told when the scale set is first read",
        ),
        pytest.param(rows.finding("web", "opened", JUST_NOW, revision=2), id="a finding"),
    ],
)
def test_other_rollouts_alert_nobody(workspace: LogAnalytics, row: dict[str, object]) -> None:
    """What arrives, has just begun, or is long over fires nothing."""
    workspace.send(EVENTS, [row], received=JUST_NOW)
    assert workspace.alerts(alert_rule("rollout-failed"), now=NOW) == []


OUTSIDE = {"rule": "VMSS-083", "rule_name": "changed-outside-pipeline", "severity": "medium"}


def test_a_change_outside_the_pipeline_names_its_scale_set(workspace: LogAnalytics) -> None:
    """It fires when the finding opens, and for no other finding, nor when it is resolved."""
    changed = rows.finding("web", "opened", JUST_NOW, revision=2, **OUTSIDE)
    others = [
        rows.finding("web", "opened", JUST_NOW, revision=2),
        rows.finding("api", "resolved", JUST_NOW, revision=3, **OUTSIDE),
    ]
    workspace.send(EVENTS, [changed, *others], received=JUST_NOW)
    assert workspace.alerts(alert_rule("changed-outside-pipeline"), now=NOW) == [
        Alert(target=rows.scale_set_id("web"), dimensions=dimensions(str(changed["Summary"]), "VMSS-083"))
    ]


@pytest.mark.parametrize("rule", ["VMSS-033", "VMSS-037", "VMSS-072"])
def test_images_that_are_late_ahead_or_ending_are_high_findings(workspace: LogAnalytics, rule: str) -> None:
    """An image past its service level, one that will be deprecated, and production ahead of its canary are told."""
    workspace.send(EVENTS, [rows.finding("web", "opened", JUST_NOW, revision=2, rule=rule)], received=JUST_NOW)
    (alert,) = workspace.alerts(alert_rule("high-finding-opened"), now=NOW)
    assert alert.dimensions["Subject"] == rule


def test_repeat_alerts_nobody_twice(workspace: LogAnalytics) -> None:
    """An event that arrived before the window and again in it is told once: at its first arrival."""
    row = rows.finding("web", "opened", WINDOW_AGO, revision=2)
    workspace.send(EVENTS, [row], received=WINDOW_AGO)
    workspace.send(EVENTS, [row, row], received=JUST_NOW)
    assert workspace.alerts(alert_rule("high-finding-opened"), now=NOW) == []
    assert len(workspace.alerts(alert_rule("high-finding-opened"), now=WINDOW_AGO + timedelta(minutes=6))) == 1


def test_late_event_still_alerts(workspace: LogAnalytics) -> None:
    """An event that waited in the outbox for more than a day fires when it arrives."""
    late = {**rows.finding("web", "opened", YESTERDAY, revision=2), "TimeGenerated": rows.iso(YESTERDAY)}
    workspace.send(EVENTS, [late], received=JUST_NOW)
    assert [alert.target for alert in workspace.alerts(alert_rule("high-finding-opened"), now=NOW)] == [
        rows.scale_set_id("web")
    ]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        *[("posture-weakened", seconds) for seconds in (0, 1, 899, 900)],
        *[("coverage-lost", seconds) for seconds in (0, 1, 899, 900)],
        *[("exemption-expiring", seconds) for seconds in (0, 899)],
    ],
)
def test_windows_neither_overlap_nor_leave_a_gap(workspace: LogAnalytics, name: str, seconds: int) -> None:
    """Whenever a row arrives, also at the very moment of an evaluation, one of three in a row tells it, and only one."""
    at = NOW - timedelta(seconds=seconds)
    workspace.send(
        EVENTS, [rows.finding("web", "opened", at, revision=2), rows.drift("web", at, revision=2)], received=at
    )
    workspace.send(SNAPSHOT, [rows.snapshot("web", at, Exemptions=[rows.exemption("2026-11-30")])], received=at)
    workspace.send(SCANS, [rows.scan(at, status="partial", not_read=[OTHER])], received=at)
    quarter = timedelta(minutes=15)
    found = [workspace.alerts(alert_rule(name), now=NOW + quarter * turn) for turn in (-1, 0, 1, 2)]
    assert sorted(map(len, found)) == [0, 0, 0, 1]


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


def test_more_hits_are_an_alert_for_each_subscription(workspace: LogAnalytics) -> None:
    """Above twenty hits in an hour each subscription is one alert at the workspace, with the number and three examples."""
    found = [rows.finding(f"set-{number:02d}", "opened", JUST_NOW, revision=2) for number in range(18)]
    found += [
        rows.finding(f"set-{number:02d}", "opened", JUST_NOW, revision=2, subscription=OTHER) for number in range(3)
    ]
    workspace.send(EVENTS, found, received=JUST_NOW)
    opened = "VMSS-001 automatic-os-upgrade-disabled opened."
    alerts = workspace.alerts(alert_rule("high-finding-opened"), now=NOW)
    assert [alert.target for alert in alerts] == [WORKSPACE_ID, WORKSPACE_ID]
    assert sorted(alert.dimensions["Subscription"] for alert in alerts) == [rows.SUBSCRIPTION, OTHER]
    alerts.sort(key=lambda alert: alert.dimensions["Subscription"])
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
    assert [(alert.target, alert.dimensions["Subscription"]) for alert in alerts] == [(WORKSPACE_ID, rows.SUBSCRIPTION)]
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
        '30 of them. web: upgrade_mode weakened from "Rolling" to "Manual". | ...', "upgrade_mode", "(several)"
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


def alert(name: str, *, scans: list[tuple[int, str]], every: int = 30, deployed: int = 10**5) -> bool:
    """Say whether a rule fires over scans so many minutes ago, deployed so many minutes ago."""
    workspace = LogAnalytics()
    for minutes, status in scans:
        at = NOW - timedelta(minutes=minutes)
        workspace.send(SCANS, [rows.scan(at, status=status)], received=at)
    rule = alert_rule(name, every=every, deployed_at=NOW - timedelta(minutes=deployed))
    fired = workspace.alerts(rule, now=NOW)
    assert fired in ([], [Alert(target=None, dimensions={})])
    return bool(fired)


@pytest.mark.parametrize(
    ("scans", "deployed", "fires"),
    [
        pytest.param([], 10**5, True, id="no row at all"),
        pytest.param([], 70, False, id="no row, deployed an hour ago"),
        pytest.param([], 80, True, id="no row, deployed two schedules ago"),
        pytest.param([(20, "complete")], 10**5, False, id="complete, 20 minutes ago"),
        pytest.param([(65, "complete")], 10**5, False, id="one scan missing"),
        pytest.param([(80, "complete")], 10**5, True, id="two scans missing"),
        pytest.param([(80, "complete"), (45, "partial"), (15, "partial")], 10**5, False, id="two partial scans"),
        pytest.param([(80, "complete"), (45, "failed"), (15, "failed")], 10**5, True, id="two failed scans"),
        pytest.param([(80, "failed"), (45, "failed"), (15, "complete")], 10**5, False, id="complete again"),
        pytest.param([(60 * 24 * 3, "complete")], 10**5, True, id="complete three days ago, out of the range"),
        pytest.param([(600, "complete")], 10, False, id="every 12 hours until the deployment just now"),
    ],
)
def test_nothing_read_is_told(scans: list[tuple[int, str]], deployed: int, *, fires: bool) -> None:
    """Severity 1 is for a service that reads nothing for two schedules, also over no row; partial scans read something."""
    assert alert("nothing-read", scans=scans, deployed=deployed) is fires


def test_scan_that_read_nothing_is_no_reading(workspace: LogAnalytics) -> None:
    """A partial scan that got neither a subscription nor a scale set is as good as none; an unreadable row is no outage."""
    empty = {"SubscriptionsRead": 0, "ScaleSetsRead": 0}
    workspace.send(SCANS, [{**rows.scan(JUST_NOW, status="partial"), **empty}], received=JUST_NOW)
    assert len(workspace.alerts(alert_rule("nothing-read"), now=NOW)) == 1
    unreadable = {**rows.scan(JUST_NOW + timedelta(seconds=1), status="partial"), "SubscriptionsRead": 0}
    workspace.send(SCANS, [unreadable], received=JUST_NOW)
    assert workspace.alerts(alert_rule("nothing-read"), now=NOW) == []


def test_clock_that_runs_ahead_hides_no_outage(workspace: LogAnalytics) -> None:
    """A row that says it is of tomorrow counts from its arrival: the outage that follows is told in time."""
    row = rows.scan(NOW + timedelta(days=1))
    for at in (NOW - timedelta(minutes=80), NOW - timedelta(minutes=70)):
        workspace.send(SCANS, [row], received=at)
    assert workspace.alerts(alert_rule("nothing-read"), now=NOW) == []
    assert len(workspace.alerts(alert_rule("nothing-read"), now=NOW + timedelta(minutes=20))) == 1


AHEAD = timedelta(days=2)


def by_a_wrong_clock(row: dict[str, object]) -> dict[str, object]:
    """Say that a row is of two days later, in each of its moments, as a machine whose clock is ahead does."""
    moments = {name: row[name] for name in ("DetectedAt", "SnapshotAt", "LastReadAt", "OpenedAt") if name in row}
    later: dict[str, object] = {name: rows.iso(datetime.fromisoformat(str(at)) + AHEAD) for name, at in moments.items()}
    return {**row, **later, "TimeGenerated": next(iter(later.values()))}


def hours_ago(hours: float) -> datetime:
    """Count back from now."""
    return NOW - timedelta(hours=hours)


EXPIRING = [rows.exemption("2026-12-04")]
BLINDED = {
    "high-finding-opened": (
        (EVENTS, rows.finding("web", "resolved", WINDOW_AGO, revision=1), WINDOW_AGO, True),
        (EVENTS, rows.finding("web", "opened", JUST_NOW, revision=2), JUST_NOW, False),
    ),
    "high-finding-opened, by the wrong clock": (
        (EVENTS, rows.finding("web", "opened", JUST_NOW, revision=2), JUST_NOW, True),
    ),
    "posture-weakened": (
        (EVENTS, rows.drift("web", WINDOW_AGO, revision=1, direction="strengthened"), WINDOW_AGO, True),
        (EVENTS, rows.drift("web", JUST_NOW, revision=2), JUST_NOW, False),
    ),
    "rollout-failed": (
        (EVENTS, rows.rollout("web", "completed", WINDOW_AGO, revision=1), WINDOW_AGO, True),
        (EVENTS, rows.rollout("web", "failed", JUST_NOW, revision=2), JUST_NOW, False),
    ),
    "rollout-failed, by the wrong clock": (
        (
            EVENTS,
            rows.rollout("web", "failed", JUST_NOW, revision=2, RolloutEndedAt=rows.iso(JUST_NOW)),
            JUST_NOW,
            True,
        ),
    ),
    "changed-outside-pipeline": (
        (EVENTS, rows.finding("web", "resolved", WINDOW_AGO, revision=1, **OUTSIDE), WINDOW_AGO, True),
        (EVENTS, rows.finding("web", "opened", JUST_NOW, revision=2, **OUTSIDE), JUST_NOW, False),
    ),
    "changed-outside-pipeline, by the wrong clock": (
        (EVENTS, rows.finding("web", "opened", JUST_NOW, revision=2, **OUTSIDE), JUST_NOW, True),
    ),
    "posture-weakened, by the wrong clock": ((EVENTS, rows.drift("web", JUST_NOW, revision=2), JUST_NOW, True),),
    "exemption-expiring": (
        (SNAPSHOT, rows.snapshot("web", YESTERDAY, Exemptions=EXPIRING), YESTERDAY, True),
        (SNAPSHOT, rows.snapshot("web", JUST_NOW, Exemptions=EXPIRING), JUST_NOW, False),
    ),
    "exemption-expiring, by the wrong clock": (
        (SNAPSHOT, rows.snapshot("web", YESTERDAY, Exemptions=EXPIRING), YESTERDAY, True),
        (SNAPSHOT, rows.snapshot("web", JUST_NOW, Exemptions=EXPIRING), JUST_NOW, True),
    ),
    "nothing-read": ((SCANS, rows.scan(hours_ago(2)), hours_ago(2), True),),
    "scans-partial": (
        (SCANS, rows.scan(hours_ago(8)), hours_ago(8), True),
        (SCANS, rows.scan(hours_ago(0.5), status="partial"), hours_ago(0.5), False),
    ),
    "coverage-lost": (
        (SCANS, rows.scan(WINDOW_AGO), WINDOW_AGO, True),
        (SCANS, rows.scan(JUST_NOW, status="partial", not_read=[OTHER]), JUST_NOW, False),
    ),
    "coverage-lost, by the wrong clock": (
        (SCANS, rows.scan(WINDOW_AGO), WINDOW_AGO, False),
        (SCANS, rows.scan(JUST_NOW, status="partial", not_read=[OTHER]), JUST_NOW, True),
    ),
    "ingestion-refused": (
        (SCANS, rows.scan(WINDOW_AGO), WINDOW_AGO, True),
        (SCANS, rows.scan(JUST_NOW, refused=3), JUST_NOW, False),
    ),
    "snapshot-missing": ((EVENTS, rows.snapshot_completed(hours_ago(30)), hours_ago(30), True),),
}


@pytest.mark.parametrize("case", BLINDED)
def test_a_clock_two_days_ahead_blinds_no_alert(case: str) -> None:
    """A row that says it is of two days later neither keeps an alert from firing nor changes what it says."""
    rule = alert_rule(case.partition(",")[0], deployed_at=NOW - timedelta(days=90))
    wrong, right = LogAnalytics(), LogAnalytics()
    for table, row, received, is_wrong in BLINDED[case]:
        wrong.send(table, [by_a_wrong_clock(row) if is_wrong else row], received=received)
        right.send(table, [row], received=received)
    expected = right.alerts(rule, now=NOW)
    assert len(expected) == 1
    assert wrong.alerts(rule, now=NOW) == expected


def test_every_alert_on_our_rows_is_asked_about_a_wrong_clock() -> None:
    """The error log of the collection rule holds no row of ours."""
    assert {case.partition(",")[0] for case in BLINDED} == {rule.name for rule in alert_rules()} - {"collection-errors"}


def every_half_hour(days: int, status: str) -> list[tuple[int, str]]:
    """Scan every half hour until now."""
    return [(30 * turn + 5, status) for turn in range(days * 48)]


@pytest.mark.parametrize(
    ("scans", "fires"),
    [
        pytest.param([], False, id="no row at all"),
        pytest.param([(400, "complete"), (30, "partial")], True, id="partial for six hours"),
        pytest.param([(300, "complete"), (30, "partial")], False, id="partial for less"),
        pytest.param([(400, "complete"), (60, "partial"), (30, "complete")], False, id="complete again"),
        pytest.param([(400, "complete"), (60, "failed"), (30, "failed")], False, id="failed, which nothing-read tells"),
        pytest.param(every_half_hour(3, "partial"), True, id="one subscription lost 40 days ago"),
        pytest.param(every_half_hour(3, "complete"), False, id="all is well for days"),
    ],
)
def test_partial_scans_are_told(scans: list[tuple[int, str]], *, fires: bool) -> None:
    """Scans that read something and not everything are a rule of their own, which lasts as long as they do."""
    assert alert("scans-partial", scans=scans) is fires


def test_partial_scans_do_not_hide_an_outage() -> None:
    """While a subscription is lost for 40 days, a real outage still fires severity 1, and the partial rule stays as it is."""
    until = [(minutes + 80, status) for minutes, status in every_half_hour(2, "partial")]
    assert [alert("nothing-read", scans=until), alert("scans-partial", scans=until)] == [True, True]
    running = every_half_hour(2, "partial")
    assert [alert("nothing-read", scans=running), alert("scans-partial", scans=running)] == [False, True]


@pytest.mark.parametrize("every", EVERY)
def test_rules_on_scans_fit_every_schedule(every: int) -> None:
    """Whatever the time between scans: on time is no alert, a lasting outage and a lasting partial coverage are."""
    on_time = [(every * turn + 5, "complete") for turn in range(6)]
    assert not alert("nothing-read", scans=on_time, every=every)
    assert not alert("scans-partial", scans=on_time, every=every)
    assert not alert("scans-partial", scans=[(every + 5, "complete"), (5, "partial")], every=every)
    assert alert("nothing-read", scans=[(2 * every + 20, "complete")], every=every)
    partial = [(every * turn + 5, "partial") for turn in range(2 * 1440 // every)]
    assert alert("scans-partial", scans=partial, every=every)


@pytest.mark.parametrize(
    ("hours", "deployed", "fires"),
    [
        pytest.param([], 25, False, id="deployed yesterday, and no snapshot yet"),
        pytest.param([], 27, True, id="none since the deployment"),
        pytest.param([25], 10**4, False, id="a day ago"),
        pytest.param([27], 10**4, True, id="a snapshot was left out"),
        pytest.param([51, 3], 10**4, False, id="one was left out, the next came"),
    ],
)
def test_missing_snapshot_is_told(workspace: LogAnalytics, hours: list[int], deployed: int, *, fires: bool) -> None:
    """A day without a completed snapshot fires; rows of one that was not completed do not count."""
    for ago in hours:
        at = NOW - timedelta(hours=ago)
        workspace.send(EVENTS, [rows.snapshot_completed(at)], received=at)
    workspace.send(SNAPSHOT, [rows.snapshot("web", JUST_NOW)], received=JUST_NOW)
    rule = alert_rule("snapshot-missing", deployed_at=NOW - timedelta(hours=deployed))
    assert bool(workspace.alerts(rule, now=NOW)) is fires


@pytest.mark.parametrize(
    ("errors", "fires"),
    [
        pytest.param(0, False, id="none"),
        pytest.param(refused_requests(30), False, id="as many as a first deployment may have"),
        pytest.param(refused_requests(30) + 1, True, id="more"),
    ],
)
def test_error_log_of_the_collection_rule_is_watched(errors: int, *, fires: bool) -> None:
    """Entries of our collection rule's error log fire, those of another rule or of yesterday do not."""
    workspace = LogAnalytics(with_error_log=True)
    ours = [{"_ResourceId": COLLECTION_RULE_ID.upper(), "Message": "x"}] * errors
    other = [{"_ResourceId": "/subscriptions/0/other", "Message": "x"}] * 50
    workspace.send("DCRLogErrors", [*ours, *other], received=JUST_NOW)
    old = [{"_ResourceId": COLLECTION_RULE_ID, "Message": "x"}] * 50
    workspace.send("DCRLogErrors", old, received=YESTERDAY)
    assert bool(workspace.alerts(alert_rule("collection-errors"), now=NOW)) is fires


def test_error_log_that_is_not_there_is_no_error(workspace: LogAnalytics) -> None:
    """Azure makes the table with the first error: without it the query answers that there was none."""
    assert workspace.alerts(alert_rule("collection-errors"), now=NOW) == []


@pytest.mark.parametrize("every", EVERY)
def test_first_deployment_refuses_less_than_alerts(every: int) -> None:
    """While the role propagates for half an hour each scan is refused once and a snapshot four times: no alert yet.

    Lasting refusal is one, unless there are so few scans that nothing-read tells sooner.
    """
    scans = -(-30 // every) + (1 if 30 % every == 0 else 0)
    first = min(scans, max(2, scans)) + SNAPSHOT_ATTEMPTS
    assert first <= refused_requests(every)
    lasting = refused_window(every) // timedelta(minutes=every)
    lasting += SNAPSHOT_ATTEMPTS if refused_window(every) == timedelta(days=1) else 0
    assert lasting > refused_requests(every) or every == 720


@pytest.mark.parametrize("name", [rule.name for rule in alert_rules() if not rule.aggregate])
def test_first_deployment_is_silent_while_its_role_propagates(name: str) -> None:
    """No row arrives for half an hour, as the new role is not known everywhere; then the first scan's row does."""
    workspace = LogAnalytics()
    fired = []
    for minutes in range(5, 120, 15):
        now = NOW + timedelta(minutes=minutes)
        if minutes == 65:
            workspace.send(SCANS, [rows.scan(now - timedelta(minutes=5))], received=now - timedelta(minutes=2))
        fired += workspace.alerts(alert_rule(name, deployed_at=NOW), now=now)
    assert fired == []


@pytest.mark.parametrize("name", [rule.name for rule in alert_rules() if rule.kind == "state"])
def test_state_that_lasts_is_told_again(name: str) -> None:
    """A week of an unbroken state is told when it begins and again after each repeat, and not at every evaluation."""
    rule = alert_rule(name)
    assert rule.repeat is not None
    fired = [Alert(target=None, dimensions={})]
    week = [(NOW + timedelta(minutes=15 * turn), fired) for turn in range(7 * 96)]
    assert len(notified(rule, week)) == {"PT6H": 28, "P1D": 7}[rule.repeat]


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
    """A subscription fires when it stops being read, by its id, and not again while it stays away."""
    workspace.send(SCANS, [rows.scan(WINDOW_AGO, status="partial", not_read=before)], received=WINDOW_AGO)
    workspace.send(SCANS, [rows.scan(JUST_NOW, status="partial", not_read=now)], received=JUST_NOW)
    assert workspace.alerts(alert_rule("coverage-lost"), now=NOW) == [
        Alert(target=None, dimensions={"What": f"1 subscription is no longer read: {name}", "Subscription": name})
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
    assert alert.dimensions["Subscription"] == "(several)"
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


def other(row: dict[str, object]) -> dict[str, object]:
    """Let another deployment send a row."""
    return {**row, "Deployment": OTHER_DEPLOYMENT}


@pytest.mark.parametrize("rule", alert_rules(deployed_at=NOW - timedelta(minutes=30)), ids=lambda rule: rule.name)
def test_other_deployment_in_the_workspace_fires_nothing(workspace: LogAnalytics, rule: AlertRule) -> None:
    """Findings, drift, exemptions, lost coverage, refused events and partial scans of another deployment are its own."""
    loud = [rows.finding("web", "opened", JUST_NOW, revision=2), rows.drift("web", JUST_NOW, revision=2)]
    workspace.send(EVENTS, [other(row) for row in loud], received=JUST_NOW)
    snapshot = rows.snapshot("web", JUST_NOW, Exemptions=[rows.exemption("2026-11-30")])
    workspace.send(SNAPSHOT, [other(snapshot)], received=JUST_NOW)
    for minutes in (600, 20, 10):
        at = NOW - timedelta(minutes=minutes)
        workspace.send(SCANS, [other(rows.scan(at, status="partial", not_read=[OTHER], refused=3))], received=at)
    assert workspace.alerts(rule, now=NOW) == []


def test_other_deployment_hides_nothing(workspace: LogAnalytics) -> None:
    """A healthy neighbour in the workspace does not stand for a service that reads nothing, or takes no snapshot."""
    workspace.send(SCANS, [other(rows.scan(JUST_NOW))], received=JUST_NOW)
    workspace.send(EVENTS, [other(rows.snapshot_completed(JUST_NOW))], received=JUST_NOW)
    row = rows.finding("web", "opened", JUST_NOW, revision=2)
    workspace.send(EVENTS, [other(row)], received=YESTERDAY)
    workspace.send(EVENTS, [row], received=JUST_NOW)
    fired = {rule.name for rule in alert_rules() if workspace.alerts(rule, now=NOW)}
    assert fired == {"nothing-read", "snapshot-missing", "high-finding-opened"}


def test_owner_with_a_route_has_a_rule_of_their_own(workspace: LogAnalytics) -> None:
    """Each finding is told by one rule: its owner's, or the general one; a hostile name is text and nothing else."""
    hostile = 'team "x"]) | take 0 //'
    owners = ("team-shop", hostile)
    found = [
        {**rows.finding(f"set-{owner}", "opened", JUST_NOW, revision=2), "Owner": owner}
        for owner in (*owners, "team-pay", "")
    ]
    workspace.send(EVENTS, found, received=JUST_NOW)
    told = {
        owner: [
            alert.dimensions["Owner"]
            for alert in workspace.alerts(alert_rule("high-finding-opened", routed_owners=owners, owner=owner), now=NOW)
        ]
        for owner in (*owners, "")
    }
    assert told == {"team-shop": ["team-shop"], hostile: [hostile], "": ["(none)", "team-pay"]}


def test_routed_owner_is_not_mixed_with_others(workspace: LogAnalytics) -> None:
    """Above twenty hits an hour a routed owner keeps rows of their own, and is not counted with the others."""
    many = [
        {**rows.finding(f"set-{number:02d}", "opened", JUST_NOW, revision=2), "Owner": f"team-{number % 3}"}
        for number in range(60)
    ]
    few = [{**rows.finding("web", "opened", JUST_NOW, revision=2), "Owner": "team-shop"}]
    workspace.send(EVENTS, many + few, received=JUST_NOW)
    owners = ("team-shop",)
    (own,) = workspace.alerts(alert_rule("high-finding-opened", routed_owners=owners, owner="team-shop"), now=NOW)
    assert (own.target, own.dimensions["Owner"]) == (rows.scale_set_id("web"), "team-shop")
    (rest,) = workspace.alerts(alert_rule("high-finding-opened", routed_owners=owners), now=NOW)
    assert (rest.target, rest.dimensions["Owner"]) == (WORKSPACE_ID, "team-0, team-1, team-2")
    assert rest.dimensions["What"].startswith("60 of them. ")


LATE = timedelta(hours=5)
Sent = tuple[str, dict[str, object], timedelta]
"""A table, a row, and how long before now it arrived."""
AT = NOW - LATE
MINUTES = timedelta(minutes=1)


def provoked() -> dict[str, list[Sent]]:
    """Say for each rule what makes it fire: rows that arrived ten minutes ago and speak of what was hours before, and others."""
    now = 10 * MINUTES
    partial = rows.scan(AT, status="partial", not_read=[OTHER])
    hours = [*range(540, 0, -30)]
    return {
        "high-finding-opened": [(EVENTS, rows.finding("web", "opened", AT, revision=2), now)],
        "posture-weakened": [(EVENTS, rows.drift("web", AT, revision=2), now)],
        "rollout-failed": [(EVENTS, rows.rollout("web", "failed", AT, revision=2), now)],
        "changed-outside-pipeline": [(EVENTS, rows.finding("web", "opened", AT, revision=2, **OUTSIDE), now)],
        "exemption-expiring": [(SNAPSHOT, rows.snapshot("web", AT, Exemptions=[rows.exemption("2026-11-30")]), now)],
        "coverage-lost": [(SCANS, rows.scan(AT - LATE), LATE), (SCANS, partial, now)],
        "nothing-read": [(SCANS, rows.scan(AT), now)],
        "scans-partial": [
            (SCANS, rows.scan(NOW - ago * MINUTES, status="partial"), min(ago, 10 + ago % 7) * MINUTES) for ago in hours
        ],
        "ingestion-refused": [(SCANS, rows.scan(AT, refused=3), now)],
        "snapshot-missing": [(EVENTS, rows.snapshot_completed(NOW - timedelta(hours=30)), now)],
        "collection-errors": [
            ("DCRLogErrors", {"_ResourceId": COLLECTION_RULE_ID, "Message": str(number)}, now)
            for number in range(refused_requests(30) + 1)
        ],
    }


def filled(sent: list[Sent], *, copies: int = 1, again: timedelta | None = None) -> LogAnalytics:
    """Let rows arrive, each in so many copies, and all of them once more so long before now."""
    workspace = LogAnalytics(with_error_log=True)
    for table, row, ago in sent:
        workspace.send(table, [row] * copies, received=NOW - ago)
    for table, row, _ in sent if again is not None else ():
        workspace.send(table, [row], received=NOW - (again or LATE))
    return workspace


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule.name)
def test_late_rows_fire_once_however_often_they_arrive(rule: AlertRule) -> None:
    """Each rule fires over rows that arrive hours late; a second copy, at once or after the first was told, adds nothing.

    The rule on the error log counts its entries, which Azure writes and nothing sends again.
    """
    sent = provoked()[rule.name]
    once = filled(sent).alerts(rule, now=NOW)
    assert len(once) == 1
    assert filled(sent, copies=2).alerts(rule, now=NOW) == once
    later = NOW + timedelta(minutes=15)
    repeated = filled(sent, again=-5 * MINUTES).alerts(rule, now=later)
    assert repeated == ([] if rule.kind == "transition" else once)


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule.name)
def test_late_rows_of_good_times_end_no_state(rule: AlertRule) -> None:
    """What says that all was well hours ago, and arrives now, hides nothing of what was found since."""
    before = AT - timedelta(hours=4)
    good: list[Sent] = [
        (SCANS, rows.scan(before), 6 * MINUTES),
        (EVENTS, rows.snapshot_completed(NOW - timedelta(hours=40)), 6 * MINUTES),
        (SNAPSHOT, rows.snapshot("web", NOW - timedelta(hours=40)), 6 * MINUTES),
        (EVENTS, rows.finding("web", "resolved", before, revision=1), 6 * MINUTES),
    ]
    sent = provoked()[rule.name]
    assert filled([*sent, *good]).alerts(rule, now=NOW) == filled(sent).alerts(rule, now=NOW)


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule.name)
def test_clock_that_ran_ahead_blinds_no_rule(rule: AlertRule) -> None:
    """Rows of good times that say they are of tomorrow count from their arrival: what is found afterwards is told."""
    tomorrow = NOW + timedelta(days=1)
    sent = [
        (table, {**row, "DetectedAt": rows.iso(NOW - ago)}, ago) if table == SCANS else (table, row, ago)
        for table, row, ago in provoked()[rule.name]
    ]
    ahead: list[Sent] = [
        (SCANS, {**rows.scan(tomorrow), "EventId": "ahead"}, timedelta(hours=11)),
        (EVENTS, rows.snapshot_completed(tomorrow), timedelta(hours=31)),
    ]
    if rule.name == "nothing-read":
        sent = []
    assert len(filled([*ahead, *sent]).alerts(rule, now=NOW)) == 1


@pytest.mark.parametrize(
    ("first_scan", "fires"),
    [
        pytest.param(timedelta(hours=47), True, id="scans for two days, and no snapshot"),
        pytest.param(timedelta(hours=20), False, id="scans since yesterday evening"),
    ],
)
def test_provisioning_every_day_hides_no_missing_snapshot(
    workspace: LogAnalytics, first_scan: timedelta, *, fires: bool
) -> None:
    """A pipeline that provisions again and again does not begin the time without a snapshot anew."""
    for at in (NOW - first_scan, NOW - timedelta(minutes=20)):
        workspace.send(SCANS, [rows.scan(at)], received=at)
    rule = alert_rule("snapshot-missing", deployed_at=NOW - timedelta(hours=1))
    assert bool(workspace.alerts(rule, now=NOW)) is fires
