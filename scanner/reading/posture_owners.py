"""Signs that another service owns the rollout of a scale set. A group's name alone says nothing."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from scanner.facts.arm_paths import EXTENSION_PUBLISHER, TAGS
from scanner.facts.evidence import Evidence
from scanner.reading.azure_values import as_reported, text

_AKS = "Azure Kubernetes Service"
_SERVICE_FABRIC = "Service Fabric managed cluster"
_PUBLISHERS = {"microsoft.aks": _AKS, "microsoft.azure.servicefabric.mc": _SERVICE_FABRIC}
_PROVIDERS = {
    "/providers/microsoft.containerservice/": _AKS,
    "/providers/microsoft.servicefabric/managedclusters": _SERVICE_FABRIC,
    "/providers/microsoft.batch/": "Azure Batch",
    "/providers/microsoft.databricks/": "Azure Databricks",
}


def find_owner(
    tags: Mapping[str, object], publishers: AbstractSet[str], managed_by: object, group_managed_by: str | None
) -> tuple[str, Evidence] | None:
    """Name the owner and the sign of it.

    AKS: a tag that begins with ``aks-managed-``, whatever its value, or the publisher of its extension. Service Fabric
    managed clusters: the publisher of theirs. Azure DevOps: the tag of its agent pools. Any service: ``managedBy`` of
    the scale set or of its resource group.
    https://learn.microsoft.com/azure/aks/concepts-clusters-workloads#node-resource-group.
    """
    for name, value in tags.items():
        folded = name.lower()
        if folded.startswith("aks-managed-"):
            return _AKS, Evidence(f"{TAGS}.{name}", as_reported(value))
        if folded == "__azuredevopselasticpool" and text(value) is not None:
            return "Azure DevOps agent pool", Evidence(f"{TAGS}.{name}", as_reported(value))
    for publisher in _PUBLISHERS.keys() & publishers:
        return _PUBLISHERS[publisher], Evidence(EXTENSION_PUBLISHER, publisher)
    for path, value in (("managedBy", managed_by), ("resourceGroup.managedBy", group_managed_by)):
        owner = text(value)
        if owner is not None:
            return _owner_named_by(owner.lower()), Evidence(path, owner)
    return None


def _owner_named_by(managed_by: str) -> str:
    for provider, owner in _PROVIDERS.items():
        if provider in managed_by:
            return owner
    return managed_by
