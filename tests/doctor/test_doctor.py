"""Each thing broken in turn: the doctor names it and its fix, and the rest is examined all the same."""

import re
import socket
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator.endpoint.access import Role
from emulator.endpoint.faults import FaultKind
from scanner.adapters.stores.table_rows import CONTROL
from scanner.doctor.check import PROVES, Check, Result
from scanner.ports.event import Event, Table
from scanner.ports.store import StateRow, StateWrite
from tests.doctor.conftest import Deployment

type Break = Callable[[Deployment], object]
OTHER_RULE = "dcr-" + "f" * 32
UNKNOWN_SUBSCRIPTION = "99999999-9999-4999-8999-999999999999"


def test_a_deployment_that_works_is_well(deployment: Deployment) -> None:
    """Every check is ok, in the declared order; the probe row alone is not looked at, as nobody asked for it."""
    checks = deployment.examine()
    assert [check.name for check in checks] == list(PROVES)
    assert {check.name: check.result for check in checks if check.result is not Result.OK} == {
        "probe row": Result.SKIPPED
    }, checks
    assert deployment.control.rows(Table.EVENTS) == []


def _set(name: str, value: str) -> Break:
    return lambda deployment: deployment.settings.update({name: value})


def _unset(name: str) -> Break:
    return lambda deployment: deployment.settings.pop(name, None)


def _status(endpoint: str, status: int, **facts: object) -> Break:
    return lambda deployment: deployment.control.add_fault(
        endpoint, FaultKind.STATUS, status=status, count=None, **facts
    )


def _closed() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{taken.getsockname()[1]}"


def _lease(*, ends_in: timedelta) -> Break:
    def hold(deployment: Deployment) -> None:
        ends = datetime.now(UTC) + ends_in
        row = {"PartitionKey": CONTROL, "RowKey": "lease", "Holder": "a-scan-that-died", "Ends": ends.isoformat()}
        with deployment.store() as store:
            store._client.upsert_entity(row)

    return hold


def _waiting(ago: timedelta) -> Break:
    def wait(deployment: Deployment) -> None:
        columns = {"DetectedAt": (deployment.now - ago).isoformat(), "EventType": "finding.opened"}
        with deployment.store() as store:
            store.put_records({}, [Event("one", Table.EVENTS, columns)])

    return wait


def _newer_state(deployment: Deployment) -> None:
    row = StateRow(subscription_id="s", key="/k", revision=1, commit_id="c", body="{}", schema_version=99)
    with deployment.store() as store:
        store.commit([StateWrite(row=row, replaces=None)])


def _scan(ago: timedelta, status: str = "complete", error: str = "") -> Break:
    return lambda deployment: deployment.remember_scan(ago=ago, status=status, error=error)


def _clock(ahead: timedelta) -> Break:
    def move(deployment: Deployment) -> None:
        deployment.now += ahead

    return move


def _without_column(deployment: Deployment) -> None:
    def drop(properties: dict[str, dict[str, dict[str, list[object]]]]) -> None:
        properties["streamDeclarations"]["Custom-VmssPostureEvents"]["columns"].pop()

    deployment.put_rule(drop)


def _other_endpoint(deployment: Deployment) -> None:
    deployment.put_rule(lambda properties: properties.update(endpoints={"logsIngestion": "https://other.example"}))


