"""From what Azure says of instances to counts: groups of Resource Graph, and the two readings of Compute.

Rows of Resource Graph are groups that KQL has counted: by scale set, image, version, power state, and two values as
Azure wrote them (``queries/uniform_instances.kql``). Whether a cloud offers those two is not documented: a column is
used when at least one row of the reading carries it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from scanner.facts.instances import MOST_EXAMPLES, Census, Listing, RepairsService, RepairsState, RunningImage
from scanner.facts.resource_id import parse_resource_id
from scanner.facts.versions import version_key
from scanner.reading.azure_values import flag, listed, number, optional
from scanner.reading.instance_values import exact_version, image_name, power_state, said

_REPAIRS = {
    "running": RepairsState.RUNNING,
    "notrunning": RepairsState.NOT_RUNNING,
    "suspended": RepairsState.SUSPENDED,
}
_NAME_LENGTH = 80
_SKIPPED = "componentstatus/custommetrics/succeeded"
_BAD = ("provisioningstate/failed", "powerstate/stopped")
_HEALTHY = {
    "healthstate/healthy": True,
    "healthstate/initializing": True,
    "healthstate/unhealthy": False,
    "healthstate/unknown": False,
}
"""What a health says; one that nobody documented says nothing.

https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-health-extension
"""


@dataclass(slots=True)
class _Counted:
    images: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    power: Counter[str] = field(default_factory=Counter)
    behind: int = 0
    held: int = 0
    without_model: int = 0
    behind_examples: list[str] = field(default_factory=list)
    held_examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class CensusFold:
    """Folds groups as they stream in; what it holds grows with scale sets and not with instances."""

    unreadable: int = 0
    """Rows that are no groups of instances."""
    carries_model: bool = False
    """Whether a row said if its instances are on the latest model."""
    carries_protection: bool = False
    """Whether a row said that its instances are protected from scale set actions, or are not."""
    _sets: dict[str, _Counted] = field(default_factory=dict)

    @property
    def counted(self) -> int:
        """How many scale sets have instances."""
        return len(self._sets)

    def add(self, rows: Iterable[object]) -> None:
        """Add groups. One that cannot be read is counted: it may be about any of the scale sets that were asked about."""
        for row in rows:
            if not isinstance(row, Mapping) or not self._add(row):
                self.unreadable += 1

    def censuses(self, *, is_uniform: bool) -> dict[str, Census]:
        """Answer the census of each scale set, by its id in lower case."""
        offers_model = is_uniform and self.carries_model
        # Compute's own view of an instance leaves the protection out where there is none, and always has the model.
        offers_protection = is_uniform and (self.carries_protection or self.carries_model)
        return {
            key: _census(counted, offers_model=offers_model, offers_protection=offers_protection)
            for key, counted in self._sets.items()
        }

    def _add(self, row: Mapping[str, object]) -> bool:
        owner, count = parse_resource_id(row.get("scaleSet")), number(row.get("instances"))
        if owner is None or not owner.is_scale_set or not isinstance(count, int) or count < 0:
            return False
        counted = self._sets.setdefault(owner.key, _Counted())
        image = (image_name(row.get("image")), exact_version(row.get("version")))
        names = [name_of_instance(each) for each in listed(row, "examples") or []]
        counted.images[image] += count
        _extend(counted.examples.setdefault(image, []), names)
        counted.power[power_state(row.get("power"))] += count
        is_latest, is_held = said(row.get("model")), said(row.get("held"))
        self.carries_model = self.carries_model or is_latest is not None
        self.carries_protection = self.carries_protection or is_held is not None
        if is_held:
            counted.held += count
            _extend(counted.held_examples, names)
        elif is_latest is False:
            counted.behind += count
            _extend(counted.behind_examples, names)
        counted.without_model += count if is_latest is None else 0
        return True


def _census(counted: _Counted, *, offers_model: bool, offers_protection: bool) -> Census:
    images = [
        RunningImage(name=name, version=version, count=count, examples=tuple(counted.examples[name, version]))
        for (name, version), count in counted.images.items()
    ]
    return Census(
        images=tuple(sorted(images, key=lambda image: (image.name, version_key(image.version) or (), image.version))),
        power=dict(sorted(counted.power.items())),
        behind=counted.behind if offers_model and not counted.without_model else None,
        held=counted.held if offers_protection else None,
        behind_examples=tuple(counted.behind_examples) if offers_model and not counted.without_model else (),
        held_examples=tuple(counted.held_examples) if offers_protection else (),
    )


def read_repairs(body: object) -> RepairsService | None:
    """Read automatic repairs from the instance view of a scale set; ``None``: it is none."""
    if not isinstance(body, Mapping) or not {"virtualMachine", "statuses", "extensions"} & body.keys():
        return None
    for service in listed(body, "orchestrationServices") or []:
        if isinstance(service, Mapping) and str(service.get("serviceName")).lower() == "automaticrepairs":
            changed_at = service.get("lastStatusChangeTime")
            state = _REPAIRS.get(str(service.get("serviceState")).lower())
            return RepairsService(state=state, since=changed_at[:40] if isinstance(changed_at, str) else "")
    return RepairsService()


def add_instances(found: Listing, instances: Iterable[object]) -> Listing | None:
    """Add a page of Compute's list; ``None``: an instance does not say whether it is on the latest model."""
    for instance in instances:
        row = instance if isinstance(instance, Mapping) else {}
        properties = optional(row, "properties")
        is_latest = None if properties is None else flag(properties.get("latestModelApplied"))
        if properties is None or is_latest is None:
            return None
        name = name_of_instance(row.get("id"))
        is_held, is_healthy = _is_held(properties), _is_healthy(properties)
        is_behind = not is_latest and not is_held
        found = replace(
            found,
            total=found.total + 1,
            behind=found.behind + is_behind,
            held=found.held + is_held,
            unhealthy=found.unhealthy + (is_healthy is False),
            silent=found.silent + (is_healthy is None),
            behind_examples=_more(found.behind_examples, name, when=is_behind),
            held_examples=_more(found.held_examples, name, when=is_held),
            unhealthy_examples=_more(found.unhealthy_examples, name, when=is_healthy is False),
        )
    return found


