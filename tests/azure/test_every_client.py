"""Every client that the service builds, under the same faults: no client is built like no other."""

import ast
import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import scanner
from emulator.serving.certificates import CertificateFiles
from scanner.adapters.azure.connection import Connection
from tests.azure.clients import CLIENTS, TENANT, WRITES, Client
from tests.azure.conftest import FixedCredential, HandTime
from tests.azure.scripted_server import Answer, Asked, ScriptedServer, as_json, refusal

type Ask = Callable[..., object]

each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


@pytest.fixture
def ask(
    server: ScriptedServer, hand_time: HandTime, certificates: CertificateFiles, monkeypatch: pytest.MonkeyPatch
) -> Ask:
    """Answer a function that asks the scripted server as a client does; every time and size of its limits is small."""
    environment = {
        "IDENTITY_ENDPOINT": f"{server.url}/msi/token",
        "IDENTITY_HEADER": "a-header",
        "SSL_CERT_FILE": str(certificates.ca),
        "REQUESTS_CA_BUNDLE": str(certificates.ca),
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": "a-client",
        "AZURE_CLIENT_SECRET": "not one",
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def asked(client: Client, credential: FixedCredential | None = None, **limits: Any) -> object:
        connection = Connection(
            credential=credential or FixedCredential(),
            arm_endpoint=server.url,
            arm_audience="https://management.azure.com",
            limits=replace(hand_time.limits(), **limits),
            certificates=str(certificates.ca),
        )
        return client.ask(connection)

    return asked


def _first(bad: Answer, client: Client) -> Callable[[Asked], Answer]:
    """Answer badly once, and well after that."""
    left = [bad]
    return lambda asked: left.pop() if left else client.good(asked)


def test_every_client_is_in_the_table() -> None:
    """What the code of the service imports from Azure's libraries to ask with is what these tests attack."""
    found = {
        alias.name
        for file in Path(scanner.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("azure.")
        for alias in node.names
        if alias.name.endswith(("Client", "Credential")) and alias.name != "TokenCredential"
    }
    assert found == {client.library for client in CLIENTS}


@each_client
def test_a_good_day(server: ScriptedServer, ask: Ask, hand_time: HandTime, client: Client) -> None:
    """Each asks, and is answered, without a wait."""
    server.respond = client.good
    ask(client)
    assert server.asked
    assert hand_time.slept == []


@each_client
@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(refusal(408), id="408"),
        pytest.param(refusal(429), id="429"),
        pytest.param(refusal(429, Retry_After="7"), id="429 with Retry-After"),
        pytest.param(refusal(500), id="500"),
        pytest.param(Answer(status=502, body=b"<html>bad gateway"), id="502 of a gateway"),
        pytest.param(refusal(503, Retry_After="soon"), id="503 with a Retry-After that is no time"),
        pytest.param(refusal(504), id="504"),
        pytest.param(Answer(drop=True), id="closed"),
        pytest.param(replace(as_json({"value": []}), cut=True), id="truncated"),
        pytest.param(Answer(body=b" " * 40, trickle=True), id="a byte now and then"),
    ],
)
def test_what_may_pass_is_asked_again(
    server: ScriptedServer, ask: Ask, hand_time: HandTime, client: Client, *, bad: Answer
) -> None:
    """One bad answer, to a read or a write, ends nothing."""
    server.respond = client.good
    ask(client)
    usual = len(server.asked)
    server.respond = _first(bad, client)
    ask(client, answer_seconds=0.4)
    assert len(server.asked) == 2 * usual + 1
    assert 1 <= sum(hand_time.slept) <= 7


@each_client
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_asking_again_ends(
    server: ScriptedServer, ask: Ask, hand_time: HandTime, client: Client, *, status: int
) -> None:
    """Six attempts within a minute, and then the port says that there is no answer."""
    server.script(refusal(status))
    with pytest.raises(client.fails_with):
        ask(client)
    assert len(server.asked) <= 6
    assert sum(hand_time.slept) <= 60


@each_client
@pytest.mark.parametrize("answer", [Answer(drop=True), replace(as_json({}), cut=True)], ids=["closed", "truncated"])
def test_lost_connections_end(server: ScriptedServer, ask: Ask, client: Client, answer: Answer) -> None:
    """Three attempts."""
    server.script(answer)
    with pytest.raises(client.fails_with):
        ask(client)
    assert len(server.asked) == 3


