"""How we reach Azure: certificates, proxies, tokens, and how many requests that takes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.serving.certificates import CertificateFiles
from scanner.adapters.azure.cached_credential import CachedCredential
from scanner.adapters.azure.compute import ComputeReader
from scanner.adapters.azure.connect import (
    CERTIFICATE_SETTINGS,
    default_credential,
    managed_identity,
    trusted_certificates,
)
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.limits import Limits, time_limit
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.adapters.sinks.log_analytics import LogAnalyticsSink
from scanner.errors import ReadFailedError, SettingsError
from scanner.ports.event import Table
from tests.azure.conftest import ARM, LATE, FixedCredential
from tests.azure.scripted_server import Answer, Asked, ScriptedServer, as_json

LOGIN = "https://login.microsoftonline.com"
TENANT = "11111111-2222-3333-4444-555555555555"
MONITOR = "https://monitor.azure.com"


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Forget the proxies, certificates and identities of the machine that runs the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("AZURE_", "IDENTITY_", "MSI_", "IMDS_")):
            monkeypatch.delenv(name)
    for name in (*CERTIFICATE_SETTINGS, "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def proxy(certificates: CertificateFiles, clean_environment: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Answer a proxy, named by ``HTTPS_PROXY``, that stands in for Azure and Entra ID at their public addresses."""
    with ScriptedServer(certificates, proxy=True) as running:
        running.respond = azure
        clean_environment.setenv("HTTPS_PROXY", running.url)
        yield running


def azure(asked: Asked) -> Answer:
    """Answer as Entra ID, Resource Graph, Compute and Logs Ingestion: five pages of a thousand scale sets."""
    if asked.host == "login.microsoftonline.com":
        return entra(asked, LOGIN)
    assert asked.headers["authorization"] == "Bearer a-token"
    if asked.host == "rule.ingest.example":
        return Answer(status=204)
    if asked.method == "GET":
        return as_json({"id": asked.path, "properties": {}})
    body = asked.json
    if body["query"].startswith("resourcecontainers"):
        rows = [{"id": "/subscriptions/a", "type": "microsoft.resources/subscriptions", "name": "A"}]
        return as_json({"totalRecords": 1, "count": 1, "data": rows, "resultTruncated": "false"})
    number = int(body["options"].get("$skipToken", 0))
    rows = [{"id": f"/s/{number}/{row}"} for row in range(1000)]
    answer = {"totalRecords": 5000, "count": 1000, "data": rows, "resultTruncated": "false"}
    return as_json(answer | ({"$skipToken": str(number + 1)} if number < 4 else {}))


