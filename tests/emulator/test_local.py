"""``LocalAzure``: with storage, without leftovers, with clear errors."""

import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ServiceResponseError
from azure.data.tables import TableClient, TableServiceClient, TableTransactionError, UpdateMode
from azure.identity import ManagedIdentityCredential
from azure.storage.queue import QueueClient

from emulator.client.local import LocalAzure, LocalAzureError
from emulator.endpoint.faults import FaultKind

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stored() -> Iterator[LocalAzure]:
    """Serve one emulator with Azurite beside it."""
    with LocalAzure(storage=True) as azure, pytest.MonkeyPatch.context() as patch:
        for name, value in azure.environment().items():
            patch.setenv(name, value)
        yield azure


@pytest.fixture
def table(stored: LocalAzure) -> Iterator[TableClient]:
    """Make a fresh table through the real client, with a token."""
    with (
        ManagedIdentityCredential() as credential,
        TableServiceClient(stored.table_endpoint, credential=credential) as service,
    ):
        client = service.create_table(f"state{time.monotonic_ns()}")
        yield client
        service.delete_table(client.table_name)


def test_tables_take_a_token_and_are_not_taken_for_cosmos(table: TableClient) -> None:
    """At an address the SDK speaks to Table Storage: it asks for the storage audience and merges with PATCH."""
    table.create_entity({"PartitionKey": "p", "RowKey": "r", "a": 1})
    table.update_entity({"PartitionKey": "p", "RowKey": "r", "b": 2}, mode=UpdateMode.MERGE)
    entity = table.get_entity("p", "r")
    assert (entity["a"], entity["b"]) == (1, 2)
    with pytest.raises(ResourceExistsError):
        table.create_entity({"PartitionKey": "p", "RowKey": "r"})


def test_a_stale_etag_fails_alone_and_in_a_transaction(table: TableClient) -> None:
    """A transaction with a stale etag fails whole: nothing of it is written."""
    etag = table.create_entity({"PartitionKey": "p", "RowKey": "r", "n": 1})["etag"]
    fresh: dict[str, Any] = {"mode": UpdateMode.REPLACE, "match_condition": MatchConditions.IfNotModified}
    table.update_entity({"PartitionKey": "p", "RowKey": "r", "n": 2}, etag=etag, **fresh)
    with pytest.raises(ResourceModifiedError):
        table.update_entity({"PartitionKey": "p", "RowKey": "r", "n": 3}, etag=etag, **fresh)
    with pytest.raises(TableTransactionError) as caught:
        table.submit_transaction(
            [
                ("create", {"PartitionKey": "p", "RowKey": "new"}),
                ("update", {"PartitionKey": "p", "RowKey": "r", "n": 3}, {"etag": etag, **fresh}),
            ]
        )
    assert caught.value.status_code == 412
    assert [(entity["RowKey"], entity["n"]) for entity in table.list_entities()] == [("r", 2)]


def test_the_watched_tables_tell_the_time_of_the_domain_clock(stored: LocalAzure, table: TableClient) -> None:
    """A service that asks its store for the time, as for a lease, sees time pass as a test or the demo lets it."""
    stored.control.set_clock(datetime(2031, 5, 1, 12, 30, tzinfo=UTC))
    dates: list[str] = []
    with (
        ManagedIdentityCredential() as credential,
        TableClient(stored.watched_table_endpoint, table.table_name, credential=credential) as watched,
    ):
        watched.create_entity(
            {"PartitionKey": "p", "RowKey": "r"},
            raw_response_hook=lambda answer: dates.append(answer.http_response.headers["Date"]),
        )
    stored.control.follow_real_time()
    assert dates == ["Thu, 01 May 2031 12:30:00 GMT"]


def test_an_answer_can_be_lost_after_the_transaction(stored: LocalAzure, table: TableClient) -> None:
    """The watched address serves the same tables; a transaction whose answer is lost was done all the same."""
    row = {"PartitionKey": "p", "RowKey": "r", "n": 1}
    with (
        ManagedIdentityCredential() as credential,
        TableClient(stored.watched_table_endpoint, table.table_name, credential=credential, retry_total=0) as watched,
    ):
        watched.submit_transaction([("create", row), ("create", row | {"RowKey": "s"})])
        stored.control.add_fault("table", FaultKind.DROP_AFTER, contains="$batch")
        with pytest.raises(ServiceResponseError):
            watched.submit_transaction([("upsert", row | {"n": 2}), ("delete", row | {"RowKey": "s"})])
        assert [(entity["RowKey"], entity["n"]) for entity in watched.list_entities()] == [("r", 2)]
        stored.control.add_fault("table", FaultKind.STATUS, status=503, code="ServerBusy")
        with pytest.raises(HttpResponseError) as caught:
            watched.get_entity("p", "r")
    assert (caught.value.status_code, getattr(caught.value, "error_code", None)) == (503, "ServerBusy")
    assert [entry.status for entry in stored.control.requests("table", contains="$batch")] == [202, 0]


def test_queues_take_a_token(stored: LocalAzure) -> None:
    """The queue client works with the same identity."""
    with (
        ManagedIdentityCredential() as credential,
        QueueClient(stored.queue_endpoint, "requests", credential=credential) as queue,
    ):
        queue.create_queue()
        queue.send_message("scan")
        message = queue.receive_message()
        assert message is not None
        assert message.content == "scan"


def _answers(endpoint: str) -> bool:
    """Whether anything listens at an endpoint."""
    address = urllib.parse.urlsplit(endpoint)
    try:
        socket.create_connection((str(address.hostname), address.port or 0), timeout=5).close()
    except ConnectionError:
        return False
    return True


def _wait_for_silence(endpoints: Sequence[str]) -> None:
    deadline = time.monotonic() + 20
    while any(_answers(endpoint) for endpoint in endpoints) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [endpoint for endpoint in endpoints if _answers(endpoint)] == []


def test_azurite_ends_when_the_emulator_is_killed() -> None:
    """Azurite does not depend on being ended: it watches its parent."""
    with LocalAzure(storage=True) as azure:
        assert azure._process is not None
        azure._process.kill()
        _wait_for_silence([azure.table_endpoint])


def test_nothing_is_left_when_the_parent_is_killed() -> None:
    """Emulator and Azurite end by themselves when the process that started them dies without a word."""
    program = (
        "import time\nfrom emulator.client.local import LocalAzure\n"
        "with LocalAzure(storage=True) as azure:\n"
        "    print(azure.arm_endpoint, azure.table_endpoint, flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as parent:
        assert parent.stdout is not None
        endpoints = parent.stdout.readline().split()
        assert [_answers(endpoint) for endpoint in endpoints] == [True, True]
        parent.kill()
    _wait_for_silence(endpoints)


def test_a_missing_azurite_is_said_clearly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without node_modules the message says what to run."""
    with pytest.raises(LocalAzureError, match="ended before it was ready"):
        LocalAzure(storage=True, node_modules=tmp_path).__enter__()
    assert "run `npm ci`" in capfd.readouterr().err


def test_leaving_it_removes_its_files() -> None:
    """Certificates and keys live as long as the emulator."""
    with LocalAzure() as azure:
        assert azure.ca_file.exists()
        assert oct((azure.ca_file.parent / "server.key").stat().st_mode)[-3:] == "600"
    assert not azure.ca_file.parent.exists()
