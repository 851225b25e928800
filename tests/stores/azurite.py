"""A Table Storage to test against: Azurite over HTTPS, with tokens, on a port of the system's choosing."""

import base64
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.pipeline.transport import RequestsTransport
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.limits import Limits, time_limit
from scanner.adapters.stores.table_client import DatedTableClient, table_client
from scanner.adapters.stores.table_storage import TableStore

ROOT = Path(__file__).parents[2]
TENANT = "44444444-4444-4444-4444-444444444444"


@dataclass(frozen=True, slots=True, kw_only=True)
class Azurite:
    """A running Azurite: where it is, and the certificate to trust."""

    endpoint: str
    certificate: Path


class UnsignedTokens:
    """A credential whose tokens say the right things; Azurite reads them and does not check who signed."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Make a token for the audience that is asked for."""
        now = int(time.time())
        claims = {
            "iss": f"https://sts.windows.net/{TENANT}/",
            "aud": scopes[0].removesuffix("/.default"),
            "iat": now - 60,
            "nbf": now - 60,
            "exp": now + 3600,
            "tid": TENANT,
        }
        parts = [{"alg": "RS256", "typ": "JWT"}, claims]
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return AccessToken(".".join([*encoded, "c2lnbmF0dXJl"]), now + 3600)

    def get_token_info(self, *scopes: str, **_: Any) -> AccessTokenInfo:
        """Make the same in the newer form."""
        token = self.get_token(*scopes)
        return AccessTokenInfo(token.token, token.expires_on)


@dataclass(frozen=True, kw_only=True)
class WiredConnection(Connection):
    """A connection of the service, with patience of no length, on a transport to look at if one is given."""

    wire: Any = None

    def transport(self) -> Any:
        """Answer the transport."""
        return self.wire or Connection.transport(self)


class Undated(RequestsTransport):  # type: ignore[misc]  # azure-core gives it by a module __getattr__
    """A transport whose answers do not say what time it is: the time of a test is the one that it passes."""

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send, and take the date out of the answer."""
        response = super().send(request, **kwargs)
        response.headers.pop("Date", None)
        return response


def table_of(azurite: Azurite, name: str, transport: Any = None) -> DatedTableClient:
    """Build a client as the service does."""
    connection = WiredConnection(
        credential=UnsignedTokens(),
        arm_endpoint="",
        arm_audience="",
        certificates=str(azurite.certificate),
        limits=Limits(seconds_left=time_limit(120), sleep=lambda _seconds: None),
        wire=transport or Undated(connection_verify=str(azurite.certificate)),
    )
    return table_client(connection, endpoint=azurite.endpoint, table_name=name, audience="https://storage.azure.com")


def open_table(azurite: Azurite, name: str, transport: Any = None) -> TableStore:
    """Open a store whose table is there."""
    store = TableStore(table_of(azurite, name, transport))
    store.create_table()
    return store


@contextmanager
def running_azurite(folder: Path) -> Iterator[Azurite]:
    """Start Azurite's table service, and stop it at the end. Raises ``RuntimeError`` when it does not start."""
    certificate, key = _certificate(folder)
    for _ in range(5):
        port = _free_port()
        process = subprocess.Popen(
            [
                str(ROOT / "node_modules" / ".bin" / "azurite-table"),
                *("--tableHost", "127.0.0.1", "--tablePort", str(port)),
                *("--cert", str(certificate), "--key", str(key), "--oauth", "basic"),
                *("--inMemoryPersistence", "--silent", "--disableTelemetry"),
            ],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if _answers(process, port, certificate):
                yield Azurite(endpoint=f"https://127.0.0.1:{port}/devstoreaccount1", certificate=certificate)
                return
        finally:
            process.terminate()
            process.wait()
    raise RuntimeError("Azurite did not start on any of five ports")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], port: int, certificate: Path) -> bool:
    context = ssl.create_default_context(cafile=certificate)
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1"),
            ):
                return True
        except OSError:
            time.sleep(0.1)
    return False


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
