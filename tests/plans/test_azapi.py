"""Scale sets that Terraform's azapi provider declares or patches."""

import json
from typing import Any

import pytest

from scanner.facts.posture import UpgradeMode
from tests.plans.terraform_plans import LINUX, ORCHESTRATED, change, configured, linux, only, plan, posture_of, reading

TYPE = "Microsoft.Compute/virtualMachineScaleSets@2024-11-01"
ID = "/subscriptions/s/resourceGroups/shop/providers/Microsoft.Compute/virtualMachineScaleSets/web"
BODY = {
    "sku": {"name": "Standard_D2s_v5", "capacity": 3},
    "properties": {"orchestrationMode": "Uniform", "upgradePolicy": {"mode": "Rolling"}, "virtualMachineProfile": {}},
}
ON = {"properties": {"upgradePolicy": {"automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True}}}}
REFERENCE = {"references": [f"{LINUX}.web.id", f"{LINUX}.web"]}


def azapi(body: Any, **rest: Any) -> dict[str, Any]:
    """Make the attributes of an azapi resource."""
    return {"type": TYPE, "name": "web", "location": "westeurope", "tags": {"owner": "web"}, "body": body, **rest}


@pytest.mark.parametrize("body", [pytest.param(BODY, id="2.x"), pytest.param(json.dumps(BODY), id="1.x")])
def test_the_body_is_read_as_an_object_and_as_text(body: Any) -> None:
    """Version 2 has an object, version 1 JSON as text; location and tags stand beside it."""
    planned = only(plan(change("azapi_resource", azapi(body))))
    posture = posture_of(planned)
    assert posture.upgrade_mode is UpgradeMode.ROLLING
    assert posture.automatic_os_upgrade is False
    assert posture.capacity == 3
    assert posture.tags["owner"] == "web"
    assert posture.location == "westeurope"
    assert posture.api_version == "2024-11-01"


UNREAD: dict[str, tuple[Any, Any]] = {
    "the body is known after apply": (None, {"body": True}),
    "the text is no JSON": ("{", {}),
    "the text is a list": ("[1]", {}),
    "a leaf is known after apply": (
        {"properties": {"upgradePolicy": {}}},
        {"body": {"properties": {"upgradePolicy": {"mode": True}}}},
    ),
}


@pytest.mark.parametrize(("body", "unknown"), UNREAD.values(), ids=UNREAD.keys())
def test_a_body_that_is_not_known_is_not_read(body: Any, unknown: Any) -> None:
    """Nothing is concluded from what is not there."""
    posture = posture_of(only(plan(change("azapi_resource", azapi(body), unknown=unknown))))
    assert posture.upgrade_mode is None


def test_other_types_are_passed_over() -> None:
    """Only scale sets are judged, and role assignments below one are none."""
    other = azapi(BODY, type="Microsoft.Authorization/roleAssignments@2022-04-01", parent_id=ID)
    assert reading(plan(change("azapi_resource", other))).planned == ()


def test_an_extension_below_a_scale_set_belongs_to_it() -> None:
    """``parent_id`` names the scale set, by id or by reference."""
    extension = azapi(
        {"properties": {"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux", "settings": {}}},
        type="Microsoft.Compute/virtualMachineScaleSets/extensions@2024-11-01",
        name="health",
    )
    document = plan(
        change(LINUX, linux()),
        change("azapi_resource", extension, name="health", unknown={"parent_id": True}),
        configuration={"resources": [configured("azapi_resource", {"parent_id": REFERENCE}, name="health")]},
    )
    assert posture_of(only(document)).application_health is True


PATCHES: dict[str, tuple[dict[str, Any], list[bool | None]]] = {
    "by a reference": (
        plan(
            change(LINUX, linux()),
            change("azapi_update_resource", azapi(ON), name="patch", unknown={"resource_id": True}),
            configuration={"resources": [configured("azapi_update_resource", {"resource_id": REFERENCE}, "patch")]},
        ),
        [True],
    ),
    "by an id": (
        plan(
            change(LINUX, linux(id=ID), before={"id": ID}, unknown={}),
            change("azapi_update_resource", azapi(ON, resource_id=ID), name="patch", unknown={}),
        ),
        [True],
    ),
    "by parent and name": (
        plan(
            change(LINUX, linux(id=ID), before={"id": ID}, unknown={}),
            change(
                "azapi_update_resource",
                azapi(ON, parent_id="/subscriptions/s/resourceGroups/shop"),
                name="patch",
                unknown={},
            ),
        ),
        [True],
    ),
    "no word of which: what it sets is unknown": (
        plan(
            change(LINUX, linux()),
            change(LINUX, linux(), name="api"),
            change("azapi_update_resource", azapi(ON), name="patch", unknown={"resource_id": True}),
        ),
        [None, None],
    ),
    "a body that is not known": (
        plan(
            change(LINUX, linux(id=ID), before={"id": ID}, unknown={}),
            change("azapi_update_resource", azapi(None, resource_id=ID), name="patch", unknown={"body": True}),
        ),
        [None],
    ),
    "an orchestrated set, for which the provider has no attribute": (
        plan(
            change(ORCHESTRATED, {"id": ID, "sku_name": "x", "upgrade_mode": "Rolling"}, unknown={}),
            change("azapi_update_resource", azapi(ON, resource_id=ID), name="patch", unknown={}),
        ),
        [True],
    ),
}


@pytest.mark.parametrize(("document", "expected"), PATCHES.values(), ids=PATCHES.keys())
def test_a_patch_is_laid_over_its_scale_set(document: dict[str, Any], expected: list[bool | None]) -> None:
    """A patch changes the scale set that it is about; where that is not certain, what it sets is unknown."""
    assert [posture_of(item).automatic_os_upgrade for item in reading(document).planned] == expected
