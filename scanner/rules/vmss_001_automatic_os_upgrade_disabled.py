"""Automatic OS image upgrade is off, so new images never reach the instances by themselves.

With the flag on, Azure replaces the OS disk of every instance, batch by batch, soon after a new image version is
published. Without it instances keep the image they were created with until a person upgrades or reimages them.

The flag is `upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade`. An answer of an old API version may
hold `upgradePolicy.automaticOSUpgrade` instead, which counts where the newer flag is absent. An absent flag is off.

Where the flag is off, the reason and the evidence say whether it could be switched on, and which rules stand in the
way: those that block an automatic OS image upgrade, judged as if it were on.

Two kinds of scale set have their own answer:

- **Flexible orchestration without the flag.** Automatic OS image upgrade is a preview there and Azure's pages disagree about it, so the policy decides (`flexible_auto_os_upgrade`). With `patchMode` AutomaticByPlatform, which Azure forbids beside the flag, the rule is not applicable.
- **Service Fabric node types.** With Bronze durability the upgrade is supported for stateless node types only, which the model does not tell: *unknown* while the flag is off. So is a durability that was not read.
"""

from scanner.facts.arm_paths import (
    DURABILITY,
    LEGACY_OS_UPGRADE,
    LINUX_PATCH_MODE,
    ORCHESTRATION_MODE,
    OS_UPGRADE,
    WINDOWS_PATCH_MODE,
)
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Durability, OrchestrationMode, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.policy import FlexibleOsUpgrade
from scanner.rules.questions import is_flexible
from scanner.rules.readiness import Readiness, ReadinessCase
from scanner.rules.remediation.upgrades import enable_os_upgrade
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(case: ReadinessCase, criteria: Criteria) -> Answer:
    """Look at the flag, then at what an absent flag means for this kind of scale set."""
    posture, readiness = case.posture, case.readiness
    flag = posture.automatic_os_upgrade
    path = LEGACY_OS_UPGRADE if LEGACY_OS_UPGRADE in posture.reported else OS_UPGRADE
    if flag is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", posture.evidence(path))
    if flag:
        return Answer(Outcome.PASSED, "Automatic OS image upgrade is on.", posture.evidence(path))
    outcome, reason, paths = _without_flag(posture, criteria.policy.flexible_auto_os_upgrade)
    evidence = posture.evidence(path, *paths)
    if readiness is None:
        return Answer(outcome, reason, evidence)
    told = Evidence("ready_to_enable", {True: "yes", False: "no", None: "unknown"}[readiness.ready])
    path = "blocked_if_enabled" if readiness.blocked_by else "unknown_if_enabled"
    blocks = tuple([Evidence(path, reason) for reason in readiness.reasons])
    reason = f"{reason} {_describe(posture, readiness)}"
    return Answer(outcome, reason, (*evidence, told, *blocks), readiness.holds_until)


def _describe(posture: Posture, readiness: Readiness) -> str:
    """Say whether it could be switched on."""
    preview = " On Flexible orchestration it is a preview." if is_flexible(posture) else ""
    if readiness.ready:
        return f"It can be switched on: nothing stands in the way.{preview}"
    if readiness.ready is None:
        return f"Whether it can be switched on is not known ({', '.join(readiness.unknown)}).{preview}"
    return f"To switch it on, first resolve {', '.join(readiness.blocked_by)}.{preview}"


def _without_flag(posture: Posture, expected: FlexibleOsUpgrade) -> tuple[Outcome, str, tuple[str, ...]]:
    if posture.service_fabric and posture.durability is None:
        reason = "Automatic OS image upgrade is off; the durability of this Service Fabric node type was not read."
        return Outcome.UNKNOWN, reason, (DURABILITY,)
    if posture.durability is Durability.BRONZE:
        reason = "Automatic OS image upgrade is off; Service Fabric of Bronze durability supports it for stateless node types only."
        return Outcome.UNKNOWN, reason, (DURABILITY,)
    if posture.orchestration_mode is OrchestrationMode.UNIFORM:
        return Outcome.FAILED, "Automatic OS image upgrade is off.", ()
    outcome, reason = _on_flexible(posture, expected)
    return outcome, reason, (ORCHESTRATION_MODE, WINDOWS_PATCH_MODE, LINUX_PATCH_MODE)


def _on_flexible(posture: Posture, expected: FlexibleOsUpgrade) -> tuple[Outcome, str]:
    known = posture.orchestration_mode is not None
    patching = posture.platform_patching
    if known and patching:
        return (
            Outcome.NOT_APPLICABLE,
            "The platform patches the guests, which Azure forbids beside automatic OS image upgrade.",
        )
    if known and expected is FlexibleOsUpgrade.NOT_APPLICABLE:
        return Outcome.NOT_APPLICABLE, "The policy asks for no automatic OS image upgrade on Flexible orchestration."
    if expected is FlexibleOsUpgrade.EVALUATE and patching is False:
        return Outcome.FAILED, "Automatic OS image upgrade is off."
    if not known:
        return Outcome.UNKNOWN, "Automatic OS image upgrade is off; the orchestration mode was not read."
    if expected is FlexibleOsUpgrade.EVALUATE:
        return (
            Outcome.UNKNOWN,
            "Automatic OS image upgrade is off; whether the platform patches the guests was not read.",
        )
    return Outcome.UNKNOWN, "Automatic OS image upgrade is not on; it is a preview on Flexible orchestration."


RULE = Rule(
    id="VMSS-001",
    name="automatic-os-upgrade-disabled",
    severity=Severity.HIGH,
    title="A scale set has automatic OS image upgrade on.",
    rationale=(
        "Instances that keep an old OS image miss its security fixes. Built-in Azure Policy "
        "465f0161-0087-490a-9ad9-ad6217f4f43a asks for the same."
    ),
    remediation=enable_os_upgrade,
    arm_properties=(
        OS_UPGRADE,
        LEGACY_OS_UPGRADE,
        ORCHESTRATION_MODE,
        WINDOWS_PATCH_MODE,
        LINUX_PATCH_MODE,
        DURABILITY,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
    ),
    check=check,
    documentation=__doc__ or "",
)