@each_client
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked_for", ["3600", "1e9", "inf", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_nobody_waits_longer_than_allowed(  # noqa: PLR0917 -- fixtures and a table's columns
    server: ScriptedServer, ask: Ask, hand_time: HandTime, client: Client, status: int, asked_for: str
) -> None:
    """A ``Retry-After`` of more than a call may take is not begun."""
    server.script(refusal(status, Retry_After=asked_for))
    with pytest.raises(client.fails_with):
        ask(client)
    assert (len(server.asked), hand_time.slept) == (1, [])


@each_client
@pytest.mark.parametrize("asked_for", ["soon", "-5", "nan", "", "Fri, 31 Dec 1999 23:59:59 GMT", "1;2", "٣"])
def test_a_wait_that_is_none_is_ours(
    server: ScriptedServer, ask: Ask, hand_time: HandTime, client: Client, *, asked_for: str
) -> None:
    """What is no time, or a past one, neither ends the asking nor makes it endless."""
    headers = {"Retry-After": asked_for.encode().decode("latin-1")}
    server.script(Answer(status=503, headers=headers))
    with pytest.raises(client.fails_with):
        ask(client)
    assert len(server.asked) <= 6
    assert sum(hand_time.slept) <= 60


@each_client
@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b" " * 4000, trickle=True),
        Answer(trickle_head=True),
        Answer(status=503, body=b" " * 4000, trickle=True),
    ],
    ids=["body", "headers", "the body of a refusal"],
)
def test_an_answer_that_does_not_end_is_given_up(
    server: ScriptedServer, ask: Ask, client: Client, answer: Answer
) -> None:
    """A byte now and then defeats every limit of a socket."""
    server.script(answer)
    with pytest.raises(client.fails_with):
        ask(client, answer_seconds=0.1)
    assert 1 <= len(server.asked) <= 3  # on a busy machine the time ends before the repeats


@cache
def _compressed_blanks() -> bytes:
    return gzip.compress(b" " * 20_000_000)


def _plain(body: bytes) -> tuple[bytes, str]:
    return body + b" " * 2_000_000, "identity"


def _compressed(body: bytes) -> tuple[bytes, str]:
    return gzip.compress(body) + _compressed_blanks(), "gzip"


def _compressed_twice(body: bytes) -> tuple[bytes, str]:
    return gzip.compress(_compressed(body)[0]), "gzip, gzip"


@each_client
@pytest.mark.parametrize("swell", [_plain, _compressed, _compressed_twice])
@pytest.mark.parametrize("is_busy", [False, True], ids=["an answer", "a refusal"])
def test_an_answer_that_fills_the_memory_is_given_up(
    server: ScriptedServer, ask: Ask, client: Client, *, swell: Callable[[bytes], tuple[bytes, str]], is_busy: bool
) -> None:
    """It is not read to its end, though it would be right, and not asked for again, though a refusal may pass."""

    def respond(asked: Asked) -> Answer:
        good = client.good(asked)
        body, encoding = swell(good.body)
        headers = {**good.headers, "Content-Encoding": encoding}
        status = 503 if is_busy or good.status == 204 else good.status  # 204 has no body
        return replace(good, status=status, body=body, headers=headers)

    server.respond = respond
    with pytest.raises(client.fails_with):
        ask(client, answer_bytes=1_000_000)
    assert len(server.asked) == 1


@each_client
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    server: ScriptedServer, ask: Ask, certificates: CertificateFiles, client: Client, *, status: int
) -> None:
    """Neither a token nor a body goes to another address."""
    with ScriptedServer(certificates) as elsewhere:
        server.script(Answer(status=status, headers={"Location": f"{elsewhere.url}/other"}))
        with pytest.raises(client.fails_with):
            ask(client)
        assert elsewhere.asked == []


@each_client
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "challenge",
    [
        'Bearer authorization_uri="{}/t/oauth2/authorize", resource_id="https://management.azure.com"',
        "Bearer authorization_uri={}/t, resource_id=https://vault.azure.net",
        'Bearer authorization="{}/t", scope="https://graph.microsoft.com/.default"',
        'Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ=="',
    ],
)
def test_a_challenge_names_neither_whom_to_ask_nor_for_what(  # noqa: PLR0917 -- fixtures and a table's columns
    server: ScriptedServer, ask: Ask, certificates: CertificateFiles, client: Client, status: int, challenge: str
) -> None:
    """Whoever answers at a service's name gets a token for that service, or none, and leads nobody to a sign-in."""
    server.respond = client.good
    usual = FixedCredential()
    ask(client, usual)
    with ScriptedServer(certificates) as elsewhere:
        server.script(refusal(status, WWW_Authenticate=challenge.format(elsewhere.url)))
        credential = FixedCredential()
        with pytest.raises(client.fails_with):
            ask(client, credential)
        assert elsewhere.asked == []
    assert set(credential.scopes) == set(usual.scopes)
    assert all("tenant_id" not in options for options in credential.options)


