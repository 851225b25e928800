"""Scale sets as Azure writes them, in every shape, and the postures that come of them."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.facts.compared import compared_facts
from scanner.facts.posture import OrchestrationMode, Posture, UpgradeMode
from scanner.judging.judge import judge
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.rules import RULES
from tests.rules.decision_tables import base, changed, criteria, rows

ID = "/subscriptions/ABC/resourceGroups/Shop/providers/Microsoft.Compute/virtualMachineScaleSets/Web"
POLICY = "properties.upgradePolicy"
ROLLING = f"{POLICY}.rollingUpgradePolicy"
PROFILE = "properties.virtualMachineProfile"
EXTENSIONS = f"{PROFILE}.extensionProfile.extensions"


def as_the_cli_says(document: dict[str, Any]) -> dict[str, Any]:
    """Flatten a document of ARM's shape the way ``az vmss show`` does."""
    flat = copy.deepcopy(document)
    flat |= flat.pop("properties")
    policy = flat["upgradePolicy"]
    os_upgrade = policy.pop("automaticOSUpgradePolicy")
    os_upgrade["enableAutomaticOsUpgrade"] = os_upgrade.pop("enableAutomaticOSUpgrade")
    policy["automaticOsUpgradePolicy"] = os_upgrade
    for extension in flat["virtualMachineProfile"]["extensionProfile"]["extensions"]:
        properties = extension.pop("properties")
        extension |= {"typePropertiesType": properties.pop("type"), "type": None, **properties}
    return flat


def test_identity_is_read_from_the_id() -> None:
    """Name, subscription and group come from the id; the key is the id in lower case."""
    posture = parse_scale_set({"id": ID, "location": "West Europe", "properties": {"uniqueId": "u"}, "apiVersion": "v"})

    assert (posture.scale_set_id, posture.key) == (ID, ID.lower())
    assert (posture.name, posture.subscription_id, posture.resource_group) == ("Web", "abc", "Shop")
    assert (posture.location, posture.unique_id, posture.api_version) == ("westeurope", "u", "v")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="a list"),
        pytest.param("web", id="text"),
        pytest.param({}, id="no id"),
        pytest.param({"id": None}, id="a null id"),
        pytest.param({"id": 7}, id="a number as id"),
        pytest.param({"id": "web"}, id="a name as id"),
        pytest.param({"id": ID.replace("virtualMachineScaleSets", "virtualMachines")}, id="the id of a VM"),
        pytest.param({"id": ID + "/virtualMachines/0"}, id="the id of an instance"),
        pytest.param({"id": ID.replace("Shop", "")}, id="an empty group"),
    ],
)
def test_a_row_that_names_no_scale_set_is_refused(document: Any) -> None:
    """Without a usable id nothing can be remembered, so the row is an error of its own."""
    with pytest.raises(UnreadableRowError):
        parse_scale_set(document)


def test_the_shape_of_the_cli_reads_like_the_shape_of_arm() -> None:
    """The same scale set gives the same facts and outcomes in both shapes."""
    arm, cli = parse_scale_set(base()), parse_scale_set(as_the_cli_says(base()))

    assert compared_facts(cli) == compared_facts(arm)
    assert judge(cli, criteria()).outcomes == judge(arm, criteria()).outcomes


