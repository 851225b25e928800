"""Scale sets that people reported, each answered as Microsoft's page says; synthetic, and changed in what matters only."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from scanner.judging.judge import Headline, Judgement, judge
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules.verdict import Outcome
from tests.rules.decision_tables import changed, criteria

POLICY = "properties.upgradePolicy"
FLAG = f"{POLICY}.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
PROFILE = "properties.virtualMachineProfile"
EXTENSIONS = f"{PROFILE}.extensionProfile.extensions"
IMAGE = f"{PROFILE}.storageProfile.imageReference"
LINUX = f"{PROFILE}.osProfile.linuxConfiguration"
PROBE = f"{PROFILE}.networkProfile.healthProbe.id"
ARTIFACT = f"{PROFILE}.serviceArtifactReference.id"
GROUP = "/subscriptions/s/resourceGroups/g/providers"
FLEXIBLE = {"properties.orchestrationMode": "Flexible", FLAG: False, f"{POLICY}.mode": "Manual"}
JAMMY = {
    IMAGE: {
        "publisher": "Canonical",
        "offer": "0001-com-ubuntu-server-jammy",
        "sku": "22_04-lts-gen2",
        "version": "latest",
    }
}
BY_PLATFORM = {f"{LINUX}.patchSettings.patchMode": "AutomaticByPlatform"}
AGENTS = [
    {
        "name": "Microsoft.Azure.DevOps.Pipelines.Agent",
        "properties": {
            "publisher": "Microsoft.VisualStudio.Services",
            "type": "TeamServicesAgentLinux",
            "settings": {"isPipelinesAgent": True, "agentFolder": "/agent"},
        },
    }
]


def extension(publisher: str | None, kind: str, **properties: Any) -> dict[str, Any]:
    """Make an extension of the model."""
    return {"name": kind, "properties": {"publisher": publisher, "type": kind, **properties}}


@dataclass(frozen=True, kw_only=True)
class Report:
    set: dict[str, Any]
    unset: tuple[str, ...] = ()
    headline: Headline
    outcomes: dict[str, str]
    blocked_by: tuple[str, ...] = ()
    page: str = field(default="")

    def judged(self) -> Judgement:
        return judge(parse_scale_set(changed(self.set, *self.unset)), criteria())


REPORTS: dict[str, Report] = {
    "a schedule of the customer's that may not be attached": Report(
        set={
            **FLEXIBLE,
            **JAMMY,
            **BY_PLATFORM,
            f"{LINUX}.patchSettings.automaticByPlatformSettings": {
                "bypassPlatformSafetyChecksOnUserSchedule": True,
                "rebootSetting": "IfRequired",
            },
        },
        headline=Headline.UNKNOWN,
        outcomes={"VMSS-014": "unknown"},
    ),
    "guest patching on a golden image": Report(
        set={**FLEXIBLE, **BY_PLATFORM, IMAGE: {"id": f"{GROUP}/Microsoft.Compute/galleries/golden/images/base"}},
        headline=Headline.NO,
        outcomes={"VMSS-014": "failed"},
    ),
    "a Service Fabric node type on handler version 1.0": Report(
        set={
            f"{POLICY}.mode": "Automatic",
            EXTENSIONS: [
                extension(
                    "Microsoft.Azure.ServiceFabric",
                    "ServiceFabricLinuxNode",
                    typeHandlerVersion="1.0",
                    settings={"durabilityLevel": "Silver"},
                )
            ],
        },
        headline=Headline.BLOCKED,
        blocked_by=("VMSS-017",),
        outcomes={"VMSS-017": "failed", "VMSS-003": "not_applicable"},
    ),
    "a health extension on tcp with a path": Report(
        set={
            EXTENSIONS: [
                extension(
                    "Microsoft.ManagedServices",
                    "ApplicationHealthLinux",
                    typeHandlerVersion="1.0",
                    settings={"protocol": "tcp", "port": 8080, "requestPath": "/"},
                )
            ]
        },
        headline=Headline.BLOCKED,
        blocked_by=("VMSS-003",),
        outcomes={"VMSS-003": "failed", "VMSS-040": "not_applicable", "VMSS-041": "not_applicable"},
    ),
    "a bootstrap script whose address has ended": Report(
        set={
            "identity": None,
            PROBE: f"{GROUP}/Microsoft.Network/loadBalancers/lb/probes/p",
            EXTENSIONS: [
                extension(
                    "Microsoft.Azure.Extensions",
                    "CustomScript",
                    settings={
                        "fileUris": ["https://a.example.com/x.sh?se=2023-04-01T00%3A00%3A00Z&sr=b&sp=r&sig=MADEUP"]
                    },
                )
            ],
        },
        headline=Headline.BLOCKED,
        blocked_by=("VMSS-052",),
        outcomes={"VMSS-052": "failed"},
    ),
    "three instances under two policies that say the same": Report(
        set={
            "sku.capacity": 3,
            f"{POLICY}.mode": "Automatic",
            f"{POLICY}.automaticOSUpgradePolicy.useRollingUpgradePolicy": False,
            f"{POLICY}.rollingUpgradePolicy.pauseTimeBetweenBatches": "PT0S",
        },
        headline=Headline.YES,
        outcomes={"VMSS-022": "failed", "VMSS-025": "failed"},
    ),
    "an agent pool with its tag": Report(
        set={FLAG: False, EXTENSIONS: AGENTS, "tags.__AzureDevOpsElasticPool": "pool"},
        headline=Headline.MANAGED,
        outcomes={"VMSS-001": "not_applicable", "VMSS-080": "not_applicable"},
    ),
    "an agent pool whose tag a pipeline took away": Report(
        set={FLAG: False, EXTENSIONS: AGENTS},
        headline=Headline.MANAGED,
        outcomes={"VMSS-001": "not_applicable", "VMSS-080": "not_applicable"},
    ),
    "a deployment agent on the customer's own scale set": Report(
        set={FLAG: False, EXTENSIONS: [extension("Microsoft.VisualStudio.Services", "TeamServicesAgent", settings={})]},
        headline=Headline.NO,
        outcomes={"VMSS-001": "failed"},
    ),
    "Windows in patch mode Manual with automatic updates": Report(
        set={
            **FLEXIBLE,
            f"{PROFILE}.storageProfile.osDisk.osType": "Windows",
            f"{PROFILE}.osProfile": {
                "windowsConfiguration": {"enableAutomaticUpdates": True, "patchSettings": {"patchMode": "Manual"}}
            },
        },
        headline=Headline.NO,
        outcomes={"VMSS-014": "unknown"},
    ),
    "a service artifact reference beside a managed image": Report(
        set={ARTIFACT: "/a", IMAGE: {"id": f"{GROUP}/Microsoft.Compute/images/img"}},
        headline=Headline.BLOCKED,
        blocked_by=("VMSS-002",),
        outcomes={"VMSS-030": "not_applicable"},
    ),
    "extensions of which enough is known": Report(
        set={
            EXTENSIONS: [
                extension(None, "ApplicationHealthLinux", enableAutomaticUpgrade=True),
                extension("Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent", enableAutomaticUpgrade=True),
            ]
        },
        headline=Headline.UNKNOWN,
        outcomes={"VMSS-050": "passed"},
    ),
    "Manual mode with automatic OS image upgrade": Report(
        set={f"{POLICY}.mode": "Manual"}, headline=Headline.YES, outcomes={"VMSS-011": "passed"}
    ),
    "a row of a list of resources, which has no model": Report(
        set={
            "properties": None,
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "provisioningState": "Succeeded",
            "tags": {"owner": "a"},
        },
        headline=Headline.UNKNOWN,
        outcomes={"VMSS-014": "unknown", "VMSS-024": "unknown", "VMSS-080": "passed"},
    ),
    "a template whose version is an expression": Report(
        set={f"{IMAGE}.version": "[parameters('imageVersion')]", PROBE: "[parameters('probe')]", EXTENSIONS: []},
        headline=Headline.UNKNOWN,
        outcomes={"VMSS-002": "unknown", "VMSS-030": "unknown", "VMSS-003": "passed"},
    ),
}


@pytest.mark.parametrize("case", REPORTS)
def test_a_report_is_answered_as_the_page_says(case: str) -> None:
    """Headline, blocking rules and the outcomes that matter are right."""
    report = REPORTS[case]
    judgement = report.judged()

    assert {rule_id: judgement.outcomes[rule_id].value for rule_id in report.outcomes} == report.outcomes
    assert judgement.upgrades_itself is report.headline
    assert judgement.blocked_by == report.blocked_by


def test_what_stands_in_the_way_of_the_flag_is_named() -> None:
    """Switching the flag on beside platform patching is refused, and VMSS-001 says so before somebody tries."""
    judgement = judge(parse_scale_set(changed({FLAG: False, **BY_PLATFORM})), criteria())
    verdict = next(item for item in judgement.verdicts if item.rule_id == "VMSS-001")

    assert verdict.outcome is Outcome.FAILED
    assert judgement.ready_to_enable is False
    assert judgement.blocked_if_enabled == ("VMSS-006",)
    assert "VMSS-006" in verdict.reason
    assert any(item.path == "blocked_if_enabled" and "VMSS-006" in str(item.value) for item in verdict.evidence)


SECRET = "s3cr3t-signature"
ADDRESS = f"https://account-name.example.com/path/file.sh?se=2020-01-01&sig={SECRET}"
PLACES: dict[str, dict[str, Any]] = {
    "a setting": {"settings": {"fileUris": [ADDRESS]}},
    "a command": {"settings": {"commandToExecute": f"curl '{ADDRESS}' | sh"}},
    "the name of a setting": {"settings": {ADDRESS: ADDRESS}},
    "the protocol of health": {"settings": {"protocol": ADDRESS}},
    "the durability": {"settings": {"durabilityLevel": ADDRESS}},
    "settings that are a text": {"settings": ADDRESS},
    "the type": {"type": ADDRESS, "settings": {"a": ADDRESS}},
    "the handler version": {"typeHandlerVersion": ADDRESS, "settings": {"a": ADDRESS}},
    "an encoded address": {"settings": {"a": ADDRESS.replace("sig=", "%73ig%3D") + "&sig=" + SECRET}},
}


@pytest.mark.parametrize("publisher", ["Microsoft.ManagedServices", "Microsoft.Azure.ServiceFabric", "Contoso"])
@pytest.mark.parametrize("place", PLACES)
def test_nothing_of_an_address_is_kept(place: str, publisher: str) -> None:
    """Wherever an address with a signature stands, no part of it is in the posture, its facts or any verdict."""
    found = {"publisher": publisher, "type": "ApplicationHealthLinux", **PLACES[place]}
    document = changed({EXTENSIONS: [{"name": "bootstrap", "properties": found}]})
    judgement = judge(parse_scale_set(document), criteria())

    for text in (repr(judgement), repr(judgement.posture), repr(judgement.facts)):
        assert SECRET not in text
        assert "account-name" not in text
    assert judgement.outcomes["VMSS-052"] is Outcome.FAILED
