"""What every client of an Azure service is built from, and the count of what was sent.

Nothing of azure-core or azure-identity is loaded before a client or credential is built.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from scanner.adapters.azure.limits import Limits
from scanner.adapters.azure.service_clock import ServiceClock

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

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
    limits: Limits
    counter: CallCounter = field(default_factory=CallCounter)
    clock: ServiceClock = field(default_factory=ServiceClock)
    """Hears the time of Azure Storage."""
    certificates: bool | str = True
    """From ``trusted_certificates``: a file of certificate authorities, or ``True`` for what requests trusts."""

    def client_options(
        self, audience: str, *, outermost: Sequence[Any] = (), innermost: Sequence[Any] = ()
    ) -> dict[str, Any]:
        """Answer the keyword arguments for an Azure client: its transport and the whole list of its policies.

        The list is ours rather than the client's, and the same for every client: no redirects, which would carry a
        token elsewhere; tokens for this audience only, whatever a challenge asks for; no automatic registration of
        resource providers, which would write to a subscription that we only read.
        ``outermost`` policies see the decoded answer; ``innermost`` ones see every request that is really sent.
        """
        from azure.core.pipeline.policies import (
            BearerTokenCredentialPolicy,
            RequestIdPolicy,
            UserAgentPolicy,
        )

        from scanner.adapters.azure.decoded_body import DecodeAnswer
        from scanner.adapters.azure.retry import BoundedRetry

        return {
            "transport": self.transport(),
            "policies": [
                *outermost,
                RequestIdPolicy(),
                UserAgentPolicy(user_agent=_USER_AGENT),
                DecodeAnswer(),
                BoundedRetry(self.limits),
                BearerTokenCredentialPolicy(self.credential, f"{audience.rstrip('/')}/.default"),
                *innermost,
            ],
        }

    def arm_options(self, *, outermost: Sequence[Any] = (), innermost: Sequence[Any] = ()) -> dict[str, Any]:
        """Answer ``client_options`` for Azure Resource Manager: every request is counted."""
        from scanner.adapters.azure.call_policy import CallPolicy

        counting = CallPolicy(self.counter.sent, self.counter.answered)
        return self.client_options(self.arm_audience, outermost=outermost, innermost=(*innermost, counting))

    def transport(self) -> Any:
        """Answer a new transport that keeps to the time left."""
        from scanner.adapters.azure.transport import BoundedTransport

        return BoundedTransport(self.limits, connection_verify=self.certificates)

    def close(self) -> None:
        """Close the connections of the sign-in; each client closes its own."""
        close = getattr(self.credential, "close", None)
        if close is not None:
            close()
