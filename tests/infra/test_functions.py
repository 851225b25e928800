"""The Log Analytics functions over rows."""

import hashlib
import json
import re
from datetime import timedelta

import pytest

from tests.infra import rows
from tests.infra.declared import DEPLOYMENT, INFRA, OTHER_DEPLOYMENT, QUERIES, bicep, functions, functions_version
from tests.infra.log_analytics import LogAnalytics

EVENTS, SNAPSHOT = "VmssPostureEvents_CL", "VmssPostureSnapshot_CL"
NOW = rows.moment("2026-11-20 12:00")
SNAPSHOT_AT = rows.moment("2026-11-20 06:00")
LATER = NOW - timedelta(hours=1)


def send_snapshot(workspace: LogAnalytics, *found: dict[str, object]) -> None:
    """Let a whole snapshot arrive."""
    workspace.send(SNAPSHOT, found, received=SNAPSHOT_AT)
    workspace.send(EVENTS, [rows.snapshot_completed(SNAPSHOT_AT)], received=SNAPSHOT_AT)


def open_findings(workspace: LogAnalytics) -> list[tuple[str, str]]:
    """Ask which findings are open: scale set and rule."""
    found = workspace.query("VmssPostureOpenFindings() | sort by ScaleSetName asc, RuleId asc", now=NOW)
    return [(row["ScaleSetName"], row["RuleId"]) for row in found]


def test_each_event_is_there_once(workspace: LogAnalytics) -> None:
    """A repeat of an event is dropped, and the first arrival is the one that stays."""
    row = rows.finding("web", "opened", SNAPSHOT_AT, revision=2)
    workspace.send(EVENTS, [row, row], received=SNAPSHOT_AT)
    workspace.send(EVENTS, [row, rows.finding("web", "resolved", LATER, revision=3)], received=LATER)
    found = workspace.query("VmssPostureEvents() | sort by Revision asc", now=NOW)
    assert [(item["EventType"], item["FirstIngestedAt"]) for item in found] == [
        ("finding.opened", SNAPSHOT_AT.replace(tzinfo=None)),
        ("finding.resolved", LATER.replace(tzinfo=None)),
    ]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([], [("web", "VMSS-001")], id="nothing since"),
        pytest.param(["resolved"], [], id="resolved since"),
        pytest.param(["exempted"], [], id="exempted since"),
        pytest.param(["withdrawn"], [], id="withdrawn since"),
        pytest.param(["resolved", "opened"], [("web", "VMSS-001")], id="resolved and opened again"),
        pytest.param(["exempted", "opened", "withdrawn"], [], id="exempted, opened again, withdrawn"),
    ],
)
def test_open_findings_follow_the_events(
    workspace: LogAnalytics, events: list[str], expected: list[tuple[str, str]]
) -> None:
    """What is open is what the snapshot says, and what the transitions since then did to it."""
    send_snapshot(
        workspace, rows.snapshot("web", SNAPSHOT_AT, revision=4, OpenFindings=[rows.open_finding(SNAPSHOT_AT)])
    )
    since = [rows.finding("web", change, LATER, revision=5 + index) for index, change in enumerate(events)]
    workspace.send(EVENTS, since, received=LATER)
    assert open_findings(workspace) == expected


@pytest.mark.parametrize("order", [("withdrawn", "opened"), ("opened", "withdrawn")])
def test_open_findings_after_a_re_creation(workspace: LogAnalytics, order: tuple[str, str]) -> None:
    """Withdrawn and opened are of one revision; their order within it decides, and not the order of arrival."""
    send_snapshot(
        workspace, rows.snapshot("web", SNAPSHOT_AT, revision=4, OpenFindings=[rows.open_finding(SNAPSHOT_AT)])
    )
    events = [
        rows.finding("web", change, LATER, revision=5) | {"Ordinal": ordinal} for ordinal, change in enumerate(order)
    ]
    expected = [("web", "VMSS-001")] if order[-1] == "opened" else []
    for arriving in (events, events[::-1]):
        workspace.send(EVENTS, arriving, received=LATER)
        assert open_findings(workspace) == expected


def test_open_findings_after_the_state_was_lost(workspace: LogAnalytics) -> None:
    """Revisions begin again in a later generation, and count more than all those before."""
    send_snapshot(workspace, rows.snapshot("web", SNAPSHOT_AT, revision=40))
    event = rows.finding("web", "opened", LATER, revision=1) | {"Ordinal": 1, "Generation": rows.iso(LATER)}
    workspace.send(EVENTS, [event], received=LATER)
    assert open_findings(workspace) == [("web", "VMSS-001")]