def entra(asked: Asked, address: str) -> Answer:
    """Answer the requests of a sign-in with a client secret."""
    if asked.path.endswith("/openid-configuration"):
        base = f"{address}/{TENANT}"
        return as_json(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )
    if asked.path.endswith("/token"):
        return as_json({"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600})
    return Answer(status=404)


def limited(seconds: float) -> Limits:
    """Answer the limits of a run of so many seconds."""
    return Limits(seconds_left=time_limit(seconds))


def azure_connection(credential: CachedCredential | FixedCredential) -> Connection:
    """Connect to the public address of Azure Resource Manager."""
    return Connection(
        credential=credential,
        arm_endpoint=ARM,
        arm_audience=ARM,
        limits=limited(20),
        certificates=trusted_certificates(os.environ),
    )


@pytest.mark.parametrize("setting", CERTIFICATE_SETTINGS)
def test_a_whole_scan_goes_through_the_proxy_in_ten_requests(
    proxy: ScriptedServer, certificates: CertificateFiles, clean_environment: pytest.MonkeyPatch, setting: str
) -> None:
    """Signed in by ``AZURE_*`` variables, trusting one file of certificates named by any of the three settings."""
    for name, value in {"TENANT_ID": TENANT, "CLIENT_ID": "a-client", "CLIENT_SECRET": "not one"}.items():
        clean_environment.setenv(f"AZURE_{name}", value)
    clean_environment.setenv(setting, str(certificates.ca))
    credential = default_credential(LOGIN, limited(20))
    connection = azure_connection(credential)
    fleet = ResourceGraphFleet(connection)
    compute = ComputeReader(connection)
    assert fleet.coverage().subscriptions == {"a": "A"}
    assert [len(rows) for rows in fleet.pages()] == [1000] * 5
    assert len(proxy.asked) == 8, [asked.path for asked in proxy.asked]
    scale_set = "/subscriptions/a/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/s"
    assert compute.look_up(scale_set) is not None
    assert len(proxy.asked) == 9, "Compute uses the token that Resource Graph got"
    sink = LogAnalyticsSink(connection, endpoint="https://rule.ingest.example", rule_id="dcr-1", audience=MONITOR)
    assert sink.accept(Table.EVENTS, [{"EventId": "e"}]) == []
    assert (connection.counter.graph_queries, connection.counter.arm_calls) == (6, 1)
    for part in (sink, compute, fleet, credential):
        part.close()


def test_a_certificate_that_is_not_trusted_is_said_at_once(
    proxy: ScriptedServer,
) -> None:
    """It is not tried again and again, and the answer names certificates as the thing to check."""
    fleet = ResourceGraphFleet(azure_connection(FixedCredential()))
    started = time.monotonic()
    with pytest.raises(ReadFailedError, match=r"(?s)trusted certificates.*CERTIFICATE_VERIFY_FAILED"):
        fleet.coverage()
    assert time.monotonic() - started < 1
    assert proxy.asked == []
    fleet.close()


def test_nobody_signed_in_is_told_how(
    server: ScriptedServer,
    connect: Callable[[str], Connection],
    clean_environment: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No variables, no identity, no tool to ask: the message says what to do, on one line."""
    clean_environment.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    credential = default_credential(LOGIN, limited(20))
    fleet = ResourceGraphFleet(replace(connect(server.url), credential=credential))
    with pytest.raises(ReadFailedError, match=r"Sign in with az login.*no token: "):
        fleet.coverage()
    assert server.asked == []
    assert "EnvironmentCredential" in caplog.text
    fleet.close()
    credential.close()


def test_no_proxy_goes_first(
    server: ScriptedServer,
    proxy: ScriptedServer,
    clean_environment: pytest.MonkeyPatch,
    connect: Callable[[str], Connection],
) -> None:
    """A host that ``NO_PROXY`` names is reached directly."""
    clean_environment.setenv("NO_PROXY", "127.0.0.1")
    server.script(as_json({"data": [], "count": 0}))
    fleet = ResourceGraphFleet(connect(server.url))
    assert list(fleet.pages()) == [[]]
    assert (len(server.asked), proxy.asked) == (1, [])
    fleet.close()


@pytest.mark.parametrize("setting", CERTIFICATE_SETTINGS)
def test_the_managed_identity_is_asked_once_for_each_audience(
    server: ScriptedServer, certificates: CertificateFiles, clean_environment: pytest.MonkeyPatch, setting: str
) -> None:
    """The App Service endpoint is asked with its header and our client id, over certificates that we trust."""
    clean_environment.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi/token")
    clean_environment.setenv("IDENTITY_HEADER", "a-header")
    clean_environment.setenv(setting, str(certificates.ca))
    server.script(
        as_json({"access_token": "a-token", "expires_on": str(LATE), "token_type": "Bearer", "resource": ARM})
    )
    identity = managed_identity("a-client", limited(20))
    for scope in (f"{ARM}/.default", f"{MONITOR}/.default", f"{ARM}/.default"):
        assert identity.get_token_info(scope).token == "a-token"
        assert identity.get_token(scope).token == "a-token"
    assert [asked.query["resource"] for asked in server.asked] == [ARM, MONITOR]
    assert {asked.query["client_id"] for asked in server.asked} == {"a-client"}
    assert {asked.headers["x-identity-header"] for asked in server.asked} == {"a-header"}
    identity.close()


def test_waiting_for_a_token_keeps_to_the_time_limit(
    server: ScriptedServer, certificates: CertificateFiles, clean_environment: pytest.MonkeyPatch
) -> None:
    """An identity endpoint that asks us to come back in an hour does not hold us for an hour."""
    clean_environment.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi/token")
    clean_environment.setenv("IDENTITY_HEADER", "a-header")
    clean_environment.setenv("SSL_CERT_FILE", str(certificates.ca))
    server.script(as_json({"error": "busy"}, 503, Retry_After="3600"))
    limit = limited(1)
    identity = managed_identity(None, limit)
    connection = Connection(credential=identity, arm_endpoint=server.url, arm_audience=ARM, limits=limit)
    fleet = ResourceGraphFleet(connection)
    started = time.monotonic()
    with pytest.raises(ReadFailedError):
        fleet.coverage()
    assert time.monotonic() - started < 4
    fleet.close()
    identity.close()


def test_a_private_authority_is_not_vouched_for_by_the_public_one(
    server: ScriptedServer, certificates: CertificateFiles, clean_environment: pytest.MonkeyPatch
) -> None:
    """A sign-in at an address of its own asks that address alone, twice."""
    for name, value in {"TENANT_ID": TENANT, "CLIENT_ID": "a-client", "CLIENT_SECRET": "not one"}.items():
        clean_environment.setenv(f"AZURE_{name}", value)
    clean_environment.setenv("SSL_CERT_FILE", str(certificates.ca))
    server.respond = lambda asked: entra(asked, server.url)
    credential = default_credential(server.url, limited(20))
    assert credential.get_token_info(f"{ARM}/.default").token == "a-token"
    assert [asked.path.rsplit("/", 1)[1] for asked in server.asked] == ["openid-configuration", "token"]
    credential.close()


def test_a_missing_file_of_certificates_is_a_wrong_setting(tmp_path: Path) -> None:
    """The message names the setting, before any request fails for a reason that nobody understands."""
    for name in CERTIFICATE_SETTINGS:
        with pytest.raises(SettingsError, match=f"{name} names"):
            trusted_certificates({name: str(tmp_path / "none.pem")})


def test_the_settings_of_requests_go_before_ours(tmp_path: Path) -> None:
    """The library reads its own two variables by itself; ours is handed to it."""
    file = tmp_path / "ca.pem"
    file.touch()
    assert trusted_certificates({}) is True
    assert trusted_certificates({"SSL_CERT_FILE": str(file)}) == str(file)
    assert trusted_certificates({"SSL_CERT_FILE": "nowhere", "REQUESTS_CA_BUNDLE": str(file)}) is True


def test_a_redirect_is_not_followed(server: ScriptedServer, connect: Callable[[str], Connection]) -> None:
    """A token is never carried to another address."""
    server.script(Answer(status=307, headers={"Location": f"{server.url}/elsewhere"}))
    fleet = ResourceGraphFleet(connect(server.url))
    with pytest.raises(ReadFailedError, match="307"):
        fleet.coverage()
    assert len(server.asked) == 1
    fleet.close()


def test_nothing_of_azure_is_loaded_before_it_is_needed() -> None:
    """Importing the adapters loads neither an Azure library nor requests: ``--help`` stays quick."""
    modules = (
        "azure.connect",
        "azure.connection",
        "azure.resource_graph",
        "azure.compute",
        "sinks.log_analytics",
        "sinks.json_lines",
        "sinks.memory_sink",
        "sinks.declared_tables",
    )
    program = "\n".join(f"import scanner.adapters.{name}" for name in modules)
    program += "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [name for name in json.loads(done.stdout) if name.split(".")[0] in {"azure", "requests", "msal"}] == []
