"""A value that is hidden never makes a rule fail, and no document makes the reading of plans raise."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.adapters.criteria_files import read_criteria
from scanner.cli.plan_input import posture_of
from scanner.formats.planned_verdicts import explained
from scanner.judging.judge import judge
from scanner.plans.planned import UnreadablePlanError
from scanner.plans.recognise import read_plan
from scanner.rules.verdict import Outcome
from tests.plans.terraform_plans import LEGACY, LINUX, ORCHESTRATED, UBUNTU, WINDOWS, change, health, linux, plan

CRITERIA = read_criteria(Path("policy.toml"), None, datetime(2026, 11, 1, tzinfo=UTC))
ROLLING = {
    "max_batch_instance_percent": 20,
    "max_unhealthy_instance_percent": 20,
    "max_unhealthy_upgraded_instance_percent": 20,
    "pause_time_between_batches": "PT5M",
    "maximum_surge_instances_enabled": False,
}
GOOD = linux(
    upgrade_mode="Rolling",
    overprovision=False,
    instances=10,
    automatic_os_upgrade_policy=[{"automatic_os_upgrade_enabled": True, "disable_automatic_rollback": False}],
    rolling_upgrade_policy=[ROLLING],
    automatic_instance_repair=[{"enabled": True, "grace_period": "PT30M"}],
    tags={"owner": "web", "environment": "prod"},
)
PROBE = {"health_probe_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/l/probes/p"}
FLEX = {
    "name": "web",
    "sku_name": "Standard_D2s_v5",
    "instances": 10,
    "upgrade_mode": "Rolling",
    "rolling_upgrade_policy": [ROLLING],
    "os_profile": [{"linux_configuration": [{"patch_mode": "AutomaticByPlatform", "provision_vm_agent": True}]}],
    "source_image_reference": [UBUNTU],
    "extension": [health(automatic_upgrade_enabled=True)],
    "automatic_instance_repair": [{"enabled": True}],
    "tags": {"owner": "web"},
}
OLD = {
    "name": "web",
    "upgrade_policy_mode": "Rolling",
    "automatic_os_upgrade": True,
    "overprovision": False,
    "rolling_upgrade_policy": [ROLLING],
    "sku": [{"name": "Standard_D2s_v5", "capacity": 10}],
    "storage_profile_image_reference": [UBUNTU],
    "storage_profile_os_disk": [{"os_type": "Linux"}],
    "os_profile_linux_config": [{"disable_password_authentication": True}],
    "tags": {"owner": "web"},
    **PROBE,
}
RESOURCES = [
    pytest.param(LINUX, {**GOOD, **PROBE}, id="Linux with a probe"),
    pytest.param(LINUX, {**GOOD, "extension": [health(automatic_upgrade_enabled=True)]}, id="Linux with an extension"),
    pytest.param(WINDOWS, {**GOOD, **PROBE, "enable_automatic_updates": False}, id="Windows"),
    pytest.param(ORCHESTRATED, FLEX, id="orchestrated"),
    pytest.param(LEGACY, OLD, id="legacy"),
    pytest.param(LINUX, linux(), id="Linux with findings"),
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every attribute and block."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from paths(item, (*path, name))


def mark(value: Any, path: tuple[Any, ...]) -> Any:
    """Make the marks of a change that hide one path."""
    if not path:
        return True
    if isinstance(value, list):
        return [mark(item, path[1:]) if index == path[0] else {} for index, item in enumerate(value)]
    return {path[0]: mark(value[path[0]], path[1:])}


def failed(document: Any) -> set[str]:
    """Judge the only scale set of a plan; answer the rules that fail."""
    reading = read_plan(document)
    assert reading is not None
    (planned,) = reading.planned
    judgement = explained(judge(posture_of(planned), CRITERIA), planned)
    return {verdict.rule_id for verdict in judgement.verdicts if verdict.outcome is Outcome.FAILED}


@pytest.mark.parametrize(("kind", "after"), RESOURCES)
@pytest.mark.parametrize("marks", ["unknown", "sensitive"])
def test_hiding_an_attribute_fails_no_rule(kind: str, after: dict[str, Any], marks: str) -> None:
    """Whichever attribute or block is hidden, no rule fails that did not fail with the value."""
    before = failed(plan(change(kind, after)))
    for path in paths(after):
        # A probe whose id is known after apply is a probe: beside an extension there are two health signals then.
        if path == ("health_probe_id",) and marks == "unknown" and after.get("health_probe_id") is None:
            continue
        document = plan(change(kind, after, **{marks: mark(after, path)}))
        assert failed(document) <= before, path


TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [
        {
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "apiVersion": "2024-07-01",
            "name": "web",
            "location": "westeurope",
            "tags": {"owner": "web"},
            "sku": {"name": "Standard_D2s_v5", "capacity": 10},
            "properties": {
                "orchestrationMode": "Uniform",
                "overprovision": False,
                "upgradePolicy": {
                    "mode": "Rolling",
                    "automaticOSUpgradePolicy": {
                        "enableAutomaticOSUpgrade": True,
                        "disableAutomaticRollback": False,
                        "useRollingUpgradePolicy": True,
                    },
                    "rollingUpgradePolicy": {
                        "maxBatchInstancePercent": 20,
                        "maxUnhealthyInstancePercent": 20,
                        "maxUnhealthyUpgradedInstancePercent": 20,
                        "pauseTimeBetweenBatches": "PT5M",
                    },
                },
                "automaticRepairsPolicy": {"enabled": True},
                "virtualMachineProfile": {
                    "storageProfile": {"imageReference": UBUNTU, "osDisk": {"osType": "Linux"}},
                    "osProfile": {"linuxConfiguration": {"provisionVMAgent": True}},
                    "extensionProfile": {
                        "extensions": [
                            {
                                "name": "health",
                                "properties": {
                                    "publisher": "Microsoft.ManagedServices",
                                    "type": "ApplicationHealthLinux",
                                    "typeHandlerVersion": "1.0",
                                    "enableAutomaticUpgrade": True,
                                    "settings": {"protocol": "http", "port": 80, "requestPath": "/health"},
                                },
                            }
                        ]
                    },
                },
            },
        }
    ],
}


def test_an_expression_in_a_template_fails_no_rule() -> None:
    """Whichever value of the scale set is an expression that cannot be evaluated, no rule fails that did not before."""
    before = failed(TEMPLATE)
    resource = TEMPLATE["resources"][0]
    assert isinstance(resource, dict)
    for path in paths(resource):
        if path[0] in {"type", "name", "apiVersion"}:
            continue
        document = json.loads(json.dumps(TEMPLATE))
        block = document["resources"][0]
        for name in path[:-1]:
            block = block[name]
        block[path[-1]] = "[reference('x').y]"
        assert failed(document) <= before, path


WORDS = st.sampled_from([
    "$schema", "resources", "parameters", "variables", "properties", "type", "name", "copy", "condition", "template",
    "value", "defaultValue", "changes", "changeType", "after", "resourceId", "predictedResources", "resource_changes",
    "format_version", "change", "actions", "after_unknown", "after_sensitive", "extension", "body", "upgradePolicy",
    "virtualMachineProfile", "storageProfile", "imageReference", "extensionProfile", "extensions", "tags", "id",
    "count", "input", "existing", "configuration", "root_module", "expressions", "references", "module_calls",
])  # fmt: skip
TEXTS = st.sampled_from([
    "", "x", "[parameters('a')]", "[variables('a')]", "[concat('a', 1)]", "[if(true(), 1, 2)]", "[", "[[x]", "[x(]",
    "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.Compute/virtualMachineScaleSets/extensions",
    "Microsoft.Resources/deployments", LINUX, ORCHESTRATED, "azapi_resource", "azapi_update_resource", "create",
    "deploymentTemplate.json", "web/health", "/subscriptions/s/resourceGroups/g", "module.a.b", "Create", "\ud800", "{",
])  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-5, 900), st.floats(allow_nan=True), TEXTS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=6)),
    max_leaves=40,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    tree=st.dictionaries(WORDS, TREES, max_size=6),
    head=st.sampled_from([
        {},
        {"$schema": "deploymentTemplate.json", "contentVersion": "1.0.0.0"},
        {"format_version": "1.2", "resource_changes": []},
        {"predictedResources": []},
    ]),
    scale_sets=st.lists(TREES, max_size=3),
)  # fmt: skip
def test_no_document_makes_the_reading_raise(tree: dict[str, Any], head: dict[str, Any], scale_sets: list[Any]) -> None:
    """Whatever a document holds, it is read, refused with advice, or no plan; what is read is judged."""
    document = {**head, **tree}
    for name in ("resources", "resource_changes", "predictedResources"):
        if name in document and isinstance(document[name], list):
            document[name] = [*document[name], *scale_sets]
    try:
        reading = read_plan(document)
    except UnreadablePlanError:
        return
    for planned in reading.planned if reading is not None else ():
        explained(judge(posture_of(planned), CRITERIA), planned)
