"""Remediations by example: what used to be printed and did not put anything right, one case for each kind of it."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest

from scanner.cli.remediation_examples import examples_of
from scanner.judging.remediation import remediation_for
from scanner.rules import RULES, Rule, rule_by_id
from scanner.rules.remediation import Remediation, render_posix, render_powershell
from scanner.rules.verdict import Outcome
from tests.rules.decision_tables import changed
from tests.rules.test_remediations import failing, judged, prove

PROFILE = "properties.virtualMachineProfile"
UPGRADE = "properties.upgradePolicy"
ROLLING = f"{UPGRADE}.rollingUpgradePolicy"
OS_UPGRADE = f"{UPGRADE}.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
IMAGE = f"{PROFILE}.storageProfile.imageReference"
DEFINITION = "/subscriptions/S/resourceGroups/Images/providers/Microsoft.Compute/galleries/Shop/images/Web"
LINUX_MODE = f"{PROFILE}.osProfile.linuxConfiguration.patchSettings.patchMode"
NO_HEALTH: dict[str, Any] = {f"{PROFILE}.extensionProfile": {}}
WINDOWS: dict[str, Any] = {
    f"{PROFILE}.osProfile": {"windowsConfiguration": {}},
    f"{PROFILE}.storageProfile.osDisk.osType": "Windows",
    IMAGE: {
        "publisher": "MicrosoftWindowsServer",
        "offer": "WindowsServer",
        "sku": "2022-datacenter-azure-edition",
        "version": "latest",
    },
}
WINDOWS_UPDATES = f"{PROFILE}.osProfile.windowsConfiguration.enableAutomaticUpdates"
WINDOWS_MODE = f"{PROFILE}.osProfile.windowsConfiguration.patchSettings.patchMode"
FLEXIBLE: dict[str, Any] = {"properties.orchestrationMode": "Flexible", OS_UPGRADE: False}
HOOKS = [{"type": "a", "defaultAction": "Approve"}, {"type": "b", "defaultAction": "Reject"}]


@dataclass(frozen=True, kw_only=True)
class Case:
    case: str
    rule: str
    set: dict[str, Any]
    policy: str = ""
    sets: dict[str, str] = field(default_factory=dict)
    """What ``--set`` gives, by path; nothing else is set."""
    removes: tuple[str, ...] = ()
    capacity: int | None = None
    needs: tuple[str, ...] = ()
    note: str = ""
    bicep: str = ""


CASES = [
    Case(
        case="half of two instances is one: 25 takes what one instance is, and not 34",
        rule="VMSS-025",
        set={"sku.capacity": 2},
        sets={"upgradePolicy.rollingUpgradePolicy.maxUnhealthyInstancePercent": "50"},
        needs=(),
    ),
    Case(
        case="a hundredth of a hundred would do: Azure takes no less than 5",
        rule="VMSS-025",
        set={"sku.capacity": 100, f"{ROLLING}.maxUnhealthyInstancePercent": 0},
        sets={"upgradePolicy.rollingUpgradePolicy.maxUnhealthyInstancePercent": "5"},
    ),
    Case(
        case="a gallery version becomes its definition, in Azure's spelling",
        rule="VMSS-002",
        set={IMAGE: {"id": f"{DEFINITION}/versions/1.0.0"}},
        sets={"virtualMachineProfile.storageProfile.imageReference.id": DEFINITION},
    ),
    Case(
        case="a gallery version becomes its definition, however it ends",
        rule="VMSS-030",
        set={IMAGE: {"id": f"{DEFINITION}/Versions/1.0.0/"}},
        sets={"virtualMachineProfile.storageProfile.imageReference.id": DEFINITION},
    ),
    Case(
        case="a version of a community gallery becomes its definition, under its own key",
        rule="VMSS-030",
        set={IMAGE: {"communityGalleryImageId": "/CommunityGalleries/u/Images/web/Versions/1.0.0"}},
        sets={
            "virtualMachineProfile.storageProfile.imageReference.communityGalleryImageId": (
                "/CommunityGalleries/u/Images/web"
            )
        },
    ),
    Case(
        case="a platform version becomes latest",
        rule="VMSS-030",
        set={f"{IMAGE}.version": "24.04.202601010"},
        sets={"virtualMachineProfile.storageProfile.imageReference.version": "latest"},
    ),
    Case(
        case="a service artifact is taken away",
        rule="VMSS-030",
        set={f"{PROFILE}.serviceArtifactReference.id": f"{DEFINITION}/serviceArtifacts/a/vmArtifactsProfiles/p"},
        removes=("virtualMachineProfile.serviceArtifactReference",),
    ),
    Case(
        case="a managed image has no version that could be set",
        rule="VMSS-002",
        set={IMAGE: {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/web"}},
        note="create a new scale set",
    ),
    Case(
        case="nor has a VHD",
        rule="VMSS-002",
        set={f"{PROFILE}.storageProfile.osDisk.image.uri": "https://a.blob.core.windows.net/v/web.vhd"},
        note="create a new scale set",
    ),
    Case(
        case="nor does a managed image become one of a gallery in place",
        rule="VMSS-031",
        set={IMAGE: {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/web"}},
        note="create a new scale set",
    ),
    Case(
        case="a source that is not approved: which one to take is a decision",
        rule="VMSS-032",
        set={},
        policy='approved_images.galleries = ["shop"]',
        note="approved_images in policy.toml",
    ),
    Case(
        case="Flexible with maxSurge: that is what is in the way",
        rule="VMSS-002",
        set={"properties.orchestrationMode": "Flexible", f"{ROLLING}.maxSurge": True},
        sets={"upgradePolicy.rollingUpgradePolicy.maxSurge": "false"},
    ),
    Case(
        case="off on a workload without state",
        rule="VMSS-001",
        set={OS_UPGRADE: False},
        sets={"upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade": "true"},
    ),
    Case(
        case="off, and what stands in the way is named",
        rule="VMSS-001",
        set={OS_UPGRADE: False, f"{UPGRADE}.mode": "Manual", LINUX_MODE: "AutomaticByPlatform", **NO_HEALTH},
        sets={"upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade": "true"},
        needs=("VMSS-003", "VMSS-006"),
        note="afterwards, bring the instances to the latest model",
    ),
    Case(
        case="off on a stateful workload stays off",
        rule="VMSS-001",
        set={OS_UPGRADE: False, "tags.workload": "Stateful"},
        note="VMSS-013",
    ),
    Case(
        case="health where the operating system was not read: one type for each, and each a value of its own",
        rule="VMSS-003",
        set={**NO_HEALTH, f"{PROFILE}.storageProfile.osDisk.osType": None, f"{PROFILE}.osProfile": {}},
        note="ApplicationHealthLinux",
        bicep="type 'ApplicationHealthLinux' (on Windows: 'ApplicationHealthWindows')",
    ),
    Case(
        case="health on Linux",
        rule="VMSS-003",
        set=NO_HEALTH,
        note="ApplicationHealthLinux",
        bicep="type 'ApplicationHealthLinux'",
    ),
    Case(
        case="health on Windows",
        rule="VMSS-003",
        set={**WINDOWS, **NO_HEALTH},
        note="ApplicationHealthWindows",
        bicep="type 'ApplicationHealthWindows'",
    ),
    Case(
        case="health of patched Windows guests",
        rule="VMSS-015",
        set={**WINDOWS, **FLEXIBLE, WINDOWS_MODE: "AutomaticByPlatform", **NO_HEALTH},
        note="ApplicationHealthWindows",
        bicep="type 'ApplicationHealthWindows'",
    ),
    Case(
        case="a port that is opened on Linux",
        rule="VMSS-040",
        set={
            f"{PROFILE}.extensionProfile.extensions": [
                {
                    "name": "health",
                    "properties": {
                        "publisher": "Microsoft.ManagedServices",
                        "type": "ApplicationHealthLinux",
                        "typeHandlerVersion": "1.0",
                        "settings": {"protocol": "tcp", "port": 80},
                    },
                }
            ]
        },
        note="ApplicationHealthLinux",
    ),
    Case(
        case="updates of Windows are turned off",
        rule="VMSS-005",
        set={**WINDOWS, WINDOWS_UPDATES: True},
        sets={"virtualMachineProfile.osProfile.windowsConfiguration.enableAutomaticUpdates": "false"},
        note="provisioned again",
    ),
    Case(
        case="updates of Windows are turned off, and the mode that Azure refuses beside it",
        rule="VMSS-005",
        set={**WINDOWS, WINDOWS_UPDATES: True, WINDOWS_MODE: "AutomaticByOS"},
        sets={
            "virtualMachineProfile.osProfile.windowsConfiguration.enableAutomaticUpdates": "false",
            "virtualMachineProfile.osProfile.windowsConfiguration.patchSettings.patchMode": "Manual",
        },
    ),
    Case(
        case="guest patching of Linux is Linux's property",
        rule="VMSS-006",
        set={LINUX_MODE: "AutomaticByPlatform"},
        sets={"virtualMachineProfile.osProfile.linuxConfiguration.patchSettings.patchMode": "ImageDefault"},
    ),
    Case(
        case="guest patching of Windows is Windows' property, and Manual is taken without updates only",
        rule="VMSS-006",
        set={**WINDOWS, WINDOWS_MODE: "AutomaticByPlatform"},
        sets={
            "virtualMachineProfile.osProfile.windowsConfiguration.patchSettings.patchMode": "Manual",
            "virtualMachineProfile.osProfile.windowsConfiguration.enableAutomaticUpdates": "false",
        },
    ),
    Case(
        case="unpatched Windows: the platform's mode, and nothing that waits for a new operating system",
        rule="VMSS-014",
        set={**WINDOWS, **FLEXIBLE, WINDOWS_UPDATES: False},
        sets={"virtualMachineProfile.osProfile.windowsConfiguration.patchSettings.patchMode": "AutomaticByPlatform"},
        needs=("VMSS-015",),
    ),
    Case(
        case="the platform patches, but there is no agent and no extension may run",
        rule="VMSS-014",
        set={
            **FLEXIBLE,
            LINUX_MODE: "AutomaticByPlatform",
            f"{PROFILE}.osProfile.linuxConfiguration.provisionVMAgent": False,
            f"{PROFILE}.osProfile.allowExtensionOperations": False,
        },
        sets={
            "virtualMachineProfile.osProfile.linuxConfiguration.provisionVMAgent": "true",
            "virtualMachineProfile.osProfile.allowExtensionOperations": "true",
        },
    ),
    Case(
        case="guests of an image of one's own are not patched",
        rule="VMSS-014",
        set={**FLEXIBLE, LINUX_MODE: "AutomaticByPlatform", IMAGE: {"id": DEFINITION}},
        note="an image of your own",
    ),
    Case(
        case="a probe beside an extension that reports",
        rule="VMSS-007",
        set={f"{PROFILE}.networkProfile.healthProbe": {"id": "/p"}},
        removes=("virtualMachineProfile.networkProfile.healthProbe",),
        note="keeps the Application Health extension",
    ),
    Case(
        case="a probe beside an extension that cannot report",
        rule="VMSS-007",
        set={
            f"{PROFILE}.networkProfile.healthProbe": {"id": "/p"},
            f"{PROFILE}.extensionProfile.extensions": [
                {"name": "a", "properties": {"publisher": "Contoso", "type": "Agent"}},
                {
                    "name": "health",
                    "properties": {
                        "publisher": "Microsoft.ManagedServices",
                        "type": "ApplicationHealthLinux",
                        "typeHandlerVersion": "1.0",
                        "settings": {"protocol": "tcp", "port": 80, "requestPath": "/health"},
                    },
                },
            ],
        },
        removes=("virtualMachineProfile.extensionProfile.extensions 1",),
        note="keeps the load balancer probe. The Application Health extension is not a source: it uses tcp",
    ),
    Case(
        case="an extension that cannot report is changed, and why is said",
        rule="VMSS-003",
        set={
            f"{PROFILE}.extensionProfile.extensions": [
                {
                    "name": "health",
                    "properties": {
                        "publisher": "Microsoft.ManagedServices",
                        "type": "ApplicationHealthLinux",
                        "typeHandlerVersion": "1.0",
                        "settings": {"protocol": "tcp", "port": 80, "requestPath": "/health"},
                    },
                },
            ],
        },
        note="it uses tcp with a requestPath, which is not allowed. Change the extension",
    ),
    Case(
        case="Service Fabric: everything that is unmet",
        rule="VMSS-017",
        set={
            f"{PROFILE}.extensionProfile.extensions": [
                {
                    "name": "fabric",
                    "properties": {
                        "publisher": "Microsoft.Azure.ServiceFabric",
                        "type": "ServiceFabricLinuxNode",
                        "typeHandlerVersion": "1.0",
                        "settings": {"durabilityLevel": "Silver"},
                    },
                }
            ],
            f"{PROFILE}.networkProfile.healthProbe": {"id": "/p"},
            "sku.capacity": 3,
        },
        sets={
            "virtualMachineProfile.extensionProfile.extensions[0].typeHandlerVersion": '"1.1"',
            "upgradePolicy.mode": "Automatic",
        },
        removes=("virtualMachineProfile.networkProfile.healthProbe",),
        capacity=5,
    ),
    Case(
        case="a credential that has ended: a new one is not known here, and of the old one nothing is told",
        rule="VMSS-052",
        set={
            f"{PROFILE}.extensionProfile.extensions": [
                {
                    "name": "setup",
                    "properties": {
                        "publisher": "Microsoft.Azure.Extensions",
                        "type": "CustomScript",
                        "settings": {"fileUris": ["https://a.blob.core.windows.net/c/s.sh?se=2025-06-30&sig=00"]},
                    },
                }
            ]
        },
        note="managed identity",
    ),
    Case(
        case="a pinned version by its path in a location becomes publisher, offer, SKU and latest",
        rule="VMSS-030",
        set={
            IMAGE: {
                "id": (
                    "/Subscriptions/s/Providers/Microsoft.Compute/Locations/westeurope/Publishers/Canonical/ArtifactTypes/"
                    "VMImage/Offers/ubuntu-24_04-lts/Skus/server-arm64/Versions/24.04.202601010"
                )
            }
        },
        removes=("virtualMachineProfile.storageProfile.imageReference.id",),
        sets={
            "virtualMachineProfile.storageProfile.imageReference.publisher": "Canonical",
            "virtualMachineProfile.storageProfile.imageReference.offer": "ubuntu-24_04-lts",
            "virtualMachineProfile.storageProfile.imageReference.sku": "server-arm64",
            "virtualMachineProfile.storageProfile.imageReference.version": "latest",
        },
    ),
    Case(
        case="a deferral",
        rule="VMSS-008",
        set={f"{UPGRADE}.automaticOSUpgradePolicy.osRollingUpgradeDeferral": True},
        sets={"upgradePolicy.automaticOSUpgradePolicy.osRollingUpgradeDeferral": "false"},
    ),
    Case(
        case="a hook that rejects, and only that one",
        rule="VMSS-008",
        set={"properties.lifecycleHooksProfile.lifecycleHooks": HOOKS},
        sets={"lifecycleHooksProfile.lifecycleHooks[1].defaultAction": "Approve"},
    ),
    Case(
        case="a batch as large as the policy allows",
        rule="VMSS-020",
        set={f"{ROLLING}.maxBatchInstancePercent": 50},
        policy="rolling.max_batch_percent = 10",
        sets={"upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent": "10"},
    ),
    Case(
        case="a pause as long as the policy asks for, never shorter than it was",
        rule="VMSS-022",
        set={f"{ROLLING}.pauseTimeBetweenBatches": "PT150S"},
        policy="rolling.min_pause_seconds = 300",
        sets={"upgradePolicy.rollingUpgradePolicy.pauseTimeBetweenBatches": "PT5M"},
    ),
    Case(
        case="a pause that is no whole minute",
        rule="VMSS-022",
        set={f"{ROLLING}.pauseTimeBetweenBatches": "PT0S"},
        policy="rolling.min_pause_seconds = 45",
        sets={"upgradePolicy.rollingUpgradePolicy.pauseTimeBetweenBatches": "PT45S"},
    ),
    Case(
        case="both thresholds of the policy",
        rule="VMSS-023",
        set={f"{ROLLING}.maxUnhealthyInstancePercent": 50},
        policy="rolling.max_unhealthy_percent = 10",
        sets={
            "upgradePolicy.rollingUpgradePolicy.maxUnhealthyInstancePercent": "10",
            "upgradePolicy.rollingUpgradePolicy.maxUnhealthyUpgradedInstancePercent": "10",
        },
    ),
    Case(
        case="only the threshold that is over the policy's",
        rule="VMSS-023",
        set={f"{ROLLING}.maxUnhealthyUpgradedInstancePercent": 50},
        sets={"upgradePolicy.rollingUpgradePolicy.maxUnhealthyUpgradedInstancePercent": "20"},
    ),
    Case(
        case="a threshold that allows one instance where the policy's would block every upgrade",
        rule="VMSS-023",
        set={f"{ROLLING}.maxUnhealthyInstancePercent": 60, "sku.capacity": 4},
        sets={"upgradePolicy.rollingUpgradePolicy.maxUnhealthyInstancePercent": "25"},
    ),
    Case(
        case="the largest batch within the share",
        rule="VMSS-021",
        set={f"{ROLLING}.maxBatchInstancePercent": 100, "sku.capacity": 7},
        sets={"upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent": "42"},
    ),
    Case(
        case="more instances where one is already too much",
        rule="VMSS-021",
        set={"sku.capacity": 2, f"{ROLLING}.maxUnhealthyInstancePercent": 34},
        capacity=3,
    ),
    Case(
        case="more instances, and a smaller batch of them",
        rule="VMSS-021",
        set={"sku.capacity": 1, f"{ROLLING}.maxBatchInstancePercent": 100},
        policy="rolling.max_capacity_share_percent = 25",
        sets={"upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent": "49"},
        capacity=4,
    ),
    Case(
        case="a share that no batch of Azure's is within",
        rule="VMSS-021",
        set={"sku.capacity": 1000},
        policy="rolling.max_capacity_share_percent = 1",
        note="max_capacity_share_percent in policy.toml",
    ),
    Case(
        case="one extension by its place in the model, as its settings are not to be lost",
        rule="VMSS-050",
        set={
            f"{PROFILE}.extensionProfile.extensions": [
                {"name": "a", "properties": {"publisher": "Contoso", "type": "Agent"}},
                {
                    "name": "b",
                    "properties": {
                        "publisher": "Microsoft.ManagedServices",
                        "type": "ApplicationHealthLinux",
                        "enableAutomaticUpgrade": False,
                        "settings": {"protocol": "http", "port": 80, "requestPath": "/"},
                    },
                },
            ]
        },
        sets={"virtualMachineProfile.extensionProfile.extensions[1].enableAutomaticUpgrade": "true"},
    ),
    Case(
        case="extensions in the order of the model, by their real names",
        rule="VMSS-051",
        set={
            f"{PROFILE}.extensionProfile.extensions": [
                {"name": "1.0", "properties": {"publisher": "Contoso", "type": "A"}},
                {"name": "two", "properties": {"publisher": "Contoso", "type": "B"}},
            ],
            OS_UPGRADE: False,
            f"{UPGRADE}.mode": "Manual",
        },
        sets={"virtualMachineProfile.extensionProfile.extensions[1].provisionAfterExtensions": '["1.0"]'},
    ),
    Case(
        case="all at once in production, and what applies once batches do",
        rule="VMSS-012",
        set={f"{UPGRADE}.mode": "Automatic", OS_UPGRADE: False, ROLLING: {}, **NO_HEALTH},
        sets={"upgradePolicy.mode": "Rolling"},
        needs=("VMSS-003", "VMSS-022"),
    ),
    Case(case="an owner is not known here", rule="VMSS-080", set={"tags": {}}, note="the tag owner"),
    Case(
        case="the tag that the policy names",
        rule="VMSS-080",
        set={},
        policy='tags.owner = "team"',
        note="the tag team",
    ),
    Case(
        case="a cadence is not known here",
        rule="VMSS-011",
        set={f"{UPGRADE}.mode": "Manual", OS_UPGRADE: False},
        note="the tag patch-cadence",
    ),
    Case(
        case="an exemption that has ended is a decision",
        rule="VMSS-081",
        set={
            OS_UPGRADE: False,
            "tags.upgrade-posture-exempt": "rules=VMSS-001; until=2025-06-30; reason=r; owner=o",
        },
        note="a decision",
    ),
    Case(
        case="what was meant by an exemption is not known here",
        rule="VMSS-082",
        set={"tags.upgrade-posture-exempt": "rules=VMSS-001"},
        note="not known here",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.case}")
def test_a_remediation_changes_what_is_wrong(case: Case) -> None:
    """Each case has the changes that put it right, or none and a note that says what to do; and it works."""
    remediation = prove(case.rule, changed(case.set), case.policy)

    assert _assigned(remediation) == case.sets
    assert _removed(remediation) == case.removes
    assert _capacity(remediation) == case.capacity
    assert remediation.needs == case.needs
    assert case.note in remediation.note
    assert case.bicep in remediation.bicep


def _assigned(remediation: Remediation) -> dict[str, str]:
    return dict(
        word.split("=", 1)
        for command in remediation.commands
        if "--set" in command.argv
        for word in command.argv[command.argv.index("--set") + 1 :]
    )


def _removed(remediation: Remediation) -> tuple[str, ...]:
    return tuple(
        " ".join(itertools.takewhile(lambda word: not word.startswith("--"), command.argv[at + 1 :]))
        for command in remediation.commands
        for at, word in enumerate(command.argv)
        if word == "--remove"
    )


def _capacity(remediation: Remediation) -> int | None:
    return next((int(item.argv[-1]) for item in remediation.commands if "--new-capacity" in item.argv), None)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_examples_of_the_pages_fail_and_are_put_right(rule: Rule) -> None:
    """What ``explain`` and the pages show is an example that fails the rule, and its remediation works."""
    for example in examples_of(rule):
        assert example.judgement.outcomes[rule.id] is Outcome.FAILED, example.case
        assert example.remediation.needs == () or example.remediation.commands
        if example.judgement.criteria.policy == judged(dict(example.document)).criteria.policy:
            assert prove(rule.id, dict(example.document), "") == example.remediation


def test_nothing_that_a_person_has_to_replace_can_run() -> None:
    """No command holds a placeholder or an ellipsis: what a person has to find out stands in notes only."""
    for rule in RULES:
        for example in examples_of(rule):
            for command in example.remediation.commands:
                assert not set("<>…").intersection("".join(command.argv)), command


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_without_a_command_every_line_is_a_comment(rule: Rule) -> None:
    """Where no command can do it, what is pasted into a shell does nothing."""
    for example in examples_of(rule):
        if not example.remediation.commands:
            for text in (render_posix(example.remediation), render_powershell(example.remediation)):
                assert all(line.startswith("# ") for line in text.split("\n"))


def test_restarts_follow_the_upgrade_mode() -> None:
    """A change of the model says what the upgrade mode makes of it; a change of the upgrade policy restarts nothing."""
    told = {}
    for mode in ("Manual", "Automatic", "Rolling"):
        judgement = judged(changed({f"{UPGRADE}.mode": mode, LINUX_MODE: "AutomaticByPlatform"}))
        told[mode] = remediation_for(rule_by_id("VMSS-006"), judgement).commands[0].restarts
    assert "at once" in told["Automatic"]
    assert "batch by batch" in told["Rolling"]
    assert "az vmss update-instances" in told["Manual"]
    pause = judged(changed({f"{ROLLING}.pauseTimeBetweenBatches": "PT0S"}))
    assert remediation_for(rule_by_id("VMSS-022"), pause).commands[0].restarts == "No instance."


def test_restarts_follow_the_mode_that_the_command_sets() -> None:
    """Where the mode itself changes, what counts is the new one."""
    fabric = {
        "name": "fabric",
        "properties": {
            "publisher": "Microsoft.Azure.ServiceFabric",
            "type": "ServiceFabricLinuxNode",
            "typeHandlerVersion": "1.0",
            "settings": {"durabilityLevel": "Gold"},
        },
    }
    rule = rule_by_id("VMSS-017")
    extensions = f"{PROFILE}.extensionProfile.extensions"

    both = judged(changed({extensions: [fabric], f"{UPGRADE}.mode": "Manual"}))
    assert "at once" in remediation_for(rule, both).commands[0].restarts
    fabric["properties"] = {**fabric["properties"], "typeHandlerVersion": "1.1"}  # type: ignore[dict-item]
    only_mode = judged(changed({extensions: [fabric], f"{UPGRADE}.mode": "Manual"}))
    assert "becomes Automatic" in remediation_for(rule, only_mode).commands[0].restarts


def test_what_blocks_the_upgrade_comes_first() -> None:
    """Where a rule that Azure insists on would fail, the note says that it comes first; any other is named only."""
    blocked = judged(changed({OS_UPGRADE: False, f"{UPGRADE}.mode": "Manual", **NO_HEALTH}))
    assert remediation_for(rule_by_id("VMSS-001"), blocked).note.endswith(
        "Put VMSS-003 right first: while it fails, Azure refuses this change or never upgrades the image."
    )
    free = judged(changed({OS_UPGRADE: False, ROLLING: {}, f"{UPGRADE}.mode": "Manual"}))
    assert "right first" not in remediation_for(rule_by_id("VMSS-001"), free).note


def test_a_default_that_may_rule_is_said() -> None:
    """Where Azure may use its default policy, the note says how the scale set's own becomes the one that counts."""
    document = changed(
        {
            ROLLING: {"maxBatchInstancePercent": 100},
            f"{UPGRADE}.mode": "Manual",
            f"{UPGRADE}.automaticOSUpgradePolicy.useRollingUpgradePolicy": False,
            "sku.capacity": 2,
        }
    )
    for rule_id in ("VMSS-021", "VMSS-022", "VMSS-025"):
        assert "useRollingUpgradePolicy" in remediation_for(rule_by_id(rule_id), judged(document)).note