BROKEN = [
    pytest.param(_unset("VMSS_TABLE_ENDPOINT"), "settings", "VMSS_TABLE_ENDPOINT is missing", "azd provision", id="a setting is missing"),
    pytest.param(_set("VMSS_TABLE_ENDPOINT", "https://<account>.table.core.windows.net"), "settings", "not the example", "azd provision", id="a setting is still the example"),
    pytest.param(_set("VMSS_COLLECTION_RULE_ID", "/subscriptions/x"), "settings", "immutable id", "azd provision", id="a resource id in the place of the immutable id"),
    pytest.param(_set("VMSS_SUBSCRIPTION", "x"), "settings", "Did you mean VMSS_SUBSCRIPTIONS", "Rename it", id="a setting is misspelt"),
    pytest.param(_set("VMSS_CLOUD", "Mars"), "settings", "VMSS_CLOUD", "docs/settings.md", id="no such cloud"),
    pytest.param(_set("VMSS_SCAN_SCHEDULE", "*/30 * * * *"), "schedules", "5 fields", "six fields", id="a schedule of five fields"),
    pytest.param(_set("VMSS_SNAPSHOT_SCHEDULE", "0 0 25 * * *"), "schedules", "'25'", "six fields", id="a schedule at hour 25"),
    pytest.param(_set("VMSS_SNAPSHOT_SCHEDULE", "0 0 6 30 2 *"), "schedules", "never comes", "six fields", id="a schedule on 30 February"),
    pytest.param(_set("VMSS_TIME_LIMIT_MINUTES", "40"), "time limit", "functionTimeout", "azd env set VMSS_TIME_LIMIT_MINUTES", id="a time limit beyond Azure's"),
    pytest.param(_set("AZURE_CLIENT_ID", UNKNOWN_SUBSCRIPTION), "sign-in to Resource Manager", "gave no token", "identity show", id="an identity that the app does not have"),
    pytest.param(_status("identity", 400, contains="token"), "sign-in to Resource Manager", "gave no token", "AZURE_CLIENT_ID", id="the identity gives no token"),
    pytest.param(_clock(timedelta(minutes=10)), "clock", "[56]\\d\\d s ahead", "NTP", id="a clock that is ahead"),
    pytest.param(_clock(-timedelta(minutes=10)), "clock", "behind Azure", "NTP", id="a clock that is behind"),
    pytest.param(lambda d: d.control.revoke(Role.READER), "subscriptions", "can be read", 'role assignment create --assignee-object-id [0-9a-f-]{36} .*--role "Reader"', id="no Reader role"),
    pytest.param(_set("VMSS_MANAGEMENT_GROUPS", "nobodys"), "subscriptions", "None of the subscriptions", "managementGroups/nobodys", id="a management group out of reach"),
    pytest.param(_status("graph", 401), "subscriptions", "token was refused", "VMSS_CLOUD", id="Resource Graph refuses the token"),
    pytest.param(_status("graph", 429, retry_after=3600), "subscriptions", "429", "quota", id="the quota is used up"),
    pytest.param(_status("arm", 403, contains="virtualMachineScaleSets"), "compute", "403", "Reader", id="Compute refuses"),
    pytest.param(_status("table", 403, code="AuthorizationPermissionMismatch"), "table", "AuthorizationPermissionMismatch", "Storage Table Data Contributor.*10 minutes\\. az role assignment create", id="no role on the table"),
    pytest.param(_status("table", 403, code="AuthorizationFailure"), "table", "AuthorizationFailure", "firewall.*networkRuleSet", id="the account's firewall"),
    pytest.param(_status("table", 403, code="AuthorizationPermissionMismatch", contains="DELETE"), "table rows", "could not be deleted.*doctor", "Storage Table Data Contributor", id="a role that may not delete"),
    pytest.param(_status("table", 409, code="TableBeingDeleted"), "table", "TableBeingDeleted", "Wait|wait a minute", id="the table is being deleted"),
    pytest.param(_newer_state, "state version", "version 99", "deploy that version", id="state of a newer version"),
    pytest.param(_scan(timedelta(hours=3)), "last scan", "Two schedules", "timer does not run.*restart", id="no scan for hours"),
    pytest.param(_scan(timedelta(minutes=5), "failed", "no route"), "last scan", "no route", "Fix the error above", id="the last scan failed"),
    pytest.param(_waiting(timedelta(hours=3)), "outbox", "1 events wait", "ingestion-refused", id="events wait for hours"),
    pytest.param(_set("VMSS_COLLECTION_RULE_ID", OTHER_RULE), "collection rule", "There is no dcr-f", "of one rule", id="another rule's id"),
    pytest.param(lambda d: d.control.revoke(Role.METRICS_PUBLISHER), "collection rule", "does not accept rows", "Monitoring Metrics Publisher.*30 minutes.*role assignment create", id="no role on the rule"),
    pytest.param(_status("ingestion", 400, code="InvalidStream", contains="Scans"), "collection rule", "no stream Custom-VmssPostureScans", "azd provision", id="a stream is missing"),
    pytest.param(_status("ingestion", 401), "collection rule", "token was refused", "tenant", id="the rule refuses the token"),
    pytest.param(_without_column, "columns", "VmssPostureEvents_CL lacks", "azd provision", id="a column is missing"),
    pytest.param(lambda d: d.put_rule(lambda properties: properties.update(dataFlows=[])), "columns", "no data flow takes rows", "azd provision", id="no data flows"),
    pytest.param(_other_endpoint, "columns", "https://other.example", "VMSS_INGESTION_ENDPOINT", id="an endpoint of another rule"),
]  # fmt: skip


@pytest.mark.parametrize(("break_it", "name", "found", "fix"), BROKEN)
def test_what_is_broken_is_named_with_its_fix(
    deployment: Deployment, break_it: Break, name: str, found: str, fix: str
) -> None:
    """The check of that name fails, says what it found, and its fix is the one that helps."""
    break_it(deployment)
    failures = [check for check in deployment.examine() if check.result is Result.FAILED and check.name == name]
    assert any(_says(check, found, fix) for check in failures), failures


