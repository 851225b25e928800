"""Scale sets of Terraform plans: what the provider will send is what is read, and what the plan does not know is unknown."""

import json
from typing import Any

import pytest

from scanner.facts.extensions import HealthProtocol, Switch
from scanner.facts.posture import Durability, OsType, PatchMode, UpgradeMode
from scanner.plans.planned import Action, UnreadablePlanError
from scanner.plans.recognise import read_plan
from tests.plans.terraform_plans import (
    EXTENSION,
    LEGACY,
    LINUX,
    ORCHESTRATED,
    UBUNTU,
    WINDOWS,
    change,
    configured,
    health,
    linux,
    only,
    plan,
    posture_of,
    reading,
)

GALLERY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/shared/images/base"
PROBE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/lb/probes/http"
ROLLING = {
    "max_batch_instance_percent": 10,
    "max_unhealthy_instance_percent": 30,
    "max_unhealthy_upgraded_instance_percent": 5,
    "pause_time_between_batches": "PT2M",
    "maximum_surge_instances_enabled": True,
}
V3 = {"enable_automatic_os_upgrade": True, "disable_automatic_rollback": True}
V4 = {"automatic_os_upgrade_enabled": True, "automatic_rollback_enabled": False}

FACTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "defaults of Linux": (
        LINUX,
        linux(upgrade_mode=None, overprovision=None, instances=None),
        {
            "upgrade_mode": UpgradeMode.MANUAL,
            "overprovision": True,
            "capacity": 0,
            "automatic_os_upgrade": False,
            "os_type": OsType.LINUX,
            "application_health": False,
            "health_probe": False,
            "automatic_repairs": False,
        },
    ),
    "names of 3.x": (
        LINUX,
        linux(upgrade_mode="Automatic", automatic_os_upgrade_policy=[V3]),
        {"automatic_os_upgrade": True, "automatic_rollback_disabled": True, "upgrade_mode": UpgradeMode.AUTOMATIC},
    ),
    "names of 4.x, one of them inverted": (
        LINUX,
        linux(upgrade_mode="Automatic", automatic_os_upgrade_policy=[V4]),
        {"automatic_os_upgrade": True, "automatic_rollback_disabled": True},
    ),
    "rollback stays on": (
        LINUX,
        linux(automatic_os_upgrade_policy=[{**V4, "automatic_rollback_enabled": True}]),
        {"automatic_rollback_disabled": False},
    ),
    "the rolling policy": (
        LINUX,
        linux(upgrade_mode="Rolling", rolling_upgrade_policy=[ROLLING]),
        {
            "max_batch_instance_percent": 10,
            "max_unhealthy_instance_percent": 30,
            "max_unhealthy_upgraded_instance_percent": 5,
            "pause_between_batches_seconds": 120,
            "max_surge": True,
        },
    ),
    "whether the OS upgrade uses the rolling policy differs between versions": (
        LINUX,
        linux(upgrade_mode="Automatic", automatic_os_upgrade_policy=[V4], rolling_upgrade_policy=[ROLLING]),
        {"automatic_os_upgrade": True, "use_rolling_upgrade_policy": None},
    ),
    "a health probe": (LINUX, linux(health_probe_id=PROBE), {"health_probe": True}),
    "an image by id": (
        LINUX,
        linux(source_image_id=f"{GALLERY}/versions/1.2.3", source_image_reference=[]),
        {"image_text": f"gallery:{GALLERY.lower()}/1.2.3"},
    ),
    "an image by name": (LINUX, linux(), {"image_text": "platform:canonical/ubuntu-24_04-lts/server/latest"}),
    "a health extension": (
        LINUX,
        linux(extension=[health()]),
        {"application_health": True, "application_health_protocol": HealthProtocol.HTTP},
    ),
    "settings that are an empty text": (
        LINUX,
        linux(extension=[health(settings={}, settings_text="", type="CustomScript", publisher="Contoso")]),
        {"application_health": False},
    ),
    "an extension's flag that is not set is sent as false": (
        LINUX,
        linux(extension=[health()]),
        {"first_extension_upgrade": Switch.OFF},
    ),
    "repairs": (LINUX, linux(automatic_instance_repair=[{"enabled": True}]), {"automatic_repairs": True}),
    "tags": (LINUX, linux(tags={"environment": "prod"}), {"tag_environment": "prod"}),
    "defaults of Windows": (
        WINDOWS,
        linux(),
        {"os_type": OsType.WINDOWS, "windows_automatic_updates": Switch.ON},
    ),
    "updates of Windows, 3.x": (
        WINDOWS,
        linux(enable_automatic_updates=False),
        {"windows_automatic_updates": Switch.OFF},
    ),
    "updates of Windows, newer 4.x": (
        WINDOWS,
        linux(automatic_updates_enabled=False),
        {"windows_automatic_updates": Switch.OFF},
    ),
    "orchestrated, Linux": (
        ORCHESTRATED,
        {
            "name": "web",
            "sku_name": "Standard_D2s_v5",
            "instances": 4,
            "upgrade_mode": "Rolling",
            "os_profile": [{"linux_configuration": [{"patch_mode": "AutomaticByPlatform"}]}],
            "source_image_reference": [UBUNTU],
            "extension": [health()],
        },
        {
            "orchestration_text": "flexible",
            "automatic_os_upgrade": None,
            "upgrade_mode": UpgradeMode.ROLLING,
            "capacity": 4,
            "os_type": OsType.LINUX,
            "patch_mode": PatchMode.AUTOMATIC_BY_PLATFORM,
            "application_health": True,
        },
    ),
    "orchestrated, defaults of Windows": (
        ORCHESTRATED,
        {"sku_name": "Standard_D2s_v5", "os_profile": [{"windows_configuration": [{}]}], "upgrade_mode": None},
        {
            "patch_mode": PatchMode.AUTOMATIC_BY_OS,
            "windows_automatic_updates": Switch.ON,
            "upgrade_mode": UpgradeMode.MANUAL,
        },
    ),
    "orchestrated of a version without upgrade_mode": (
        ORCHESTRATED,
        {"sku_name": "Standard_D2s_v5", "os_profile": [{"linux_configuration": [{}]}]},
        {"upgrade_mode": None, "patch_mode": PatchMode.IMAGE_DEFAULT},
    ),
    "orchestrated without a model": (
        ORCHESTRATED,
        {"name": "web", "sku_name": None, "os_profile": []},
        {"orchestration_text": "flexible", "image": None, "extensions": None},
    ),
    "legacy": (
        LEGACY,
        {
            "name": "web",
            "upgrade_policy_mode": "Rolling",
            "automatic_os_upgrade": True,
            "rolling_upgrade_policy": [ROLLING],
            "health_probe_id": PROBE,
            "sku": [{"name": "Standard_F2", "capacity": 5}],
            "storage_profile_image_reference": [{**UBUNTU, "id": ""}],
            "storage_profile_os_disk": [{"os_type": "", "image": ""}],
            "os_profile_windows_config": [{"enable_automatic_upgrades": True}],
        },
        {
            "upgrade_mode": UpgradeMode.ROLLING,
            "automatic_os_upgrade": True,
            "capacity": 5,
            "image_text": "platform:canonical/ubuntu-24_04-lts/server/latest",
            "health_probe": True,
            "os_type": OsType.WINDOWS,
            "windows_automatic_updates": Switch.ON,
            "overprovision": True,
        },
    ),
}


