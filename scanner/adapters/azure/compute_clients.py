"""The clients of Azure Compute: one for each subscription, on one set of connections."""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from scanner.adapters.azure.connection import Connection

if TYPE_CHECKING:
    from azure.mgmt.compute import ComputeManagementClient


class ComputeClients:
    """Makes clients as they are asked for; safe for several threads."""

    def __init__(self, connection: Connection, innermost: Sequence[Any] = ()) -> None:
        """``innermost`` are policies that see every request as it is sent."""
        self._connection = connection
        self._innermost = innermost
        self._transport = connection.transport()
        self._clients: dict[str, ComputeManagementClient] = {}
        self._lock = Lock()

    def of(self, subscription: str) -> "ComputeManagementClient":
        """Answer the client of a subscription."""
        from azure.mgmt.compute import ComputeManagementClient

        with self._lock:
            if subscription not in self._clients:
                options = {**self._connection.arm_options(innermost=self._innermost), "transport": self._transport}
                self._clients[subscription] = ComputeManagementClient(
                    self._connection.credential, subscription, self._connection.arm_endpoint, **options
                )
            return self._clients[subscription]

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