@pytest.mark.parametrize(
    ("break_it", "name", "found"),
    [
        pytest.param(_set("VMSS_SCAN_SCHEDULE", "0 * * * * *"), "schedules", "after 60 seconds", id="a scan every minute"),
        pytest.param(_set("VMSS_SNAPSHOT_SCHEDULE", "0 0 6 1 * *"), "schedules", "up to 31 days", id="a snapshot every month"),
        pytest.param(_set("VMSS_SCAN_SCHEDULE", "0 30 19 * * 1-5"), "schedules", "up to 3 days", id="scans that rest over the weekend"),
        pytest.param(_set("VMSS_SCAN_SCHEDULE", "0 */10 8-17 * * 1-5"), "schedules", "up to 2.59 days", id="scans in office hours"),
        pytest.param(_set("VMSS_FLAVOUR", "x"), "settings", "VMSS_FLAVOUR", id="a setting that nobody knows"),
        pytest.param(_clock(timedelta(minutes=2)), "clock", "1[12]\\d s ahead", id="a clock two minutes ahead"),
        pytest.param(_status("graph", 400, contains="resourcechanges"), "changes", "cannot be read", id="a cloud without changes"),
        pytest.param(_status("arm", 403, contains="rollingUpgrades"), "compute", "403", id="a role without rolling upgrades"),
        pytest.param(_status("graph", 400, contains="summarize instances"), "instance counts", "not counted everywhere", id="a cloud that does not count instances"),
        pytest.param(_status("arm", 403, contains="instanceView"), "instances", "instance view: .*403", id="a role without instance views"),
        pytest.param(_status("arm", 403, contains="osUpgradeHistory"), "instances", "history of OS upgrades: .*403", id="a role without histories"),
        pytest.param(_status("graph", 400, contains="maintenanceresources"), "beside", "did not answer", id="no answer beside the scale sets"),
        pytest.param(_lease(ends_in=timedelta(minutes=2)), "lease", "8 minutes", id="a lease not renewed"),
        pytest.param(_lease(ends_in=timedelta(hours=3)), "lease", "a-scan-that-died.*next scan breaks it", id="a lease of a clock that was ahead"),
        pytest.param(_scan(timedelta(minutes=5), "partial", "lost one"), "last complete scan", "lost one", id="a partial scan"),
        pytest.param(_waiting(timedelta(minutes=5)), "outbox", "1 events wait", id="events wait for the next scan"),
        pytest.param(_status("ingestion", 400, code="Strange"), "collection rule", "Strange", id="a refusal of no rows"),
    ],
)  # fmt: skip
def test_what_wants_a_look_is_a_warning(deployment: Deployment, break_it: Break, name: str, found: str) -> None:
    """It is named with what to do, and nothing counts as failed for it."""
    break_it(deployment)
    checks = deployment.examine()
    assert [check for check in checks if check.result is Result.FAILED] == []
    (seen,) = [check for check in checks if check.result is Result.WARNING]
    assert (seen.name, bool(seen.fix)) == (name, True)
    assert re.search(found, seen.found)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("VMSS_ARM_ENDPOINT", "subscriptions"),
        ("VMSS_TABLE_ENDPOINT", "table"),
        ("VMSS_INGESTION_ENDPOINT", "collection rule"),
    ],
)
def test_nobody_answers(deployment: Deployment, setting: str, name: str) -> None:
    """The address and its setting are named; the other two services are examined all the same."""
    deployment.patience = 2.0
    deployment.settings[setting] = _closed()
    checks = deployment.examine()
    failures = [check.name for check in checks if check.result is Result.FAILED]
    assert name in failures
    # Of the endpoint of a rule, Resource Graph says too that it is another rule's.
    assert set(failures) <= {name, "columns"}
    assert any(_says(check, "127.0.0.1:[0-9]+ does not answer", f"Check {setting}.*firewall") for check in checks)


def test_a_name_that_does_not_resolve_is_told_from_a_firewall(deployment: Deployment) -> None:
    """A misspelt endpoint is what it is most often."""
    deployment.patience = 2.0
    deployment.settings["VMSS_INGESTION_ENDPOINT"] = "https://no-such-rule.invalid"
    assert any(_says(check, "no-such-rule", "does not resolve.*nslookup") for check in deployment.examine())