def facts_of(document: Any) -> dict[str, Any]:
    """Read the facts, with a few in the form that a table shows."""
    posture = posture_of(only(document))
    found = {name: getattr(posture, name) for name in posture.__slots__}
    found["image_text"] = str(posture.image)
    found["patch_mode"] = posture.guest.patch_mode
    found["orchestration_text"] = str(posture.orchestration_mode)
    found["tag_environment"] = posture.tags.get("environment")
    found["first_extension_upgrade"] = posture.extensions[0].automatic_upgrade if posture.extensions else None
    return found


@pytest.mark.parametrize(("kind", "after", "expected"), FACTS.values(), ids=FACTS.keys())
def test_a_resource_is_read_as_the_provider_will_send_it(
    kind: str, after: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Attribute names of 3.x and 4.x, inverses and defaults give the facts that Azure will report."""
    found = facts_of(plan(change(kind, after)))
    assert {name: found[name] for name in expected} == expected


UNKNOWN: dict[str, tuple[dict[str, Any], Any, Any, dict[str, Any]]] = {
    "a leaf known after apply": (linux(), {"upgrade_mode": True}, {}, {"upgrade_mode": None}),
    "a block known after apply": (
        linux(),
        {"automatic_os_upgrade_policy": True},
        {},
        {"automatic_os_upgrade": None, "upgrade_mode": UpgradeMode.MANUAL},
    ),
    "a leaf in a block": (
        linux(automatic_os_upgrade_policy=[{"disable_automatic_rollback": True}]),
        {"automatic_os_upgrade_policy": [{"automatic_os_upgrade_enabled": True}]},
        {},
        {"automatic_os_upgrade": None, "automatic_rollback_disabled": True},
    ),
    "a probe whose id is known after apply is a probe": (
        linux(),
        {"health_probe_id": True},
        {},
        {"health_probe": True},
    ),
    "a sensitive probe": (linux(health_probe_id=PROBE), {}, {"health_probe_id": True}, {"health_probe": None}),
    "an image id": (linux(source_image_reference=[]), {"source_image_id": True}, {}, {"image": None}),
    "extensions without a configuration to look at": (linux(), {"extension": True}, {}, {"application_health": None}),
    "an extension's settings": (
        linux(extension=[health()]),
        {"extension": [{"settings": True}]},
        {},
        {"application_health": True, "application_health_protocol": None},
    ),
    "a sensitive leaf": (linux(upgrade_mode="Rolling"), {}, {"upgrade_mode": True}, {"upgrade_mode": None}),
    "a sensitive capacity": (linux(), {}, {"instances": True}, {"capacity": None}),
    "everything sensitive": (
        linux(upgrade_mode="Rolling"),
        {},
        True,
        {"upgrade_mode": None, "application_health": None, "automatic_os_upgrade": None, "capacity": None},
    ),
    "everything known after apply": (linux(), True, {}, {"upgrade_mode": None, "application_health": None}),
}


@pytest.mark.parametrize(("after", "unknown", "sensitive", "expected"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_the_plan_does_not_know_is_not_read(
    after: dict[str, Any], unknown: Any, sensitive: Any, expected: dict[str, Any]
) -> None:
    """A value that is known after apply, or marked sensitive, is unknown; what stands beside it is read."""
    found = facts_of(plan(change(LINUX, after, unknown=unknown, sensitive=sensitive)))
    assert {name: found[name] for name in expected} == expected


def test_extensions_that_are_not_configured_are_none_although_the_provider_computes_them() -> None:
    """The configuration of the plan tells an unset block from one that is known after apply."""
    unset = plan(
        change(LINUX, linux(), unknown={"id": True, "extension": True, "automatic_instance_repair": True}),
        configuration={"resources": [configured(LINUX, {"sku": {"constant_value": "a"}})]},
    )
    assert facts_of(unset)["application_health"] is False
    assert facts_of(unset)["automatic_repairs"] is False
    present = plan(
        change(LINUX, linux(), unknown={"id": True, "extension": True}),
        configuration={"resources": [configured(LINUX, {"extension": [{"type": {"references": ["var.type"]}}]})]},
    )
    assert facts_of(present)["application_health"] is None


ACTIONS = [
    pytest.param(("create",), Action.CREATE, id="created"),
    pytest.param(("update",), Action.UPDATE, id="changed"),
    pytest.param(("no-op",), Action.NONE, id="left as it is"),
    pytest.param(("delete", "create"), Action.REPLACE, id="replaced"),
    pytest.param(("create", "delete"), Action.REPLACE, id="replaced, the new one first"),
    pytest.param(("create", "forget"), Action.REPLACE, id="replaced, the old one forgotten"),
    pytest.param(("delete",), None, id="deleted"),
    pytest.param(("forget",), None, id="no longer managed"),
    pytest.param((), Action.UNKNOWN, id="no word of it"),
]


@pytest.mark.parametrize(("actions", "expected"), ACTIONS)
def test_what_is_left_behind_is_judged(actions: tuple[str, ...], expected: Action | None) -> None:
    """Deleted and forgotten scale sets are not judged; a replaced one is, as it will be."""
    found = reading(plan(change(LINUX, linux() if expected else None, actions=actions))).planned
    assert [item.action for item in found] == ([] if expected is None else [expected])


def test_addresses_of_modules_and_instances_are_kept() -> None:
    """Modules, count and for_each give each scale set its own address and place."""
    document = plan(
        change(LINUX, linux(), module='module.shop["a.b"].module.web', index="blue"),
        change(LINUX, linux(), index=0),
        {**change(LINUX, linux()), "mode": "data"},
    )
    found = reading(document).planned
    assert [item.address for item in found] == [
        f'module.shop["a.b"].module.web.{LINUX}.web["blue"]',
        f"{LINUX}.web[0]",
    ]
    assert found[0].place.module == ("shop", "web")


def reference(*names: str) -> dict[str, Any]:
    """Make an expression that refers to these."""
    return {"references": list(names)}


def beside(target: dict[str, Any]) -> dict[str, Any]:
    """Make the configuration of an extension that is a resource of its own."""
    return configured(EXTENSION, {"virtual_machine_scale_set_id": target}, name="health")


ID = "/subscriptions/s/resourceGroups/shop/providers/Microsoft.Compute/virtualMachineScaleSets/web"
LINK = {"id": True, "virtual_machine_scale_set_id": True}
BY_REFERENCE = reference(f"{LINUX}.web.id", f"{LINUX}.web")

SEPARATE: dict[str, tuple[dict[str, Any], list[bool | None]]] = {
    "by a reference": (
        plan(
            change(LINUX, linux()),
            change(EXTENSION, health(), name="health", unknown=LINK),
            configuration={"resources": [beside(BY_REFERENCE)]},
        ),
        [True],
    ),
    "by an id that exists": (
        plan(
            change(LINUX, linux(id=ID), before={"id": ID}, unknown={}, actions=("no-op",)),
            change(EXTENSION, health(virtual_machine_scale_set_id=ID.upper()), name="health", unknown={}),
        ),
        [True],
    ),
    "of another scale set": (
        plan(
            change(LINUX, linux(id=ID), before={"id": ID}, unknown={}, actions=("no-op",)),
            change(EXTENSION, health(virtual_machine_scale_set_id=f"{ID}2"), name="health", unknown={}),
        ),
        [False],
    ),
    "of the other resource": (
        plan(
            change(LINUX, linux()),
            change(LINUX, linux(), name="api"),
            change(EXTENSION, health(), name="health", unknown=LINK),
            configuration={"resources": [beside(reference(f"{LINUX}.api.id", f"{LINUX}.api"))]},
        ),
        [False, True],
    ),
    "of the instance of the same index": (
        plan(
            change(LINUX, linux(), index="a"),
            change(LINUX, linux(), index="b"),
            change(EXTENSION, health(), name="health", index="b", unknown=LINK),
            configuration={"resources": [beside(BY_REFERENCE)]},
        ),
        [False, True],
    ),
    "of the instance that the reference names": (
        plan(
            change(LINUX, linux(), index=0),
            change(LINUX, linux(), index=1),
            change(EXTENSION, health(), name="health", index=0, unknown=LINK),
            configuration={"resources": [beside(reference(f"{LINUX}.web[1].id", f"{LINUX}.web[1]", f"{LINUX}.web"))]},
        ),
        [False, True],
    ),
    "one of several instances": (
        plan(
            change(LINUX, linux(), index=0),
            change(LINUX, linux(), index=1),
            change(EXTENSION, health(), name="health", unknown=LINK),
            configuration={"resources": [beside(BY_REFERENCE)]},
        ),
        [None, None],
    ),
    "no word of which": (
        plan(change(LINUX, linux()), change(EXTENSION, health(), name="health", unknown=LINK)),
        [None],
    ),
    "a local value, which a plan does not follow": (
        plan(
            change(LINUX, linux()),
            change(EXTENSION, health(), name="health", unknown=LINK),
            configuration={"resources": [beside(reference("local.id"))]},
        ),
        [None],
    ),
    "through an output of a module": (
        plan(
            change(LINUX, linux(), module="module.web"),
            change(EXTENSION, health(), name="health", unknown=LINK),
            configuration={
                "resources": [beside(reference("module.web.vmss_id", "module.web"))],
                "module_calls": {"web": {"module": {"outputs": {"vmss_id": {"expression": BY_REFERENCE}}}}},
            },
        ),
        [True],
    ),
    "through a variable of a module": (
        plan(
            change(LINUX, linux()),
            change(EXTENSION, health(), name="health", module="module.ext", unknown=LINK),
            configuration={
                "module_calls": {
                    "ext": {
                        "expressions": {"vmss_id": BY_REFERENCE},
                        "module": {"resources": [beside(reference("var.vmss_id"))]},
                    }
                },
            },
        ),
        [True],
    ),
    "deleted": (
        plan(
            change(LINUX, linux(id=ID), before={"id": ID}, unknown={}, actions=("no-op",)),
            change(EXTENSION, None, name="health", actions=("delete",)),
        ),
        [False],
    ),
}


@pytest.mark.parametrize(("document", "expected"), SEPARATE.values(), ids=SEPARATE.keys())
def test_an_extension_that_is_a_resource_of_its_own_finds_its_scale_set(
    document: dict[str, Any], expected: list[bool | None]
) -> None:
    """By id or by reference; where it could belong to several, whether one has it is unknown."""
    found = [posture_of(item).application_health for item in reading(document).planned]
    assert found == expected


def test_an_existing_extension_is_not_counted_twice() -> None:
    """A scale set that exists lists the extension that a resource of its own declares."""
    document = plan(
        change(LINUX, linux(id=ID, extension=[health()]), before={"id": ID}, unknown={}, actions=("no-op",)),
        change(EXTENSION, health(virtual_machine_scale_set_id=ID), name="health", unknown={}, actions=("no-op",)),
    )
    assert len(posture_of(only(document)).extensions or ()) == 1


def test_a_set_that_terraform_marks_whole_gives_its_public_part() -> None:
    """The provider's protected settings mark every extension block: names that Microsoft publishes are read all the same."""
    fabric = health(
        {"durabilityLevel": "Silver"}, publisher="Microsoft.Azure.ServiceFabric", type="ServiceFabricLinuxNode"
    )
    document = plan(change(LINUX, linux(extension=[health(), fabric]), sensitive={"extension": True}))
    posture = posture_of(only(document))
    assert posture.application_health is True
    assert posture.application_health_protocol is HealthProtocol.HTTP
    assert posture.durability is Durability.SILVER


def test_a_plan_that_ended_in_an_error_is_not_the_whole_plan() -> None:
    """An error is a problem, a deferred change a note; what is there is read in both cases."""
    failed = reading(plan(change(LINUX, linux()), errored=True))
    assert failed.planned
    assert failed.problems
    later = reading(plan(change(LINUX, linux()), complete=False))
    assert later.planned
    assert not later.problems
    assert later.notes


def test_deferred_changes_are_read_too() -> None:
    """What Terraform defers to a later plan is judged as far as it is known."""
    document = plan(deferred_changes=[{"reason": "x", "resource_change": change(LINUX, linux())}])
    assert only(document).address == f"{LINUX}.web"


def deployment(content: Any, **rest: Any) -> dict[str, Any]:
    """Make a template deployment of azurerm."""
    after = {"name": "d", "template_content": content, "parameters_content": '{"mode": {"value": "Rolling"}}'}
    return change("azurerm_resource_group_template_deployment", after, name="shop", **rest)


INNER = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"mode": {"type": "string"}},
    "resources": [
        {
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "name": "web",
            "properties": {"upgradePolicy": {"mode": "[parameters('mode')]"}, "virtualMachineProfile": {}},
        }
    ],
}