def test_a_document_without_any_known_property_was_not_read() -> None:
    """Id and tags alone tell nothing about upgrades."""
    posture = parse_scale_set({"id": ID, "name": "Web", "tags": {}})

    assert posture.automatic_os_upgrade is None
    assert posture.orchestration_mode is None
    assert set(compared_facts(posture).values()) == {None}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"upgradePolicy": {}}, OrchestrationMode.UNIFORM),
        ({"virtualMachineProfile": {}}, OrchestrationMode.FLEXIBLE),
        ({}, None),
        ({"upgradePolicy": None}, None),
        ({"provisioningState": "Succeeded", "uniqueId": "u", "timeCreated": "2026-01-01"}, None),
        ({"overprovision": False, "upgradePolicy": None}, OrchestrationMode.FLEXIBLE),
        ({"upgradePolicy": "[variables('policy')]"}, None),
        ({"upgradePolicy": "x"}, None),
        ({"orchestrationMode": "VirtualMachines"}, OrchestrationMode.FLEXIBLE),
        ({"orchestrationMode": "vm", "upgradePolicy": {}}, OrchestrationMode.FLEXIBLE),
        ({"orchestrationMode": "ScaleSetVM"}, OrchestrationMode.UNIFORM),
        ({"orchestrationMode": ""}, None),
        ({"orchestrationMode": 1}, None),
    ],
)
def test_the_orchestration_mode_of_old_and_new_answers(properties: Any, expected: OrchestrationMode | None) -> None:
    """An absent mode is Uniform with a policy or profile, else Flexible; old values keep their meaning."""
    assert parse_scale_set({"id": ID, "properties": properties}).orchestration_mode is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, 0),
        ("PT0S", 0),
        ("PT60S", 60),
        ("PT1M", 60),
        ("PT1M30.5S", 90.5),
        ("P1DT1H", 90_000),
        ("P1W", 604_800),
        ("-PT1M", -60),
        ("P", None),
        ("PT", None),
        ("P1DT", None),
        ("P1M", None),
        ("1 minute", None),
        (60, None),
        ("PT" + "9" * 5000 + "S", None),
    ],
)
def test_a_duration_is_read_as_seconds(value: object, expected: float | None) -> None:
    """ISO 8601 durations are compared as time; what is none is not read."""
    document = changed({f"{ROLLING}.pauseTimeBetweenBatches": value})

    assert parse_scale_set(document).pause_between_batches_seconds == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, 20),
        (20, 20),
        (20.0, 20),
        (20.5, 20.5),
        ("20", 20),
        ("20.5", None),
        ("-0", 0),
        ("9" * 30, 10**15),
        ("[parameters('batch')]", None),
        (-3, -3),
        (1e300, 10**15),
        (-1e15, -(10**15)),
        pytest.param(10**5000, 10**15, id="a number of 5,001 digits"),
        (True, None),
        ("020", None),
        (" 20", None),
        ("2e1", None),
        ("1_0", None),
        ("\u0662\u0660", None),
        ("", None),
        (float("inf"), None),
        (float("nan"), None),
        ([20], None),
    ],
)
def test_a_number_may_be_written_as_text_of_exactly_that_number(value: object, expected: float | None) -> None:
    """Numbers of any size are kept as they are; other texts and types are not read."""
    posture = parse_scale_set(changed({f"{ROLLING}.maxBatchInstancePercent": value}))

    assert posture.max_batch_instance_percent == expected
    judge(posture, criteria())


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("false", False), ("True", None), ("yes", None), (1, None), (None, False)]
)
def test_a_flag_may_be_written_as_text_of_exactly_that_flag(value: object, expected: object) -> None:
    """Old answers hold "true" and "false"; nothing else is a flag."""
    document = changed({f"{POLICY}.automaticOSUpgradePolicy.enableAutomaticOSUpgrade": value})

    assert parse_scale_set(document).automatic_os_upgrade is expected


def test_legacy_names_count_where_the_new_ones_are_absent() -> None:
    """The policy of 2017 is read with today's meaning."""
    legacy = {
        "mode": "rolling",
        "automaticOSUpgrade": "true",
        "autoOSUpgradePolicy": {"disableAutoRollback": True},
        "rollingUpgradePolicy": {"batchInstancePercent": "35"},
    }
    posture = parse_scale_set(changed({POLICY: legacy}))

    assert posture.upgrade_mode is UpgradeMode.ROLLING
    assert posture.automatic_os_upgrade is True
    assert posture.automatic_rollback_disabled is True
    assert posture.max_batch_instance_percent == 35