def model_digest(row: Mapping[str, object]) -> str:
    """Digest what a change of makes instances fall behind: the model's profile, its size and its plan."""
    properties, sku = optional(row, "properties") or {}, optional(row, "sku") or {}
    size = {name: value for name, value in sku.items() if name != "capacity"}
    told = [properties.get("virtualMachineProfile"), size, row.get("plan")]
    try:
        text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        return ""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def capacity_of(row: Mapping[str, object]) -> int | None:
    """Read how many instances a scale set is asked to have."""
    capacity = number((optional(row, "sku") or {}).get("capacity"))
    return capacity if isinstance(capacity, int) and capacity >= 0 else None


def is_flexible_row(row: Mapping[str, object]) -> bool:
    """Tell by a row alone whether its instances are virtual machines of their own."""
    mode = (optional(row, "properties") or {}).get("orchestrationMode")
    return isinstance(mode, str) and mode.lower() in ("flexible", "virtualmachines", "vm")


def name_of_instance(resource_id: object) -> str:
    """Name an instance: the last part of its id, which tells it from the others of its scale set."""
    return str(resource_id).rstrip("/").rpartition("/")[2][:_NAME_LENGTH] if isinstance(resource_id, str) else ""


def _is_held(properties: Mapping[str, object] | None) -> bool:
    protection = optional(properties, "protectionPolicy") or {}
    return flag(protection.get("protectFromScaleSetActions")) is True or _asks_to_be_skipped(properties)


def _asks_to_be_skipped(properties: Mapping[str, object] | None) -> bool:
    """Tell whether the workload says ``SkipUpgrade`` through its health extension.

    https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-rolling-upgrade-custom-metrics
    """
    for extension in listed(optional(properties, "instanceView"), "extensions") or []:
        for status in listed(extension if isinstance(extension, Mapping) else None, "substatuses") or []:
            if not isinstance(status, Mapping) or not isinstance(code := status.get("code"), str):
                continue
            if code.lower() == _SKIPPED and _skips(status.get("message")):
                return True
    return False


def _skips(message: object) -> bool:
    with suppress(ValueError, TypeError, RecursionError):
        metrics = json.loads(message) if isinstance(message, str) else message
        return isinstance(metrics, Mapping) and str(metrics.get("SkipUpgrade")).lower() == "true"
    return False


def _is_healthy(properties: Mapping[str, object]) -> bool | None:
    """Say whether an instance counts as healthy when Azure looks before an upgrade; ``None``: no health is reported.

    That failed provisioning and being stopped count is inferred; initializing does not count.
    https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade
    """
    view = optional(properties, "instanceView") or {}
    codes = [_code(status) for status in listed(view, "statuses") or []]
    provisioning = str(properties.get("provisioningState")).lower()
    if provisioning == "failed" or any(code.startswith(_BAD) for code in codes):
        return False
    health = _code((optional(view, "vmHealth") or {}).get("status"))
    return _HEALTHY.get(health)


def _code(status: object) -> str:
    code = status.get("code") if isinstance(status, Mapping) else None
    return code.lower() if isinstance(code, str) else ""


def _more(examples: tuple[str, ...], name: str, *, when: bool) -> tuple[str, ...]:
    return (*examples, name) if when and name and len(examples) < MOST_EXAMPLES else examples


def _extend(examples: list[str], names: Iterable[str]) -> None:
    examples.extend(name for name in names if name and len(examples) < MOST_EXAMPLES and name not in examples)
    examples.sort()
