"""Subscriptions and resource groups, and how Resource Graph shows them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription of the tenant."""

    id: str
    name: str
    management_group: str = "mg-root"
    state: str = "Enabled"

    def row(self) -> dict[str, Any]:
        """Show it as a row of ``resourcecontainers``."""
        group = {"name": self.management_group, "displayName": self.management_group}
        return {
            "id": f"/subscriptions/{self.id}",
            "name": self.name,
            "type": "microsoft.resources/subscriptions",
            "subscriptionId": self.id,
            "properties": {"state": self.state, "managementGroupAncestorsChain": [group]},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceGroup:
    """A resource group; ``managed_by`` is the resource whose service owns it."""

    subscription_id: str
    name: str
    location: str
    managed_by: str = ""

    @property
    def id(self) -> str:
        """Its resource id."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.name}"

    def row(self) -> dict[str, Any]:
        """Show it as a row of ``resourcecontainers``."""
        return {
            "id": self.id,
            "name": self.name,
            "type": "microsoft.resources/subscriptions/resourcegroups",
            "location": self.location,
            "resourceGroup": self.name.lower(),
            "subscriptionId": self.subscription_id,
            "managedBy": self.managed_by,
            "properties": {"provisioningState": "Succeeded"},
        }