OWNERS: dict[str, tuple[dict[str, Any], str | None, str | None]] = {
    "an AKS tag, whatever its value": ({"tags": {"AKS-managed-x": None}}, None, "Azure Kubernetes Service"),
    "an extension of AKS": (
        {EXTENSIONS: [{"name": "a", "properties": {"publisher": "Microsoft.AKS", "type": "x"}}]},
        None,
        "Azure Kubernetes Service",
    ),
    "a Service Fabric managed cluster": (
        {
            EXTENSIONS: [
                {"properties": {"publisher": "microsoft.azure.servicefabric.mc", "type": "ServiceFabricMCNode"}}
            ]
        },
        None,
        "Service Fabric managed cluster",
    ),
    "an agent pool": ({"tags.__AzureDevOpsElasticPool": "pool"}, None, "Azure DevOps agent pool"),
    "managedBy": ({"managedBy": "/Some/One"}, None, "/some/one"),
    "managedBy of the group": (
        {},
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/k",
        "Azure Kubernetes Service",
    ),
    "a blank managedBy": ({"managedBy": ""}, None, None),
    "a group's name alone": ({"id": ID.replace("Shop", "MC_shop_k_westeurope")}, None, None),
    "classic Service Fabric": (
        {EXTENSIONS: [{"properties": {"publisher": "Microsoft.Azure.ServiceFabric", "type": "ServiceFabricNode"}}]},
        None,
        None,
    ),
}


@pytest.mark.parametrize(("changes", "group", "owner"), OWNERS.values(), ids=OWNERS.keys())
def test_signs_of_a_service_that_owns_the_rollout(
    changes: dict[str, Any], group: str | None, owner: str | None
) -> None:
    """A sign of an owner names it; the scale set's own name or group does not."""
    posture = parse_scale_set(changed(changes), resource_group_managed_by=group)

    assert posture.managed_by == owner
    assert (posture.managed_by_evidence is not None) is (owner is not None)


def test_tags_are_found_without_case_and_blank_ones_are_none() -> None:
    """Azure's spelling is kept, lookup ignores it, and blank or null tags are no tags."""
    posture = parse_scale_set({"id": ID, "tags": {"Owner": "Me", "ring": " ", "team": None, "n": 5}})

    assert dict(posture.tags) == {"Owner": "Me"}
    assert posture.tags["oWNER"] == "Me"
    assert posture.has_tag("ring") is False
    assert posture.has_tag("N") is None


STABLE: dict[str, dict[str, Any]] = {
    "enums and ids in another case": {
        "properties.orchestrationMode": "UNIFORM",
        f"{POLICY}.mode": "rolling",
        f"{PROFILE}.storageProfile.imageReference.publisher": "CANONICAL",
        f"{PROFILE}.storageProfile.osDisk.osType": "linux",
        "id": base()["id"].upper().replace("MICROSOFT.COMPUTE", "microsoft.compute"),
    },
    "a duration written another way": {f"{ROLLING}.pauseTimeBetweenBatches": "PT60S"},
    "defaults that Azure added": {
        f"{POLICY}.automaticOSUpgradePolicy.disableAutomaticRollback": False,
        f"{POLICY}.automaticOSUpgradePolicy.osRollingUpgradeDeferral": False,
        f"{ROLLING}.maxSurge": False,
        f"{PROFILE}.osProfile.linuxConfiguration.patchSettings": {"patchMode": "ImageDefault"},
        f"{PROFILE}.securityProfile": {"securityType": "Standard"},
        "properties.externalHealthPolicy": {"enabled": False},
        "properties.lifecycleHooksProfile": {"lifecycleHooks": []},
        f"{PROFILE}.networkProfile.healthProbe": None,
    },
    "numbers and flags written as text": {
        f"{ROLLING}.maxBatchInstancePercent": "20",
        f"{POLICY}.automaticOSUpgradePolicy.enableAutomaticOSUpgrade": "true",
    },
    "autoscale moved the capacity": {"sku.capacity": 3},
    "properties that nobody knows": {"properties.newThing": {"a": 1}, "tags.team": "x", "etag": "1"},
}


