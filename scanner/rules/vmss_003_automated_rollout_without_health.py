"""Upgrades roll by themselves and no source reports to Azure whether the application still works.

Automatic OS image upgrade and Rolling mode both watch the health of upgraded instances and stop, or roll back, when
it fails. A source is the Application Health extension or, on Uniform orchestration, a load balancer probe. Mode
Automatic alone uses no health: see VMSS-012.

An Application Health extension counts only if it can report. It cannot with settings that it refuses (tcp with a
`requestPath` or without a `port`; on Linux also a protocol in capitals, a number written as a text, a value out of
range, a setting that it does not know, or one that its handler version does not know), without a protocol on Linux,
or if it is the extension of the other operating system. Http or https without a `requestPath` is *unknown*.

An external health policy is new, and whether it is enough is not documented: *unknown*. Service Fabric of Silver or
Gold durability watches its own health: not applicable; of a durability that was not read: *unknown*.

Azure refuses such a model when it is written, so this is mostly seen in templates.
"""

from scanner.facts.arm_paths import (
    DURABILITY,
    EXTENSION_PUBLISHER,
    EXTENSION_TYPE,
    EXTENSIONS,
    EXTERNAL_HEALTH,
    MODE,
    ORCHESTRATION_MODE,
    OS_UPGRADE,
    PROBE,
)
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Durability, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import health_problems, health_sources, rolls
from scanner.rules.remediation.health import report_health
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Ask whether upgrades roll by themselves, then for a source of health."""
    applies = rolls(posture)
    if applies is False:
        reason = "Neither automatic OS image upgrade nor Rolling mode is on."
        return Answer(Outcome.NOT_APPLICABLE, reason, posture.evidence(OS_UPGRADE, MODE))
    if posture.service_fabric and posture.durability is not Durability.BRONZE:
        evidence = posture.evidence(DURABILITY)
        if posture.durability is None:
            reason = "The durability of this Service Fabric node type was not read."
            return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
        reason = f"Service Fabric of {posture.durability} durability watches its own health."
        return Answer(Outcome.NOT_APPLICABLE, reason, evidence)
    evidence = posture.evidence(OS_UPGRADE, MODE, PROBE, EXTENSIONS, EXTERNAL_HEALTH)
    if applies is None:
        reason = "Whether upgrades roll by themselves was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=True)
    return _answer(posture, evidence)


def _answer(posture: Posture, evidence: tuple[Evidence, ...]) -> Answer:
    probe, extension, policy = health_sources(posture)
    if extension:
        return Answer(Outcome.PASSED, "The Application Health extension reports health.", evidence)
    if probe:
        return Answer(Outcome.PASSED, "A load balancer probe reports health.", evidence)
    problems = health_problems(posture)
    if probe is None or posture.application_health is None:
        return Answer(Outcome.UNKNOWN, "Whether there is a source of health was not read.", evidence, is_unread=True)
    if extension is None:
        reason = f"Whether there is a source of health is not known.{problems}"
        unread = any(item.is_application_health is None for item in posture.extensions or ())
        return Answer(Outcome.UNKNOWN, reason, evidence, is_unread=unread)
    if policy is None:
        return Answer(Outcome.UNKNOWN, "The external health policy was not read.", evidence, is_unread=True)
    if policy:
        reason = f"Whether an external health policy is enough for upgrades is not documented.{problems}"
        return Answer(Outcome.UNKNOWN, reason, evidence)
    reason = f"Upgrades roll by themselves and nothing reports the health of the application.{problems}"
    return Answer(Outcome.FAILED, reason, evidence)


RULE = Rule(
    id="VMSS-003",
    name="automated-rollout-without-health",
    severity=Severity.HIGH,
    blocks_os_upgrade=True,
    title="A scale set whose upgrades roll by themselves has a source of application health.",
    rationale="Without a health signal a bad image or model reaches every instance before a person notices.",
    remediation=report_health,
    arm_properties=(
        OS_UPGRADE,
        MODE,
        ORCHESTRATION_MODE,
        PROBE,
        EXTENSION_PUBLISHER,
        EXTENSION_TYPE,
        EXTERNAL_HEALTH,
        DURABILITY,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-configure-rolling-upgrades",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-health-extension",
    ),
    check=check,
    documentation=__doc__ or "",
)