def test_subscriptions_asked_for_and_not_readable_are_named(deployment: Deployment) -> None:
    """One of two that were asked for is out of reach: it is named, with the grant; the other is examined."""
    deployment.settings["VMSS_SUBSCRIPTIONS"] = f"5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01,{UNKNOWN_SUBSCRIPTION}"
    (scope,) = _of("scope", deployment.examine())
    assert scope.result is Result.FAILED
    assert _says(scope, UNKNOWN_SUBSCRIPTION, f"misspelt.*--scope /subscriptions/{UNKNOWN_SUBSCRIPTION}")


def test_a_grant_that_resource_graph_does_not_see_yet_is_told_from_a_missing_one(deployment: Deployment) -> None:
    """Resource Manager lists the subscription and Resource Graph does not: hours may pass."""
    vanished = ("5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01",)
    deployment.control.add_fault("graph", FaultKind.VANISH, ids=vanished, count=None)
    (scope,) = _of("scope", deployment.examine())
    assert scope.result is Result.WARNING
    assert _says(scope, "1 more.*posture", "hours")


def test_one_wrong_setting_leaves_the_other_parts_examined(deployment: Deployment) -> None:
    """A wrong rule id keeps nobody from looking at the table; what rests on it is skipped with that reason."""
    deployment.settings["VMSS_COLLECTION_RULE_ID"] = "none"
    checks = deployment.examine()
    assert {check.name for check in checks if check.result is Result.SKIPPED} == {
        "collection rule",
        "columns",
        "probe row",
    }
    assert all("VMSS_COLLECTION_RULE_ID" in check.found for check in _of("collection rule", checks))
    assert [check.name for check in checks if check.result is Result.FAILED] == ["settings"]


def test_every_check_has_its_say_whatever_is_broken(deployment: Deployment) -> None:
    """With no token for anything, each check is still in the answer, as failed or skipped."""
    deployment.control.add_fault("identity", FaultKind.STATUS, status=400, count=None)
    checks = deployment.examine()
    assert [check.name for check in checks] == list(PROVES)
    assert "same reason" in _of("sign-in to storage", checks)[0].found


def test_before_the_first_scan_the_next_one_is_named(deployment: Deployment) -> None:
    """A deployment of five minutes ago is no broken one."""
    deployment.settings["VMSS_TABLE_NAME"] += "new"
    checks = deployment.examine()
    assert [check for check in checks if check.result is Result.FAILED] == []
    assert "was created" in _of("table", checks)[0].found
    assert re.search(r"next one is at \d{4}-", _of("last scan", checks)[0].found)


def test_the_probe_row_is_sent_only_when_asked_for_and_says_what_it_is(deployment: Deployment) -> None:
    """One row arrives, of an event type that nothing looks for."""
    assert _of("probe row", deployment.examine(write_probe=True))[0].result is Result.OK
    (row,) = deployment.control.rows(Table.EVENTS)
    assert row["EventType"] == "doctor.probed"
    assert "vmss-posture doctor" in row["Summary"]


def test_nothing_is_left_in_the_table(deployment: Deployment) -> None:
    """The probe row is gone again, and the service's own rows are as they were."""
    deployment.examine()
    probes = deployment.control.requests("table", contains="doctor|")
    assert [(entry.method, entry.status) for entry in probes] == [("GET", 200), ("DELETE", 204)]
    with deployment.store() as store:
        assert list(store.load()) == []
        assert list(store.unsent()) == []


@pytest.mark.parametrize(
    ("file", "text", "name", "found"),
    [
        ("policy.toml", "nonsense = 1", "policy", "nonsense"),
        ("exemptions.toml", "[[exemption", "policy", "exemptions.toml"),
        ("rules.d/shop.toml", "[[rule", "policy", "shop.toml"),
        ("function_app.py", "import no_such_library", "functions", "no_such_library"),
        ("function_app.py", "import azure.functions as f\napp = f.FunctionApp()", "functions", "lacks health"),
        ("host.json", "{", "time limit", "host.json"),
    ],
)
def test_a_damaged_package_is_named(
    deployment: Deployment, tmp_path: Path, *, file: str, text: str, name: str, found: str
) -> None:
    """The file that Azure or a scan would stumble over is named before they do."""
    for each in ("policy.toml", "function_app.py", "host.json"):
        (tmp_path / each).write_text((deployment.root / each).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    deployment.root = tmp_path
    failures = [check for check in deployment.examine() if check.result is Result.FAILED]
    assert [check.name for check in failures] == [name]
    assert found in failures[0].found
    assert failures[0].fix


def _of(name: str, checks: Iterable[Check]) -> list[Check]:
    return [check for check in checks if check.name == name]


def _says(check: Check, found: str, fix: str) -> bool:
    return bool(re.search(found, check.found) and re.search(fix, f"{check.fix} {check.command}"))