def test_snapshot_goes_before_what_it_already_holds(workspace: LogAnalytics) -> None:
    """An event of a revision that the snapshot covers changes nothing, however late it arrives."""
    send_snapshot(workspace, rows.snapshot("web", SNAPSHOT_AT, revision=4))
    workspace.send(EVENTS, [rows.finding("web", "opened", LATER, revision=4)], received=LATER)
    assert open_findings(workspace) == []


def test_new_scale_set_needs_no_snapshot(workspace: LogAnalytics) -> None:
    """A finding of a scale set that no snapshot holds yet is open from its event on."""
    send_snapshot(workspace, rows.snapshot("api", SNAPSHOT_AT))
    workspace.send(EVENTS, [rows.finding("web", "opened", LATER, revision=1)], received=LATER)
    assert open_findings(workspace) == [("web", "VMSS-001")]


def test_newest_snapshot_replaces_the_older(workspace: LogAnalytics) -> None:
    """A finding that only an older snapshot holds is not open."""
    before = SNAPSHOT_AT - timedelta(days=1)
    workspace.send(SNAPSHOT, [rows.snapshot("web", before, OpenFindings=[rows.open_finding(before)])], received=before)
    send_snapshot(workspace, rows.snapshot("web", SNAPSHOT_AT, revision=2))
    assert open_findings(workspace) == []


def test_compliance_counts_every_outcome(workspace: LogAnalytics) -> None:
    """Exempt and unknown are shown and not counted as compliant or not; a rule nobody could judge has no percentage."""
    outcomes = ["passed", "passed", "failed", "failed", "unknown", "not_applicable"]
    fleet = [
        rows.snapshot(
            f"set-{index}",
            SNAPSHOT_AT,
            Outcomes={"VMSS-001": outcome, "VMSS-040": "unknown"},
            Exemptions=[rows.exemption("2026-12-31")] if index == 3 else [],
        )
        for index, outcome in enumerate(outcomes)
    ]
    send_snapshot(workspace, *fleet)
    first, second = workspace.query("VmssPostureCompliance(now())", now=NOW)
    assert first == {
        "Deployment": DEPLOYMENT,
        "SnapshotAt": SNAPSHOT_AT.replace(tzinfo=None),
        "RuleId": "VMSS-001",
        "ScaleSets": 6,
        "Passed": 2,
        "Failed": 1,
        "Exempt": 1,
        "Unknown": 1,
        "NotApplicable": 1,
        "CompliancePercent": 66.7,
        "UnknownPercent": 20.0,
    }
    assert (second["RuleId"], second["Unknown"], second["CompliancePercent"]) == ("VMSS-040", 6, None)


def test_compliance_speaks_of_the_day_asked_for(workspace: LogAnalytics) -> None:
    """The answer for a moment is the last completed snapshot before it, not a later one and not half a one."""
    before = SNAPSHOT_AT - timedelta(days=1)
    after = SNAPSHOT_AT + timedelta(hours=5)
    for at, outcome, is_whole in ((before, "failed", True), (SNAPSHOT_AT, "passed", True), (after, "failed", False)):
        workspace.send(SNAPSHOT, [rows.snapshot("web", at, Outcomes={"VMSS-001": outcome})], received=at)
        if is_whole:
            workspace.send(EVENTS, [rows.snapshot_completed(at)], received=at)
    percents = {
        text: [row["CompliancePercent"] for row in workspace.query(f"VmssPostureCompliance({text})", now=NOW)]
        for text in ("datetime(2026-11-19T12:00)", "datetime(2026-11-20T10:00)", "now()", "datetime(2026-11-19T05:00)")
    }
    assert percents == {
        "datetime(2026-11-19T12:00)": [0.0],
        "datetime(2026-11-20T10:00)": [100.0],
        "now()": [100.0],
        "datetime(2026-11-19T05:00)": [],
    }


def test_row_sent_twice_is_one_scale_set(workspace: LogAnalytics) -> None:
    """A snapshot row that was sent again counts once."""
    row = rows.snapshot("web", SNAPSHOT_AT)
    send_snapshot(workspace, row, row)
    workspace.send(SNAPSHOT, [row], received=LATER)
    assert [item["ScaleSets"] for item in workspace.query("VmssPostureCompliance(now())", now=NOW)] == [1, 1]


def test_recreated_scale_set_keeps_its_findings(workspace: LogAnalytics) -> None:
    """A re-creation withdraws and opens a finding in one revision: it is open, in whatever order the rows arrive."""
    send_snapshot(
        workspace, rows.snapshot("web", SNAPSHOT_AT, revision=4, OpenFindings=[rows.open_finding(SNAPSHOT_AT)])
    )
    both = [
        rows.finding("web", change, LATER, revision=5, Ordinal=ordinal)
        for change, ordinal in (("opened", 1), ("withdrawn", 0))
    ]
    for event in (*both, both[0]):
        workspace.send(EVENTS, [event], received=LATER)
    assert open_findings(workspace) == [("web", "VMSS-001")]


