from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo

from emulator.serving.certificates import CertificateFiles, create_certificates
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.limits import Limits
from tests.azure.scripted_server import ScriptedServer

ARM = "https://management.azure.com"
LATE = 4_000_000_000


class FixedCredential:
    """A credential whose token never changes and never ends; it counts how often it is asked."""

    def __init__(self) -> None:
        self.scopes: list[str] = []
        self.options: list[Any] = []

    def get_token_info(self, *scopes: str, options: Any = None, **_: object) -> AccessTokenInfo:
        """Answer the token."""
        self.scopes.extend(scopes)
        self.options.append(options or {})
        return AccessTokenInfo("a-token", LATE)

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        """Answer the token in its older form."""
        self.scopes.extend(scopes)
        return AccessToken("a-token", LATE)


@dataclass
class HandTime:
    """A clock that only moves when somebody sleeps."""

    now: float = 0.0
    limit: float = 1500.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds

    def seconds_left(self) -> float:
        """Tell what is left of the limit."""
        return self.limit - self.now

    def limits(self, **more: Any) -> Limits:
        """Answer limits on this clock."""
        return Limits(seconds_left=self.seconds_left, sleep=self.sleep, clock=lambda: self.now, **more)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """Answer a throw-away authority and a certificate for every host of these tests."""
    names = ["127.0.0.1", "localhost", "management.azure.com", "login.microsoftonline.com", "rule.ingest.example"]
    return create_certificates(tmp_path_factory.mktemp("certificates"), names)


@pytest.fixture
def server(certificates: CertificateFiles) -> Iterator[ScriptedServer]:
    """Answer a running server."""
    with ScriptedServer(certificates) as running:
        yield running


@pytest.fixture
def hand_time() -> HandTime:
    """Answer the clock that ``connect`` uses."""
    return HandTime()


@pytest.fixture
def connect(certificates: CertificateFiles, hand_time: HandTime) -> Callable[[str], Connection]:
    """Answer a function that connects to an address, on the hand-moved clock."""

    def connection(endpoint: str) -> Connection:
        return Connection(
            credential=FixedCredential(),
            arm_endpoint=endpoint,
            arm_audience=ARM,
            limits=hand_time.limits(),
            certificates=str(certificates.ca),
        )

    return connection
