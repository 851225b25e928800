"""The custom role: exactly the actions that the queries and clients in the code need."""

import json
import re

from tests.infra.declared import INFRA, ROOT, bicep

ADAPTERS = ROOT / "scanner/adapters/azure"
_VERSIONS = "Microsoft.Compute/locations/publishers/artifactTypes/offers/skus/versions/read"
_EDGE_VERSIONS = "Microsoft.Compute/locations/edgeZones/publishers/artifactTypes/offers/skus/versions/read"
TABLES = {
    "resources",
    "resourcecontainers",
    "computeresources",
    "communitygalleryresources",
    "maintenanceresources",
} | {
    "patchinstallationresources",
    "patchassessmentresources",
}
"""Tables of Resource Graph that hold each type of resource under its own name."""
OTHER_ACTIONS = {
    # Where the action that Azure checks is not the type and /read.
    "microsoft.compute/virtualmachines/patchassessmentresults": (
        "microsoft.compute/virtualmachines/patchassessmentresults/latest/read"
    ),
}
CLIENT_CALLS = {
    # What a client of an Azure SDK is asked for, and the action that Azure checks.
    "virtual_machine_scale_sets.get": "Microsoft.Compute/virtualMachineScaleSets/read",
    "virtual_machine_scale_sets.get_instance_view": "Microsoft.Compute/virtualMachineScaleSets/instanceView/read",
    "virtual_machine_scale_set_vms.list": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
    "virtual_machine_scale_set_rolling_upgrades.get_latest": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades/read",
    "virtual_machine_scale_sets.get_os_upgrade_history": "Microsoft.Compute/virtualMachineScaleSets/osUpgradeHistory/read",
    "virtual_machine_scale_set_life_cycle_hook_events.list": (
        "Microsoft.Compute/virtualMachineScaleSets/lifecycleHookEvents/read"
    ),
    "virtual_machine_images.list_with_properties": _VERSIONS,
    "virtual_machine_images.get": _VERSIONS,
    "virtual_machine_images_edge_zone.list": _EDGE_VERSIONS,
    "virtual_machine_images_edge_zone.get": _EDGE_VERSIONS,
    "shared_gallery_images.get": "Microsoft.Compute/locations/sharedGalleries/images/read",
    "shared_gallery_image_versions.list": "Microsoft.Compute/locations/sharedGalleries/images/versions/read",
}
"""https://learn.microsoft.com/azure/role-based-access-control/permissions/compute"""


TABLE_TYPES = {"resourcechanges": ("microsoft.resources/changes",)}
"""Tables whose rows are resources of a type of their own, which their queries need not name.

https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
"""


def resource_types() -> set[str]:
    """Read the resource types that the Azure Resource Graph queries name: reading each is an action of its own."""
    texts = [path.read_text(encoding="utf-8") for path in ADAPTERS.rglob("*.kql")]
    assert texts
    found = {match.lower() for text in texts for match in re.findall(r"'(microsoft\.[\w./]+)'", text, re.IGNORECASE)}
    for text in texts:
        table = re.match(r"\s*(//.*\n)*(\w+)\b", text)
        assert table is not None
        assert table[2] in TABLES | TABLE_TYPES.keys(), "another table: look up its action"
        found.update(TABLE_TYPES.get(table[2], ()))
    return found


def client_calls() -> set[str]:
    """Read which operations the clients of the Azure SDKs are asked for."""
    texts = "".join(path.read_text(encoding="utf-8") for path in ADAPTERS.rglob("*.py"))
    groups = r"virtual_machine\w*|shared_\w+|community_\w+|gallery\w*|galleries|disk\w*|load_balancers|resource_groups|subscriptions"
    return set(re.findall(rf"\b((?:{groups})\.\w+)\(", texts))


def declared() -> list[str]:
    """Read the actions of the role."""
    actions: list[str] = json.loads((INFRA / "read-actions.json").read_text(encoding="utf-8"))["actions"]
    return actions


def test_actions_are_those_that_the_code_needs() -> None:
    """Whoever adds a query or a call adds its action, and whoever removes one removes it."""
    assert client_calls() <= set(CLIENT_CALLS), "look up the action of the new call"
    needed = {OTHER_ACTIONS.get(name, f"{name}/read") for name in resource_types()} | {
        CLIENT_CALLS[call].lower() for call in client_calls()
    }
    assert {action.lower() for action in declared()} == needed


def test_role_reads_and_nothing_else() -> None:
    """No action has a wildcard, writes, or reads data; both files that make the role take it from one list."""
    assert all(re.fullmatch(r"Microsoft\.[\w./]+/read", action) for action in declared())
    for name in ("access.bicep", "access-subscription.bicep"):
        text = bicep(name)
        assert "loadJsonContent('read-actions.json')" in text
        assert "actions: used.actions" in text
        assert "dataActions" not in text
    assert "role: readerRole" in bicep("main.bicep")