def in_both(workspace: LogAnalytics) -> None:
    """Let two deployments watch one scale set: here its finding is resolved, there it is open."""
    row = rows.snapshot("web", SNAPSHOT_AT, revision=4, OpenFindings=[rows.open_finding(SNAPSHOT_AT)])
    failed = {"Outcomes": {"VMSS-001": "failed"}}
    send_snapshot(workspace, row, {**row, **failed, "Deployment": OTHER_DEPLOYMENT})
    workspace.send(
        EVENTS, [{**rows.snapshot_completed(SNAPSHOT_AT), "Deployment": OTHER_DEPLOYMENT}], received=SNAPSHOT_AT
    )
    event = rows.finding("web", "resolved", LATER, revision=5)
    workspace.send(
        EVENTS, [event, {**event, "EventType": "finding.opened", "Deployment": OTHER_DEPLOYMENT}], received=LATER
    )


@pytest.mark.parametrize(
    ("call", "found"),
    [
        pytest.param("VmssPostureEvents({}) | where RuleId == 'VMSS-001' | count", (1, 1, 2), id="events"),
        pytest.param("VmssPostureOpenFindings({}) | count", (0, 1, 1), id="open findings"),
        pytest.param(
            "VmssPostureCompliance(now(){}) | where RuleId == 'VMSS-001' | summarize Passed = sum(Passed)",
            (1, 0, 1),
            id="compliance",
        ),
    ],
)
def test_deployments_in_one_workspace_stay_apart(
    workspace: LogAnalytics, call: str, found: tuple[int, int, int]
) -> None:
    """Each function answers for one deployment, for the other, and without the parameter for both, none mixed up."""
    in_both(workspace)
    lead = ", " if "now()" in call else ""
    arguments = (f'{lead}"{DEPLOYMENT}"', f'{lead}"{OTHER_DEPLOYMENT}"', "")
    answers = [workspace.query(call.format(argument), now=NOW) for argument in arguments]
    assert tuple(next(iter(answer[0].values())) for answer in answers) == found


def test_same_event_id_of_two_deployments_is_two_events(workspace: LogAnalytics) -> None:
    """Two deployments that watch one scale set give a transition one id: neither takes the other's row away."""
    row = rows.finding("web", "opened", LATER, revision=2)
    workspace.send(EVENTS, [row, row, {**row, "Deployment": OTHER_DEPLOYMENT}], received=LATER)
    assert len(workspace.query("VmssPostureEvents()", now=NOW)) == 2


def test_figures_are_counts_and_not_estimates() -> None:
    """No query counts with dcount, which estimates, or with dcountif, which may fail where all rows or none pass."""
    texts = {path: path.read_text(encoding="utf-8") for path in QUERIES.rglob("*.kql")}
    assert [path.name for path, text in texts.items() if re.search(r"\bdcount(if)?\b", text)] == []


def test_text_of_a_function_changes_with_its_version_only() -> None:
    """A release that changed a function under an old version would overwrite what a newer release relies on."""
    released = json.loads((INFRA / "functions-released.json").read_text(encoding="utf-8"))["versions"]
    texts = {function.name: function.body for function in functions() if function.name.endswith(functions_version())}
    digests = {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in texts.items()}
    assert list(released)[-1] == functions_version()
    assert released[functions_version()] == digests, "raise the version in functions.bicep, and add it here"


def test_what_runs_by_itself_calls_versioned_functions() -> None:
    """Alerts, workbook, dashboard and functions call the names of their own release, which no other release writes."""
    version = functions_version()
    for path in QUERIES.rglob("*.kql"):
        calls = re.findall(r"\b(VmssPosture\w+)\(", path.read_text(encoding="utf-8"))
        assert [call for call in calls if not call.endswith(version)] == [], path.name
    text = bicep("functions.bicep")
    assert "name: toLower('${function.alias}${version}')" in text
    assert "for function in functions: if (ownsPlainNames)" in text


def test_documented_example_of_compliance_is_answered(workspace: LogAnalytics) -> None:
    """The example of docs/auditors.md gives a row for each rule of the day that it names."""
    send_snapshot(workspace, rows.snapshot("web", SNAPSHOT_AT))
    page = (INFRA.parent / "docs/auditors.md").read_text(encoding="utf-8")
    (example, *_) = re.findall(r"```kusto\n(.*?)```", page, re.DOTALL)
    example = re.sub(r"datetime\([^)]*\)", "datetime(2026-11-20T23:59:59Z)", example)
    assert [row["RuleId"] for row in workspace.query(example, now=NOW)] == ["VMSS-001", "VMSS-040"]