@pytest.mark.parametrize("changes", STABLE.values(), ids=STABLE.keys())
def test_facts_stay_when_only_the_writing_changes(changes: dict[str, Any]) -> None:
    """What Azure rewrites by itself is no drift."""
    assert compared_facts(parse_scale_set(changed(changes))) == compared_facts(parse_scale_set(base()))


def test_facts_ignore_the_order_of_lists_and_the_default_of_extensions() -> None:
    """Extensions and hooks are compared as sets; an upgrade flag that is on is the same as an absent one."""
    one = {"name": "a", "properties": {"publisher": "P", "type": "A", "enableAutomaticUpgrade": True}}
    other = {"name": "b", "properties": {"publisher": "P", "type": "B"}}
    first = compared_facts(parse_scale_set(changed({EXTENSIONS: [one, other]})))
    absent = {"name": "a", "properties": {"publisher": "p", "type": "a"}}

    assert compared_facts(parse_scale_set(changed({EXTENSIONS: [other, absent]}))) == first


def test_facts_have_one_order_and_plain_json() -> None:
    """Facts can be stored and compared: the same keys in the same order, whatever was read."""
    empty = compared_facts(parse_scale_set({"id": ID}))

    assert list(empty) == list(compared_facts(parse_scale_set(base())))
    assert "capacity" not in empty
    json.dumps(compared_facts(parse_scale_set(base())))


def test_secrets_reach_neither_facts_nor_evidence() -> None:
    """Settings of extensions, and the query of a VHD's address, stay out of everything that is published."""
    secret = "S3CRET"
    health = base()["properties"]["virtualMachineProfile"]["extensionProfile"]["extensions"][0]
    health["properties"]["settings"]["token"] = secret
    script = {
        "name": "s",
        "properties": {
            "publisher": "Microsoft.Azure.Extensions",
            "type": "CustomScript",
            "settings": {"protocol": secret, "durabilityLevel": secret, "commandToExecute": secret},
            "protectedSettings": {"key": secret},
        },
    }
    changes = {
        EXTENSIONS: [health, script],
        f"{PROFILE}.storageProfile.osDisk.image.uri": f"https://a.blob.core.windows.net/v/x.vhd?sig={secret}",
        f"{PROFILE}.osProfile.adminPassword": secret,
    }
    posture = parse_scale_set(changed(changes, f"{PROFILE}.storageProfile.imageReference"))
    judgement = judge(posture, criteria())

    assert posture.image is not None
    assert secret not in repr(posture)
    assert secret not in repr(judgement.verdicts)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["true", "20", "PT1M", "latest"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(found for key, inner in items for found in _paths(inner, (*path, key)))]


DOCUMENTS = [row.document for row in rows()]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_document_raises_and_what_cannot_be_read_never_fails_more(data: st.DataObject) -> None:
    """Any part of a scale set may be any JSON: parsing and judging go on and answer for every rule."""
    document = copy.deepcopy(data.draw(st.sampled_from(DOCUMENTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in _paths(document) if path and path != ("id",)]))
        block: Any = document
        for key in path[:-1]:
            block = block[key]
        block[path[-1]] = data.draw(JSON)

    posture = parse_scale_set(document)

    assert [verdict.rule_id for verdict in judge(posture, criteria()).verdicts] == [rule.id for rule in RULES]
    json.dumps(compared_facts(posture), allow_nan=False)


@given(value=JSON)
def test_any_json_beside_a_usable_id_is_a_posture(value: Any) -> None:
    """A scale set whose properties, tags, sku and managedBy are anything is still that scale set."""
    for name in ("properties", "tags", "sku", "managedBy", "location"):
        assert judge(parse_scale_set({"id": ID, name: value}), criteria()).posture.key == ID.lower()


def test_a_posture_is_made_without_a_document_too() -> None:
    """A posture of nothing but its identity knows nothing."""
    posture = Posture(scale_set_id=ID, name="Web", subscription_id="abc", resource_group="Shop")

    assert not posture.reported
    assert set(compared_facts(posture).values()) == {None}
