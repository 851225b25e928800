"""What Azure Compute itself says about a scale set, where Resource Graph's silence is not enough."""

import re
from threading import Lock
from typing import TYPE_CHECKING

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure

if TYPE_CHECKING:
    from azure.mgmt.compute import ComputeManagementClient

GONE_CODES = frozenset({"ResourceNotFound", "ResourceGroupNotFound"})
"""The codes of a 404 that mean the scale set is gone; ``SubscriptionNotFound`` may mean that we may not see it."""

_SCALE_SET = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/microsoft\.compute/virtualmachinescalesets/(?P<name>[^/]+)",
    re.IGNORECASE,
)


class ComputeReader:
    """The ``Compute`` port on the Compute resource provider.

    https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._options = connection.arm_options()
        self._clients: dict[str, ComputeManagementClient] = {}
        self._lock = Lock()

    def is_gone(self, scale_set_id: str) -> bool | None:
        """Ask for the scale set: ``True`` on a 404 that says so, ``False`` when it is there, ``None``: not known.

        Never raises for an answer of Azure, or for the lack of one.
        """
        from azure.core.exceptions import AzureError

        match = _SCALE_SET.fullmatch(scale_set_id)
        if match is None:
            return None
        client = self._client(match["subscription"].lower())
        try:
            client.virtual_machine_scale_sets.get(match["group"], match["name"])
        except (AzureError, ValueError, OSError) as error:
            said = read_failure(error)
            return True if said.status == 404 and said.codes[:1] and said.codes[0] in GONE_CODES else None
        return False

    def close(self) -> None:
        """Let go of connections."""
        self._options["transport"].close()

    def _client(self, subscription: str) -> "ComputeManagementClient":
        from azure.mgmt.compute import ComputeManagementClient

        with self._lock:
            if subscription not in self._clients:
                options = {**self._connection.arm_options(), "transport": self._options["transport"]}
                self._clients[subscription] = ComputeManagementClient(
                    self._connection.credential, subscription, self._connection.arm_endpoint, **options
                )
            return self._clients[subscription]