def test_a_rule_that_failed_already_is_not_named() -> None:
    """``needs`` is what fails newly; what fails today has its own finding and its own remediation."""
    judgement = judged(changed({OS_UPGRADE: False, f"{UPGRADE}.mode": "Rolling", **NO_HEALTH}))

    assert "VMSS-003" in failing(judgement)
    assert remediation_for(rule_by_id("VMSS-001"), judgement).needs == ()


@pytest.mark.parametrize(
    ("rule_id", "document"),
    [
        ("VMSS-022", changed({"id": f"{changed()['id'].rpartition('/')[0]}/[variables('name')]", ROLLING: {}})),
        (
            "VMSS-030",
            changed({IMAGE: {"id": f"{DEFINITION.replace('/S/', '/(not-known)/')}/versions/1.0.0"}}),
        ),
    ],
    ids=["the name is an expression", "a part of the image's id is not known"],
)
def test_what_a_template_has_to_evaluate_is_in_no_command(rule_id: str, document: dict[str, Any]) -> None:
    """A scale set of a template is put right in the template: no command could name it, or what it should get."""
    remediation = remediation_for(rule_by_id(rule_id), judged(document))

    assert remediation.commands == ()
    assert remediation.note.startswith("No command: a template still has to be evaluated")
    assert remediation.bicep.startswith("properties.")
