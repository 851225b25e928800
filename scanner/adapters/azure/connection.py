"""How we reach Azure: identity, trusted certificates, time limit, and the count of what was sent.

Nothing of azure-core or azure-identity is loaded before a client or credential is built.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from scanner.adapters.azure.cached_credential import KeptTokens
from scanner.errors import SettingsError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

CERTIFICATE_SETTINGS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Environment variables that name a file of trusted certificate authorities, the first that is set before the others."""

_USER_AGENT = "vmss-upgrade-monitor"


class CallCounter:
    """Counts the requests of one scan; safe for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.graph_queries = 0
        self.arm_calls = 0
        self.throttles = 0

    def sent(self, url: str) -> None:
        """Count a request to Azure Resource Manager by its address; retries are requests too."""
        is_query = "/providers/microsoft.resourcegraph/" in url.lower()
        with self._lock:
            self.graph_queries += is_query
            self.arm_calls += not is_query

    def answered(self, status: int) -> None:
        """Count an answer that says "too many requests"."""
        with self._lock:
            self.throttles += status == 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What a client of an Azure service is built from."""

    credential: "TokenCredential"
    arm_endpoint: str
    """Address of Azure Resource Manager, https and without a slash at the end."""
    arm_audience: str
    """Whom a token for Azure Resource Manager is for: the cloud's own address, also where ``arm_endpoint`` differs."""
    seconds_left: Callable[[], float]
    """Time left for the whole run, in seconds: no wait, retry or request is begun that would pass it."""
    counter: CallCounter = field(default_factory=CallCounter)
    certificates: bool | str = True
    """From ``trusted_certificates``: a file of certificate authorities, or ``True`` for what requests trusts."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def client_options(
        self, audience: str, *, outermost: Sequence[Any] = (), innermost: Sequence[Any] = ()
    ) -> dict[str, Any]:
        """Answer the keyword arguments for an Azure client: its transport and the whole list of its policies.

        The list is ours rather than the client's: no redirects, which would carry a token elsewhere, and no
        automatic registration of resource providers, which would write to a subscription that we only read.
        ``outermost`` policies see the decoded answer; ``innermost`` ones see every request that is really sent.
        """
        from azure.core.pipeline.policies import (
            BearerTokenCredentialPolicy,
            ContentDecodePolicy,
            RequestIdPolicy,
            UserAgentPolicy,
        )

        from scanner.adapters.azure.pipeline import BoundedRetry

        return {
            "transport": self.transport(),
            "policies": [
                *outermost,
                RequestIdPolicy(),
                UserAgentPolicy(user_agent=_USER_AGENT),
                ContentDecodePolicy(),
                BoundedRetry(seconds_left=self.seconds_left, sleep=self.sleep, clock=self.clock),
                BearerTokenCredentialPolicy(self.credential, f"{audience.rstrip('/')}/.default"),
                *innermost,
            ],
        }

    def arm_options(self, *, outermost: Sequence[Any] = (), innermost: Sequence[Any] = ()) -> dict[str, Any]:
        """Answer ``client_options`` for Azure Resource Manager: every request is counted."""
        from scanner.adapters.azure.pipeline import CallPolicy

        counting = CallPolicy(self.counter.sent, self.counter.answered)
        return self.client_options(self.arm_audience, outermost=outermost, innermost=(*innermost, counting))

    def transport(self) -> Any:
        """Answer a new transport that keeps to the time left."""
        return _transport(self.seconds_left, self.certificates, self.sleep)


def time_limit(seconds: float, clock: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """Answer a function that tells the seconds left of ``seconds`` from now on."""
    end = clock() + seconds
    return lambda: end - clock()


def trusted_certificates(environment: Mapping[str, str]) -> bool | str:
    """Answer what to trust: ``True`` for requests' own choice, or the file named by ``SSL_CERT_FILE``.

    requests reads ``REQUESTS_CA_BUNDLE`` and ``CURL_CA_BUNDLE`` itself but not ``SSL_CERT_FILE``, which most other
    tools read. Raises ``SettingsError`` for a file that is not there.
    """
    for name in CERTIFICATE_SETTINGS:
        value = environment.get(name)
        if value:
            if not Path(value).exists():
                raise SettingsError(f"{name} names {value!r}, which does not exist; it must be a file of certificates.")
            return value if name == "SSL_CERT_FILE" else True
    return True


def managed_identity(client_id: str | None, seconds_left: Callable[[], float]) -> KeptTokens:
    """Answer the identity of the deployed app: user-assigned by its client id, system-assigned without one.

    https://learn.microsoft.com/azure/app-service/overview-managed-identity
    """
    from azure.identity import ManagedIdentityCredential

    return KeptTokens(ManagedIdentityCredential(client_id=client_id, **_identity_options(seconds_left)))


def default_credential(authority: str | None, seconds_left: Callable[[], float]) -> KeptTokens:
    """Answer the identity of whoever runs the command: ``AZURE_*`` variables, a managed identity, ``az login``, azd.

    Never opens a browser. ``authority`` (``None``: ``AZURE_AUTHORITY_HOST``, or the public cloud's) comes from our
    own list of clouds or from the operator, so the discovery that would have login.microsoftonline.com vouch for it
    is left out: it saves a request in every cloud, and a private authority is unknown there.

    https://learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains
    """
    from azure.identity import DefaultAzureCredential

    return KeptTokens(
        DefaultAzureCredential(
            authority=authority,
            disable_instance_discovery=True,
            exclude_interactive_browser_credential=True,
            exclude_broker_credential=True,
            exclude_shared_token_cache_credential=True,
            exclude_visual_studio_code_credential=True,
            process_timeout=30,
            **_identity_options(seconds_left),
        )
    )


def _identity_options(seconds_left: Callable[[], float]) -> dict[str, Any]:
    transport = _transport(seconds_left, trusted_certificates(os.environ), time.sleep)
    return {"transport": transport, "retry_total": 3, "retry_backoff_max": 10}


def _transport(seconds_left: Callable[[], float], certificates: bool | str, sleep: Callable[[float], None]) -> Any:  # noqa: FBT001 -- requests' own type for this
    from scanner.adapters.azure.pipeline import BoundedTransport

    return BoundedTransport(seconds_left=seconds_left, sleep=sleep, connection_verify=certificates)
