"""A scan that failed says so in Log Analytics, whatever the reason, as long as that can be reached."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.client.client import Control
from emulator.client.local import LocalAzure
from emulator.endpoint.faults import FaultKind
from emulator.serving.certificates import create_certificates
from functionshost.__main__ import APP
from scanner import functions
from scanner.bootstrap import deployed_store
from scanner.events.scan_record import LAST_READING
from scanner.settings import read_settings
from scanner.snapshot import TAKEN
from tests.azure.scripted_server import Answer, ScriptedServer

SCANS = "VmssPostureScans_CL"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Answer a folder with the files that an operator edits."""
    shutil.copy(APP / "policy.toml", tmp_path)
    return tmp_path


@pytest.fixture
def settings(settings: dict[str, str], azure: Control, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put the settings of a deployment with a small fleet into the environment, as Azure does."""
    azure.create_fleet(scale_sets=2, subscriptions=1, instances=1)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def nonsense(
    local_azure: LocalAzure, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ScriptedServer]:
    """Answer a server that is none of the services; its certificate is trusted beside the emulator's."""
    folder = tmp_path_factory.mktemp("nonsense")
    certificates = create_certificates(folder, ["127.0.0.1", "localhost"])
    both = folder / "both.pem"
    both.write_bytes(certificates.ca.read_bytes() + local_azure.ca_file.read_bytes())
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(both))
    with ScriptedServer(certificates) as server:
        server.script(Answer(body=b"<html>Please sign in</html>", headers={"Content-Type": "application/json"}))
        yield server


