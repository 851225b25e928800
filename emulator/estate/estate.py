"""The estate: subscriptions, resource groups and scale sets, as Resource Manager has them, and the index beside it.

Resource Manager's documents are kept as JSON text. Normally the index, which is what Resource Graph shows, agrees with
them. Holding the index back leaves it as it is while the documents change.
"""

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulator.estate import documents
from emulator.estate.change_records import Attribution, change_row
from emulator.estate.clock import DomainClock
from emulator.estate.containers import ResourceGroup, Subscription
from emulator.estate.index import Index

_MODEL = "properties.virtualMachineProfile"


class Estate:
    """Every resource, and the record of every change."""

    def __init__(self, clock: DomainClock, tenant_id: str) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.tenant_id = tenant_id
        self.index = Index(self.lock, tenant_id)
        self.subscriptions: dict[str, Subscription] = {}
        """By id in lower case."""
        self.groups: dict[str, ResourceGroup] = {}
        """By resource id in lower case."""
        self._documents: dict[str, str] = {}
        self._held: dict[str, None] | None = None

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            self.subscriptions.clear()
            self.groups.clear()
            self._documents.clear()
            self._held = None
            self.index.clear()

    def put_subscription(self, subscription: Subscription) -> None:
        """Add or replace a subscription."""
        with self.lock:
            self.subscriptions[subscription.id.lower()] = subscription
            self.index.replace("resourcecontainers", subscription.row())

    def put_group(self, group: ResourceGroup) -> None:
        """Add or replace a resource group."""
        with self.lock:
            self.groups[group.id.lower()] = group
            self.index.replace("resourcecontainers", group.row())

    def delete_group(self, group_id: str, by: Attribution) -> bool:
        """Delete a resource group and all scale sets in it; answer whether it was there."""
        key = group_id.lower()
        with self.lock:
            if self.groups.pop(key, None) is None:
                return False
            for resource_id in [item for item in self._documents if item.startswith(key + "/")]:
                self.delete(resource_id, by)
            self.index.remove_container(key)
            return True

    def delete_subscription(self, subscription_id: str, by: Attribution) -> bool:
        """Delete a subscription and all in it, as when it leaves the tenant; answer whether it was there."""
        with self.lock:
            subscription = self.subscriptions.get(subscription_id.lower())
            if subscription is None:
                return False
            prefix = f"/subscriptions/{subscription_id}/".lower()
            for group_id in [item for item in self.groups if item.startswith(prefix)]:
                self.delete_group(group_id, by)
            del self.subscriptions[subscription_id.lower()]
            self.index.remove_container(f"/subscriptions/{subscription_id}")
            return True

    def get(self, resource_id: str) -> dict[str, Any] | None:
        """Answer the document of a scale set, if it exists."""
        with self.lock:
            text = self._documents.get(resource_id.lower())
        return None if text is None else json.loads(text)

    def scale_sets(self, prefix: str) -> list[str]:
        """Answer the documents, as JSON text, of the scale sets whose id begins so, ordered by id."""
        prefix = prefix.lower()
        with self.lock:
            return [text for key, text in sorted(self._documents.items()) if key.startswith(prefix)]

    def ids(self) -> list[str]:
        """Answer the ids of all scale sets, in lower case and in order."""
        with self.lock:
            return sorted(self._documents)

    def count(self) -> int:
        """Count the scale sets."""
        with self.lock:
            return len(self._documents)

    def load(
        self,
        groups: Iterable[ResourceGroup],
        scale_sets: Sequence[Mapping[str, Any]],
        instances: Sequence[Mapping[str, Any]],
    ) -> None:
        """Add many resources that are new, and were there before anybody looked: no changes are recorded."""
        with self.lock:
            new = {group.id.lower(): group for group in groups if group.id.lower() not in self.groups}
            self.groups.update(new)
            self.index.insert("resourcecontainers", [group.row() for group in new.values()])
            for document in scale_sets:
                self._documents[str(document["id"]).lower()] = json.dumps(document, separators=(",", ":"))
            self.index.add_resources(scale_sets)
            self.index.add_resources(instances)

    def put(self, document: Mapping[str, Any], by: Attribution) -> bool:
        """Create or replace a scale set, and record the change; answer whether it is new."""
        resource_id = str(document["id"])
        with self.lock:
            before = self.get(resource_id)
            self._ensure_group(resource_id, str(document.get("location")))
            self._documents[resource_id.lower()] = json.dumps(document, separators=(",", ":"))
            self._show(resource_id)
            if before is None:
                self._record(document, "Create", {}, by)
                return True
            changes = documents.differences(before, document)
            if changes:
                self._record(document, "Update", changes, by)
            if any(path.startswith(_MODEL) for path in changes) and _is_manual(document):
                self.index.leave_instances_behind(resource_id)
            return False

    def delete(self, resource_id: str, by: Attribution) -> bool:
        """Delete a scale set and its instances, and record the change; answer whether it was there."""
        with self.lock:
            before = self.get(resource_id)
            if before is None:
                return False
            del self._documents[resource_id.lower()]
            self._show(resource_id)
            self._record(before, "Delete", {}, by)
            return True

    def put_instances(self, instances: Sequence[Mapping[str, Any]]) -> None:
        """Add or replace instances (children of Uniform sets, virtual machines of Flexible ones)."""
        with self.lock:
            for document in instances:
                self.index.put_resource(document)

    def hold_index(self, *, held: bool) -> None:
        """Let Resource Graph fall behind from now on, or catch up."""
        with self.lock:
            if held:
                self._held = {} if self._held is None else self._held
                return
            waiting, self._held = self._held or {}, None
            for resource_id in waiting:
                self._show(resource_id)

    def _show(self, resource_id: str) -> None:
        """Bring the index up to date with one document, now or when it is let go."""
        key = resource_id.lower()
        if self._held is not None:
            self._held[key] = None
            return
        document = self.get(key)
        if document is None:
            self.index.remove_scale_set(key)
        else:
            self.index.put_resource(document)

    def _ensure_group(self, resource_id: str, location: str) -> None:
        parts = documents.parse_id(resource_id)
        if parts.subscription.lower() not in self.subscriptions:
            self.put_subscription(Subscription(id=parts.subscription, name=f"sub-{parts.subscription[:8]}"))
        group = ResourceGroup(subscription_id=parts.subscription, name=parts.group, location=location)
        if group.id.lower() not in self.groups:
            self.put_group(group)

    def _record(
        self, document: Mapping[str, Any], change_type: str, changes: Mapping[str, tuple[Any, Any]], by: Attribution
    ) -> None:
        self.index.insert("resourcechanges", [change_row(document, change_type, changes, by, self.clock.now())])


def _is_manual(document: Mapping[str, Any]) -> bool:
    """Whether the upgrade mode is Manual, which it also is where none is set."""
    properties = document.get("properties")
    policy = properties.get("upgradePolicy") if isinstance(properties, Mapping) else None
    mode = policy.get("mode") if isinstance(policy, Mapping) else None
    return mode is None or str(mode).lower() == "manual"