NONSENSE: Mapping[str, tuple[bytes, str]] = {
    "a web page": (b"<html>Please sign in to the network</html>", "text/html"),
    "a web page called JSON": (b"<html>Please sign in to the network</html>", "application/json"),
    "nothing": (b"", "application/json"),
    "nothing of no type": (b"", ""),
    "an empty list": (b"[]", "application/json"),
    "a list": (b"[1, null]", "application/json"),
    "an empty object": (b"{}", "application/json"),
    "null": (b"null", "application/json"),
    "text": (b'"x"', "application/json"),
    "a number": (b"7", "application/json"),
    "a number of 5,000 digits": (b"9" * 5_000, "application/json"),
    "deep nesting": (b"[" * 200_000, "application/json"),
    "deep objects": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "application/json"),
    "UTF-16": ('{"value": []}'.encode("utf-16"), "application/json"),
    "not UTF-8": (b'{"value": "\xff\xfe"}', "application/json; charset=utf-8"),
    "a coding that is none": (b'{"value": []}', "application/json; charset=no-such"),
    "half JSON": (b'{"value": []', "application/json"),
    "wrong types": (b'{"value": 5, "data": 5, "access_token": 5, "expires_on": "soon"}', "application/json"),
    "wrong rows": (b'{"value": [5, null, {}], "data": [5], "access_token": "", "expires_in": []}', "application/json"),
    "an error that is a number": (b'{"error": 5, "odata.error": [], "code": {}}', "application/json"),
    "an error of wrong types": (b'{"error": {"code": 5, "message": {}, "details": 7}, "odata.error": {"code": [], "message": 5}}', "application/json"),
    "a picture": (b"{}", "image/png"),
    "parts that are none": (b"--x\r\n\r\nnonsense", "multipart/mixed; boundary=x"),
}  # fmt: skip


@pytest.mark.parametrize("client", [*CLIENTS, *WRITES], ids=lambda client: client.name)
@pytest.mark.parametrize("status", [200, 202, 404, 412])
def test_nonsense_raises_what_the_port_says_and_nothing_else(
    server: ScriptedServer, ask: Ask, client: Client, status: int
) -> None:
    """Something else answers in the place of the service: there is no answer then, or an empty one."""
    raised: dict[str, str] = {}
    for name, (body, content_type) in NONSENSE.items():
        server.script(Answer(status=status, body=body, headers={"Content-Type": content_type} if content_type else {}))
        try:
            ask(client)
        except client.fails_with:
            continue
        except Exception as error:  # noqa: BLE001 - which is what must not be
            raised[name] = repr(error)
    assert raised == {}


@pytest.mark.parametrize("client", [*CLIENTS, *WRITES], ids=lambda client: client.name)
@pytest.mark.parametrize("date", ["Wed, 31 Dec 2025 23:59:60 GMT", "yesterday", "", "Wed, 99 Abc 2025 99:99:99 GMT"])
def test_a_date_that_is_none_spoils_no_answer(server: ScriptedServer, ask: Ask, client: Client, date: str) -> None:
    """A leap second, or a clock gone mad, in the headers of a good answer changes nothing."""

    def respond(asked: Asked) -> Answer:
        good = client.good(asked)
        return replace(good, headers={**good.headers, "Date": date})

    server.respond = respond
    if client in WRITES[:3]:  # their good answer is a refusal to write
        with pytest.raises(client.fails_with):
            ask(client)
    else:
        ask(client)


@pytest.mark.parametrize("bad", [b"<html>", b"", b"[]", b"{}", b"null", b'"x"', b"{", b'{"access_token": ""'])
@pytest.mark.parametrize(
    "client", [each for each in CLIENTS if "Credential" in each.library], ids=lambda each: each.name
)
def test_one_bad_answer_of_a_sign_in_is_asked_for_again(
    server: ScriptedServer, ask: Ask, client: Client, bad: bytes
) -> None:
    """A captive portal or a service at its start answers 200 with something else; the next answer is right."""
    server.respond = _first(Answer(body=bad, headers={"Content-Type": "application/json"}), client)
    ask(client)
