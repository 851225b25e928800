"""Ids of Azure resources, read in one place.

https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules.
"""

from dataclasses import dataclass
from functools import lru_cache

SCALE_SET_TYPE = "microsoft.compute/virtualmachinescalesets"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceId:
    """A resource id in its parts, as Azure spelled them; its case changes between calls, so compare ``key``."""

    text: str
    """The whole id, without slashes at its end."""
    subscription: str
    """Lower case."""
    resource_group: str
    """Empty for what lies in no resource group."""
    type: str
    """Lower case, such as ``microsoft.compute/virtualmachinescalesets``; empty for a subscription or resource group."""
    names: tuple[str, ...]
    """The resource's name behind those of its parents; empty for a subscription or resource group."""

    @property
    def key(self) -> str:
        """The id in lower case: the resource's identity."""
        return self.text.lower()

    @property
    def name(self) -> str:
        """The resource's own name; for a resource group or subscription, its name or id."""
        return self.names[-1] if self.names else self.resource_group or self.subscription

    @property
    def group_key(self) -> str:
        """Id of the resource group in lower case; empty for what lies in no resource group."""
        if not self.resource_group:
            return ""
        return f"/subscriptions/{self.subscription}/resourcegroups/{self.resource_group.lower()}"

    @property
    def is_scale_set(self) -> bool:
        """Whether it names a scale set in a resource group, and not something below it."""
        return self.type == SCALE_SET_TYPE and bool(self.resource_group)


def parse_resource_id(value: object) -> ResourceId | None:
    """Read the id of a subscription, of a resource group, or of a resource in one of them.

    Never raises. ``None`` for everything else: no text, an empty part, a part too many or too few, a tenant's resource.
    Of an extension resource (a second ``/providers/``) the type and names are those behind the last one.
    """
    return _parsed(value) if isinstance(value, str) else None


@lru_cache(maxsize=16)  # those of a row, which are asked for time and again
def _parsed(value: str) -> ResourceId | None:
    text = value.rstrip("/")
    first, *parts = text.split("/")
    if first or len(parts) < 2 or not all(parts) or parts[0].lower() != "subscriptions":
        return None
    subscription, rest = parts[1].lower(), parts[2:]
    group = ""
    if len(rest) > 1 and rest[0].lower() == "resourcegroups":
        group, rest = rest[1], rest[2:]
    if not rest:
        return ResourceId(text=text, subscription=subscription, resource_group=group, type="", names=())
    starts = [index for index, part in enumerate(rest) if part.lower() == "providers"]
    if not starts or starts[0] != 0:
        return None
    # "providers" may also be a name; where a new resource begins, whole pairs of type and name lie behind it.
    start = next(index for index in reversed(starts) if index % 2 == 0 and index != 2)
    resource = rest[start:]
    if len(resource) < 4 or len(resource) % 2:
        return None
    kind = "/".join([resource[1], *resource[2::2]]).lower()
    return ResourceId(
        text=text, subscription=subscription, resource_group=group, type=kind, names=tuple(resource[3::2])
    )
