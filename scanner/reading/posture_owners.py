"""Signs that another service owns the rollout of a scale set. A group's name alone says nothing.

Tags come and go: where an extension can tell as well, either is enough.
"""

from collections.abc import Iterator, Mapping

from scanner.facts.arm_paths import EXTENSION_PUBLISHER, TAGS
from scanner.facts.evidence import Evidence
from scanner.facts.tags import Tags
from scanner.reading.azure_values import Block, as_reported, flag, text

_AKS = "Azure Kubernetes Service"
_AGENTS = "Azure DevOps agent pool"
_BATCH = "Azure Batch"
_CLUSTER_API = "Cluster API"
_PUBLISHERS = {"microsoft.aks": _AKS, "microsoft.azure.servicefabric.mc": "Service Fabric managed cluster"}
_AGENT_TYPES = frozenset({"teamservicesagent", "teamservicesagentlinux"})
_CLUSTER_TAG = "sigs.k8s.io_cluster-api-provider-azure_cluster_"
_PROVIDERS = {
    "/providers/microsoft.containerservice/": _AKS,
    "/providers/microsoft.servicefabric/managedclusters": "Service Fabric managed cluster",
    "/providers/microsoft.batch/": _BATCH,
    "/providers/microsoft.databricks/": "Azure Databricks",
}

type Owner = tuple[str, Evidence]


def find_owner(
    raw_tags: Mapping[str, object],
    tags: Tags,
    signed: Owner | None,
    managed_by: object,
    group_managed_by: str | None,
) -> Owner | None:
    """Name the owner and the sign of it; ``signed`` is what an extension says, as ``owner_of_extension`` answers it.

    AKS, whose agents and tags are its own: https://learn.microsoft.com/azure/aks/concepts-clusters-workloads.
    Azure DevOps: https://learn.microsoft.com/azure/devops/pipelines/agents/scale-set-agents.
    Any service: ``managedBy`` of the scale set or of its resource group.
    """
    return next(_signs(raw_tags, tags, signed, managed_by, group_managed_by), None)


def owner_of_extension(publisher: str | None, kind: str | None, settings: Block) -> Owner | None:
    """Name the service that puts this extension on its own scale sets. Publisher and type are in lower case."""
    if publisher is None:
        return None
    owner = _PUBLISHERS.get(publisher)
    if owner is not None:
        return owner, Evidence(EXTENSION_PUBLISHER, publisher)
    sign = Evidence(EXTENSION_PUBLISHER, f"{publisher}/{kind}")
    if publisher == "microsoft.visualstudio.services" and kind in _AGENT_TYPES:
        # The same extension without this setting is a deployment agent on the customer's own scale set.
        return (_AGENTS, sign) if flag(settings.get("isPipelinesAgent")) else None
    if publisher == "microsoft.azure.containerupstream" and kind is not None and kind.startswith("capz."):
        return _CLUSTER_API, sign
    return None


def _signs(
    raw_tags: Mapping[str, object],
    tags: Tags,
    signed: Owner | None,
    managed_by: object,
    group_managed_by: str | None,
) -> Iterator[Owner]:
    for name, value in raw_tags.items():
        if name.lower().startswith("aks-managed-"):
            yield _AKS, Evidence(f"{TAGS}.{name}", as_reported(value))
    if signed is not None:
        yield signed
    yield from _signs_in_tags(tags)
    for path, value in (("managedBy", managed_by), ("resourceGroup.managedBy", group_managed_by)):
        owner = text(value)
        if owner is not None:
            yield _owner_named_by(owner.lower()), Evidence(path, owner)


def _signs_in_tags(tags: Tags) -> Iterator[Owner]:
    if "__AzureDevOpsElasticPool" in tags:
        yield _AGENTS, _tag(tags, "__AzureDevOpsElasticPool")
    for name in tags:
        if name.lower().startswith(_CLUSTER_TAG) and tags[name].lower() == "owned":
            yield _CLUSTER_API, _tag(tags, name)
    if "PoolName" in tags and "BatchAccountName" in tags:
        yield _BATCH, _tag(tags, "BatchAccountName")
    if "kops.k8s.io_instancegroup" in tags:
        yield "kOps", _tag(tags, "kops.k8s.io_instancegroup")


def _tag(tags: Tags, name: str) -> Evidence:
    return Evidence(f"{TAGS}.{name}", tags[name])


def _owner_named_by(managed_by: str) -> str:
    for provider, owner in _PROVIDERS.items():
        if provider in managed_by:
            return owner
    return managed_by
