"""What Azure Compute itself says about a scale set, where what Resource Graph says, or leaves out, is not enough."""

from typing import Any

from scanner.adapters.azure.budgeted_compute import BudgetedCompute
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.facts.resource_id import ResourceId, parse_resource_id
from scanner.ports.compute import Absence, Answer

GONE_CODES = frozenset({"ResourceNotFound", "ResourceGroupNotFound"})
"""The codes of a 404 that mean the scale set is gone; ``SubscriptionNotFound`` may mean that we may not see it."""

PATIENCE = 20.0
"""Seconds for one question, retries included. The question can wait for the next scan; the end of this scan cannot."""


class ComputeReader:
    """The ``Compute`` port on the Compute resource provider.

    https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get
    """

    def __init__(self, connection: Connection, compute: BudgetedCompute | None = None) -> None:
        """``compute`` is what others ask with, so that all spend from one budget."""
        self._connection = connection
        self._compute = compute or BudgetedCompute(connection)

    def look_up(self, scale_set_id: str) -> Answer:
        """Ask for the scale set: the document, ``GONE`` on a 404 that says so, or ``None``: not known.

        Never raises for an answer of Azure, or for the lack of one.
        """
        wanted = parse_resource_id(scale_set_id)
        if wanted is None or not wanted.is_scale_set:
            return None
        try:
            body = self._get(wanted)
        except Exception as error:  # noqa: BLE001 - whatever the client makes of an answer: it is not known
            said = read_failure(error)
            return Absence.GONE if said.status == 404 and said.codes[:1] and said.codes[0] in GONE_CODES else None
        return body if isinstance(body, dict) else None

    def close(self) -> None:
        """Close the connections."""
        self._compute.close()

    def _get(self, wanted: ResourceId) -> Any:
        spent = self._compute.turn(wanted.subscription)
        end = self._connection.limits.clock() + PATIENCE
        client = self._compute.client(wanted.subscription)
        return client.virtual_machine_scale_sets.get(
            wanted.resource_group,
            wanted.name,
            cls=lambda response, _model, _headers: response.http_response.json(),
            seconds_left=lambda: min(self._connection.limits.seconds_left(), end - self._connection.limits.clock()),
            read_timeout=PATIENCE / 2,
            spending=spent,
        )
