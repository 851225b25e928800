"""An Azure of dictionaries: what the ports ``Fleet`` and ``Compute`` read, changed as the emulator's control changes it.

It passes the contract suites of both ports (``tests/azure/ports_contract.py``) beside the real adapters, and a scan on it
takes less than a millisecond, so that generated timelines can play thousands of them.
"""

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from emulator.client.estate import Who
from scanner.errors import ReadFailedError
from scanner.ports.compute import Absence, Answer
from scanner.ports.fleet import QUERIES, Coverage
from scanner.times import iso
from tests.fakes.beside import FakeImages, FakeTables

PAGE = 1000


@dataclass(slots=True)
class Faults:
    """What goes wrong with the next answers, until it is changed."""

    without_coverage_of: set[str] = field(default_factory=set)
    """Subscriptions that the list leaves out."""
    without_owner: set[str] = field(default_factory=set)
    """Resource groups (ids in lower case) that the list leaves out."""
    hidden: set[str] = field(default_factory=set)
    """Scale sets (ids in lower case) that Resource Graph leaves out."""
    stale: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Documents that Resource Graph answers in place of the present ones, by id in lower case."""
    unreadable: set[str] = field(default_factory=set)
    """Scale sets whose row has lost its id."""
    capitals: set[str] = field(default_factory=set)
    """Scale sets whose id comes in capitals."""
    fails_in: set[str] = field(default_factory=set)
    """Subscriptions whose scale sets cannot be read: the pages of a part with one of them fail."""
    fails_after: int | None = None
    """Rows after which the pages fail."""
    without_changes: bool = False
    """What was changed cannot be read."""
    compute_is_silent: bool = False
    """Compute answers nothing that can be used."""


class FakeAzure:
    """Subscriptions, resource groups and scale sets."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.documents: dict[str, dict[str, Any]] = {}
        self.changes: list[dict[str, Any]] = []
        """Rows of ``resourcechanges``."""
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.images = FakeImages()
        self.tables = FakeTables()
        self.faults = Faults()
        self.page_size = PAGE
        self.compute_calls = 0
        self.graph_queries = 0
        self.throttles = 0

    @property
    def arm_calls(self) -> int:
        """The name that ``CallCounts`` has for it."""
        return self.compute_calls

    def put_subscription(self, subscription_id: str, name: str) -> None:
        self.subscriptions[subscription_id.lower()] = name

    def put_group(self, subscription_id: str, name: str, *, managed_by: str = "") -> None:
        group = f"/subscriptions/{subscription_id}/resourcegroups/{name}".lower()
        if managed_by:
            self.owners[group] = managed_by
        else:
            self.owners.pop(group, None)

    def put_scale_set(self, document: Mapping[str, Any]) -> None:
        self.documents[str(document["id"]).lower()] = copy.deepcopy(dict(document))

    def delete_scale_set(self, scale_set_id: str) -> None:
        self.documents.pop(scale_set_id.lower(), None)

    def change(self, scale_set_id: str, values: Mapping[str, Any], *, by: Who) -> None:
        """Set values by their paths, and record who did, as Azure does: values are text."""
        document, told = self.documents[scale_set_id.lower()], {}
        for path, value in values.items():
            *parents, last = path.split(".")
            block = document
            for name in parents:
                block = block.setdefault(name, {})
            if block.get(last) is not None:
                told[path] = {"previousValue": str(block[last]), "newValue": str(value)}
            block[last] = value
        attributes = {
            "timestamp": iso(self.now()),
            "changedBy": by.changed_by,
            "changedByType": by.changed_by_type,
            "clientType": by.client_type,
        }
        self.changes.append(
            {
                "id": f"{document['id']}/providers/Microsoft.Resources/changes/{len(self.changes)}",
                "properties": {
                    "targetResourceId": document["id"],
                    "changeType": "Update",
                    "changeAttributes": attributes,
                    "changes": told,
                },
            }
        )

    def now(self) -> datetime:
        """Tell the time that changes bear; a world puts its own clock here."""
        return self.clock()

    def scale_set(self, scale_set_id: str) -> dict[str, Any]:
        """Answer the document itself, to be changed."""
        return self.documents[scale_set_id.lower()]


