"""The estate: subscriptions, resource groups and scale sets, as Resource Manager has them, and the index beside it.

Resource Manager's documents are kept as JSON text. Normally the index, which is what Resource Graph shows, agrees with
them. Holding the index back leaves it as it is while the documents change.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulator.estate import documents
from emulator.estate.change_records import Attribution, change_row
from emulator.estate.clock import DomainClock
from emulator.estate.containers import ResourceGroup, Subscription
from emulator.estate.index import Index
from emulator.estate.instance_documents import capacity_of, instance_document, reference_of
from emulator.estate.instances import InstanceState, Runs, changed, numbered, resized, write_reference
from emulator.estate.other_resources import OtherResources

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
        self._runs: dict[str, Runs] = {}
        """The instances of each scale set, by its id in lower case; those that are documents are in the index alone."""
        self.others = OtherResources(self.lock, self.index)
        self._stale: dict[str, None] = {}
        """Scale sets whose instances the index does not show as they are; ``catch_up`` before it is read."""
        self._stale_documents: dict[str, None] = {}
        """Scale sets whose document it does not show as it is."""
        self._unrecorded: list[dict[str, Any]] = []
        """Changes that it does not show."""
        self.newest_version: Callable[[Mapping[str, Any]], str] = lambda _document: ""
        """Answers the image version of a new instance; empty: that of the last one."""
        self.model_changed: Callable[[Mapping[str, Any]], None] = self._leave_manual_behind
        """Told of a scale set with a new model."""
        self.deleted: Callable[[str], None] = lambda _resource_id: None
        """Told of a scale set that is gone, by its id."""
        self._held: dict[str, None] | None = None

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            self.subscriptions.clear()
            self.groups.clear()
            self._documents.clear()
            self._runs.clear()
            self._stale.clear()
            self._stale_documents.clear()
            self._unrecorded.clear()
            self.others.reset()
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

    def location_of(self, resource_id: str) -> str:
        """Answer where a scale set is; empty: there is none."""
        document = self.get(resource_id)
        return "" if document is None else str(document.get("location", ""))

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
        instances: Mapping[str, Runs],
    ) -> None:
        """Add or replace many resources as if they had been there before anybody looked: no changes are recorded."""
        with self.lock:
            new = {group.id.lower(): group for group in groups if group.id.lower() not in self.groups}
            self.groups.update(new)
            self.index.insert("resourcecontainers", [group.row() for group in new.values()])
            for document in scale_sets:
                self._documents[str(document["id"]).lower()] = json.dumps(document, separators=(",", ":"))
            self.index.put_resources(scale_sets)
            for resource_id, runs in instances.items():
                self.set_runs(resource_id, runs)

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
            if "sku.capacity" in changes:
                self._scale(document)
            if any(path.startswith(_MODEL) for path in changes):
                self.model_changed(document)
            return False

    def _scale(self, document: Mapping[str, Any]) -> None:
        """Bring the instances to the capacity; new ones run the newest image of the model."""
        runs = self._runs.get(str(document["id"]).lower())
        if runs is not None:
            last = runs[-1].state if runs else InstanceState()
            version = self.newest_version(document) or last.exact_version
            newcomer = InstanceState(
                exact_version=version, reference=write_reference(reference_of(document)), health=last.health
            )
            self.set_runs(str(document["id"]), resized(runs, capacity_of(document), newcomer))

    def _leave_manual_behind(self, document: Mapping[str, Any]) -> None:
        if is_manual(document):
            self.leave_behind(str(document["id"]))

    def delete(self, resource_id: str, by: Attribution) -> bool:
        """Delete a scale set and its instances, and record the change; answer whether it was there."""
        with self.lock:
            before = self.get(resource_id)
            if before is None:
                return False
            del self._documents[resource_id.lower()]
            self._runs.pop(resource_id.lower(), None)
            self._show(resource_id)
            self._record(before, "Delete", {}, by)
            self.deleted(resource_id)
            return True

    def put_instances(self, instances: Sequence[Mapping[str, Any]]) -> None:
        """Add or replace instances (children of Uniform sets, virtual machines of Flexible ones)."""
        with self.lock:
            for document in instances:
                self.index.put_resource(document)

    def runs(self, resource_id: str) -> Runs:
        """Answer the instances of a scale set as runs."""
        with self.lock:
            return self._runs.get(resource_id.lower(), ())

    def set_runs(self, resource_id: str, runs: Runs) -> None:
        """Put these instances in the place of those that the scale set has as runs."""
        key = resource_id.lower()
        with self.lock:
            self._runs[key] = runs
            self._touch(key)

    def instances(self, resource_id: str) -> list[dict[str, Any]]:
        """Answer the instances of a scale set, one document each, as Resource Graph has them when it is up to date."""
        with self.lock:
            document = self.get(resource_id)
            found = self.index.instances(resource_id)
            if document is not None:
                found += [
                    instance_document(document, number, state) for number, state in numbered(self.runs(resource_id))
                ]
            return found

    def documents(self) -> Iterator[dict[str, Any]]:
        """Yield every scale set's document, ordered by id."""
        for key in self.ids():
            document = self.get(key)
            if document is not None:
                yield document

    def leave_behind(self, resource_id: str) -> None:
        """Say of every Uniform instance of a scale set that it is not on the latest model."""
        with self.lock:
            self.index.leave_instances_behind(resource_id)
            runs, _ = changed(self.runs(resource_id), _behind)
            self.set_runs(resource_id, runs)

    def catch_up(self) -> None:
        """Let the index show the instances as they are, all but those of scale sets that are held back."""
        with self.lock:
            changed_ids, self._stale_documents = list(self._stale_documents), {}
            self.index.put_resources([item for key in changed_ids if (item := self.get(key)) is not None])
            rows, self._unrecorded = self._unrecorded, []
            self.index.insert("resourcechanges", rows)
            keys, self._stale = list(self._stale), {}
            if keys:
                shown = [(document, self._runs.get(key, ())) for key in keys if (document := self.get(key)) is not None]
                self.index.replace_runs(keys, shown)

    def keep_index(self) -> None:
        """Keep what the index shows now."""
        with self.lock:
            self.catch_up()
            self.index.keep()

    def _touch(self, key: str) -> None:
        if self._held is None:
            self._stale[key] = None
        else:
            self._held[key] = None

    def hold_index(self, *, held: bool) -> None:
        """Let Resource Graph fall behind from now on, or catch up."""
        with self.lock:
            if held:
                self.catch_up()
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
        if key not in self._documents:
            self._stale.pop(key, None)
            self._stale_documents.pop(key, None)
            self.index.remove_scale_set(key)
            return
        self._stale_documents[key] = None
        if key in self._runs:
            self._stale[key] = None

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
        self._unrecorded.append(change_row(document, change_type, changes, by, self.clock.now()))


def _behind(state: InstanceState) -> InstanceState:
    return replace(state, latest_model=False)


def is_manual(document: Mapping[str, Any]) -> bool:
    """Answer whether the upgrade mode is Manual, which it also is where none is set."""
    properties = document.get("properties")
    policy = properties.get("upgradePolicy") if isinstance(properties, Mapping) else None
    mode = policy.get("mode") if isinstance(policy, Mapping) else None
    return mode is None or str(mode).lower() == "manual"