def test_a_template_that_terraform_deploys_is_read() -> None:
    """With its parameters, at the address of the deployment; one that is not in the plan is named."""
    planned = only(plan(deployment(json.dumps(INNER))))
    assert planned.address == "azurerm_resource_group_template_deployment.shop/web"
    assert posture_of(planned).upgrade_mode is UpgradeMode.ROLLING
    assert reading(plan(deployment(json.dumps(INNER), actions=("delete",)))).planned == ()
    for document in (deployment(None, unknown={"template_content": True}), deployment("{"), deployment(None)):
        found = reading(plan(document))
        assert (found.planned, len(found.notes)) == ((), 1)


NO_PLANS = [
    pytest.param({"format_version": "1.0", "terraform_version": "1.9", "values": {}}, "state", id="a state shown"),
    pytest.param(
        {"version": 4, "terraform_version": "1.9", "lineage": "x", "resources": []}, "state", id="a state file"
    ),
    pytest.param({"@level": "info", "@message": "Plan: 1 to add"}, "log", id="the log of plan -json"),
    pytest.param({"format_version": "1.2"}, "resource_changes", id="a plan without changes"),
]


@pytest.mark.parametrize(("document", "word"), NO_PLANS)
def test_what_is_near_a_plan_says_what_to_do(document: dict[str, Any], word: str) -> None:
    """A state, or the log of a plan, is named, with the command that writes the plan."""
    with pytest.raises(UnreadablePlanError, match=word):
        read_plan(document)


@pytest.mark.parametrize(
    "document",
    [None, [], "text", 7, {}, {"id": ID, "properties": {}}, {"value": []}, {"data": [], "count": 0}, {"changes": 3}],
    ids=str,
)
def test_an_export_is_no_plan(document: Any) -> None:
    """Exports of scale sets go the way they always went."""
    assert read_plan(document) is None