class FakeFleet:
    """The ``Fleet`` port on it."""

    def __init__(self, azure: FakeAzure, subscriptions: Sequence[str] = ()) -> None:
        self._azure = azure
        self._subscriptions = frozenset(subscriptions)

    def part(self, subscriptions: Sequence[str], queries: int = QUERIES) -> "FakeFleet":  # noqa: ARG002 - no quota here
        return FakeFleet(self._azure, subscriptions)

    def counts(self, coverage: Coverage) -> Mapping[str, int]:  # noqa: ARG002 - it always fits
        self._azure.graph_queries += 1
        self._refuse_without_access()
        return Counter(key.split("/")[2] for key in self._azure.documents if self._is_in(key.split("/")[2]))

    def _is_in(self, subscription: str) -> bool:
        return subscription in self._azure.subscriptions and subscription in (self._subscriptions or {subscription})

    def coverage(self) -> Coverage:
        azure, faults = self._azure, self._azure.faults
        azure.graph_queries += 1
        self._refuse_without_access()
        listed = {
            name: title
            for name, title in azure.subscriptions.items()
            if self._is_in(name) and name not in faults.without_coverage_of
        }
        owners = {
            group: owner
            for group, owner in azure.owners.items()
            if group not in faults.without_owner and group.split("/")[2] in listed
        }
        return Coverage(subscriptions=listed, managed_groups=owners)

    def pages(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        azure, faults = self._azure, self._azure.faults
        self._refuse_without_access()
        shown = {**azure.documents, **faults.stale}
        readable = [
            _row(key, shown[key], faults)
            for key in sorted(shown)
            if key not in faults.hidden and self._is_in(key.split("/")[2])
        ]
        whole = readable if faults.fails_after is None else readable[: faults.fails_after]
        for start in range(0, len(whole), azure.page_size):
            azure.graph_queries += 1
            yield whole[start : start + azure.page_size]
        if faults.fails_after is not None or any(self._is_in(each) for each in faults.fails_in):
            raise ReadFailedError("Resource Graph was not read: told to fail.")

    def changes(self, since: datetime) -> Iterator[Sequence[Mapping[str, Any]]]:
        azure = self._azure
        azure.graph_queries += 1
        self._refuse_without_access()
        if azure.faults.without_changes:
            raise ReadFailedError("Resource Graph was not read: told to fail.")
        rows = [row for row in azure.changes if _is_told(row, since)]
        for start in range(0, len(rows), PAGE):
            yield rows[start : start + PAGE]

    def _refuse_without_access(self) -> None:
        if not self._azure.subscriptions:
            raise ReadFailedError("Resource Graph was not read: 403 NoAccess.")


class FakeCompute:
    """The ``Compute`` port on it."""

    def __init__(self, azure: FakeAzure) -> None:
        self._azure = azure

    def look_up(self, scale_set_id: str) -> Answer:
        self._azure.compute_calls += 1
        if self._azure.faults.compute_is_silent:
            return None
        found = self._azure.documents.get(scale_set_id.lower())
        return Absence.GONE if found is None else copy.deepcopy(found)


def _is_told(row: Mapping[str, Any], since: datetime) -> bool:
    properties = row["properties"]
    at = datetime.fromisoformat(properties["changeAttributes"]["timestamp"])
    return at > since and properties["changeType"] == "Update" and set(properties["changes"]) != {"sku.capacity"}


def _row(key: str, document: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """Write a document as a row of Resource Graph, which shares its parts: whoever reads it must not change it."""
    _, _, subscription, _, group, *_ = str(document["id"]).split("/")
    row = {
        **document,
        "name": str(document["id"]).rsplit("/", 1)[-1],
        "resourceGroup": group,
        "subscriptionId": subscription,
        "type": "microsoft.compute/virtualmachinescalesets",
    }
    if key in faults.capitals:
        row["id"] = str(row["id"]).upper()
    if key in faults.unreadable:
        row["id"] = None
    return row
