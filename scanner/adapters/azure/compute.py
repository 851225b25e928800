"""What Azure Compute itself says about a scale set, where Resource Graph's silence is not enough."""

from threading import Lock
from typing import TYPE_CHECKING

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.facts.resource_id import parse_resource_id

if TYPE_CHECKING:
    from azure.mgmt.compute import ComputeManagementClient

GONE_CODES = frozenset({"ResourceNotFound", "ResourceGroupNotFound"})
"""The codes of a 404 that mean the scale set is gone; ``SubscriptionNotFound`` may mean that we may not see it."""


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
        wanted = parse_resource_id(scale_set_id)
        if wanted is None or not wanted.is_scale_set:
            return None
        client = self._client(wanted.subscription)
        try:
            client.virtual_machine_scale_sets.get(wanted.resource_group, wanted.name)
        except Exception as error:  # noqa: BLE001 - whatever the client makes of an answer: it is not known
            said = read_failure(error)
            return True if said.status == 404 and said.codes[:1] and said.codes[0] in GONE_CODES else None
        return False

    def close(self) -> None:
        """Close the connections."""
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
