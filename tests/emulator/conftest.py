"""One local Azure for each test module, and ways to talk to it: the real SDK clients, and plain HTTP for shapes."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.identity import ManagedIdentityCredential

from emulator.client.local import LocalAzure

ARM = "https://management.azure.com"


@dataclass(frozen=True, slots=True)
class Answer:
    """A plain HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Http:
    """Plain HTTP with a token of the app's identity, so that answers can be looked at as they are."""

    azure: LocalAzure
    credential: ManagedIdentityCredential
    context: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        """Trust the emulator's own authority."""
        self.context = ssl.create_default_context(cafile=str(self.azure.ca_file))

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        audience: str | None = ARM,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; ``body`` is bytes, or goes as JSON."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if audience is not None:
            sent["Authorization"] = f"Bearer {self.credential.get_token(audience + '/.default').token}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.azure.arm_endpoint + path, data=data, method=method, headers=sent)  # noqa: S310 - our own https address
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=60) as response:  # noqa: S310 - as above
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def graph(self, query: str, **asked: Any) -> Answer:
        """Ask Resource Graph."""
        body = {"query": query, **asked}
        return self.send("POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", body)


@pytest.fixture(scope="module")
def running() -> Iterator[LocalAzure]:
    """Serve one emulator, and have the SDKs find its identity endpoint and trust its certificate."""
    with LocalAzure() as azure, pytest.MonkeyPatch.context() as patch:
        for name, value in azure.environment().items():
            patch.setenv(name, value)
        yield azure


@pytest.fixture
def azure(running: LocalAzure) -> LocalAzure:
    """Empty it before each test."""
    running.control.reset()
    return running


@pytest.fixture(scope="module")
def credential(running: LocalAzure) -> Iterator[ManagedIdentityCredential]:
    """Use azure-identity, unchanged."""
    with ManagedIdentityCredential(client_id=running.client_ids[1]) as credential:
        yield credential


@pytest.fixture
def http(azure: LocalAzure, credential: ManagedIdentityCredential) -> Http:
    """Speak plain HTTP."""
    return Http(azure, credential)