def _fails(azure: Control, root: Path, *said: str) -> dict[str, Any]:
    """Scan; answer the one row that says it failed, and why."""
    with pytest.raises(Exception, match=r".") as error:
        functions.scan_on_schedule(is_late=False, root=root)
    (row,) = azure.rows(SCANS)
    assert (row["EventType"], row["Status"], row["Trigger"]) == ("scan.completed", "failed", "timer")
    for words in said:
        assert words in row["Error"]
        assert words in str(error.value)
    return row


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VMSS_SUBSCRIPTIONS", "everything"),
        ("VMSS_TABLE_ENDPOINT", ""),
        ("VMSS_TABLE_ENDPOINT", "http://account.table.core.windows.net"),
        ("VMSS_TABLE_NAME", "my-table"),
        ("VMSS_ARM_ENDPOINT", "management.azure.com"),
        ("VMSS_SNAPSHOT_SCHEDULE", "daily"),
        ("VMSS_TIME_LIMIT_MINUTES", "soon"),
        ("VMSS_DEPLOYMENT", "two words"),
    ],
)
def test_a_wrong_setting_is_told(  # noqa: PLR0917 -- fixtures and a table's columns
    azure: Control, settings: dict[str, str], root: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """What Log Analytics needs is right: the row names the setting that is not."""
    assert settings
    monkeypatch.setenv(name, value)
    _fails(azure, root, name)


@pytest.mark.parametrize(
    "name", ["VMSS_INGESTION_ENDPOINT", "VMSS_COLLECTION_RULE_ID", "VMSS_CLOUD", "AZURE_CLIENT_ID"]
)
def test_a_setting_without_which_nothing_can_be_told_is_in_the_log(  # noqa: PLR0917 -- fixtures
    azure: Control,
    settings: dict[str, str],
    root: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """The invocation fails for its own reason, and the log says that the row was lost."""
    assert settings
    monkeypatch.setenv(name, "none")
    with pytest.raises(Exception, match=name):
        functions.scan_on_schedule(is_late=False, root=root)
    assert azure.rows(SCANS) == []
    assert [name in record.message for record in caplog.records if "scan.row_lost" in record.message] == [True]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param("policy.toml", "nonsense = 1", id="a key that is none"),
        pytest.param("policy.toml", "[", id="half a table"),
        pytest.param("policy.toml", f"limit = {'9' * 5_000}", id="a number of 5,000 digits"),
        pytest.param("policy.toml", f"a = {'[' * 5_000}{']' * 5_000}", id="deep nesting"),
        pytest.param("policy.toml", "a = 1\xff", id="not UTF-8"),
        pytest.param("policy.toml", None, id="no policy"),
        pytest.param("exemptions.toml", "[[exemption", id="half an exemption"),
        pytest.param("rules.d/shop.toml", "[[rule]]", id="an own rule without its parts"),
        pytest.param("exemptions.toml", "[[exemptions]]\nrule = 5", id="an exemption without its parts"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_an_unusable_file_is_told(azure: Control, root: Path, file: str, text: str | None) -> None:
    """The row names the file that an operator edited."""
    if text is None:
        (root / file).unlink()
    else:
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text, encoding="latin-1")
    _fails(azure, root, file)


@pytest.mark.usefixtures("settings")
def test_a_table_that_is_something_else_is_told(
    azure: Control, root: Path, nonsense: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web page answers at the table's address."""
    monkeypatch.setenv("VMSS_TABLE_ENDPOINT", f"{nonsense.url}/account")
    _fails(azure, root, "posture")
    assert nonsense.asked


@pytest.mark.usefixtures("settings")
def test_a_resource_manager_that_is_something_else_is_told(
    azure: Control, root: Path, nonsense: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web page answers where the fleet is read."""
    monkeypatch.setenv("VMSS_ARM_ENDPOINT", nonsense.url)
    _fails(azure, root, "Resource Graph")
    assert nonsense.asked


@pytest.mark.usefixtures("settings")
def test_one_bad_answer_of_the_identity_costs_nothing(
    azure: Control, root: Path, nonsense: ScriptedServer, monkeypatch: pytest.MonkeyPatch, local_azure: LocalAzure
) -> None:
    """The first answer is a web page, the next one is right: the scan is complete."""
    address = local_azure.environment()["IDENTITY_ENDPOINT"]
    left = [Answer(body=b"<html>", headers={"Content-Type": "application/json"})]
    ask = _passing_on(address, local_azure)
    nonsense.respond = lambda asked: left.pop() if left else ask(asked.query)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{nonsense.url}/msi/token")
    functions.scan_on_schedule(is_late=False, root=root)
    assert [row["Status"] for row in azure.rows(SCANS)] == ["complete"]


def _passing_on(address: str, local_azure: LocalAzure) -> Callable[[Any], Answer]:
    import requests

    def ask(query: Any) -> Answer:
        header = {"X-IDENTITY-HEADER": local_azure.environment()["IDENTITY_HEADER"]}
        answer = requests.get(address, params=query, headers=header, verify=str(local_azure.ca_file), timeout=10)
        return Answer(status=answer.status_code, body=answer.content, headers={"Content-Type": "application/json"})

    return ask


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("contains", ["Tables", "lease", "$batch", "GET"])
@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_one_lost_connection_to_the_table_costs_nothing(
    azure: Control, root: Path, contains: str, kind: FaultKind
) -> None:
    """At the creation of the table, at the lease, at a commit: it is repeated, and recognised where it was done."""
    azure.add_fault("table", kind, contains=contains)
    functions.scan_on_schedule(is_late=False, root=root)
    assert [row["Status"] for row in azure.rows(SCANS)] == ["complete"]


@pytest.mark.usefixtures("settings")
def test_a_table_that_asks_for_an_hour_is_told(azure: Control, root: Path) -> None:
    """``Retry-After`` of an hour is not slept through."""
    azure.add_fault("table", FaultKind.STATUS, status=503, retry_after=3_600, count=None)
    _fails(azure, root, "too busy")


@pytest.mark.usefixtures("settings")
def test_a_record_that_cannot_be_read_leaves_health_without_a_time(azure: Control, root: Path) -> None:
    """Health answers, whatever an earlier hand left in the state."""
    functions.scan_on_schedule(is_late=False, root=root)
    functions.forget_health()
    assert json.loads(functions.health().get_body())["last_scan"]
    for text in ("[]", "{}", "null", "{", '{"ended_at": 5}', '{"ended_at": "<b>"}', "[" * 50_000):
        with deployed_store(read_settings(os.environ)) as store:
            store.put_records({LAST_READING: text})
        functions.forget_health()
        assert json.loads(functions.health().get_body())["last_scan"] is None, text[:20]
    assert [row["Status"] for row in azure.rows(SCANS)] == ["complete"]


@pytest.mark.usefixtures("settings")
def test_health_answers_though_the_state_does_not(nonsense: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then from the table does not keep the question for ever."""
    nonsense.script(Answer(body=b" " * 1_000, trickle=True))
    monkeypatch.setenv("VMSS_TABLE_ENDPOINT", f"{nonsense.url}/account")
    answer = functions.health(limit=timedelta(seconds=0.5))
    assert answer.status_code == 503
    assert nonsense.asked


LONG_AGO = "2026-01-01T06:08:00Z"
SNAPSHOTS = "VmssPostureEvents_CL | where EventType == 'snapshot.completed'"


def _snapshot_records(taken: str) -> None:
    with deployed_store(read_settings(os.environ)) as store:
        store.put_records({TAKEN: taken})


@pytest.mark.usefixtures("settings")
def test_a_snapshot_that_its_timer_lost_is_written_by_the_next_scan(azure: Control, root: Path) -> None:
    """None before one is due, one when it is overdue, and none again; a failure costs the scan nothing and is repeated."""
    functions.scan_on_schedule(is_late=False, root=root)
    assert azure.query(SNAPSHOTS) == []
    _snapshot_records(LONG_AGO)
    azure.add_fault("ingestion", FaultKind.STATUS, contains="VmssPostureSnapshot", status=400, count=None)
    functions.scan_on_schedule(is_late=False, root=root)
    assert azure.query(SNAPSHOTS) == []
    azure.clear_faults()
    for _ in range(2):
        functions.scan_on_schedule(is_late=False, root=root)
        assert len(azure.query(SNAPSHOTS)) == 1
    assert [row["Status"] for row in azure.rows(SCANS)] == ["complete"] * 4
