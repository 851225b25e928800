"""More than one source reports the health of the instances.

Azure allows one of load balancer probe, Application Health extension and enabled external health policy. With two it
refuses automatic OS image upgrade and instance repairs. On Flexible orchestration a probe is no source. Whether an
extension can report does not matter: it is there. The rule is
judged while automatic OS image upgrade is on.
"""

from scanner.facts.arm_paths import (
    EXTENSION_PUBLISHER,
    EXTENSION_TYPE,
    EXTENSIONS,
    EXTERNAL_HEALTH,
    ORCHESTRATION_MODE,
    OS_UPGRADE,
    PROBE,
)
from scanner.facts.posture import Posture
from scanner.facts.three_valued import at_least
from scanner.rules.criteria import Criteria
from scanner.rules.questions import health_signals
from scanner.rules.remediation.health import keep_one_source
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Count the sources of health."""
    flag = posture.automatic_os_upgrade
    if flag is False:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", posture.evidence(OS_UPGRADE))
    evidence = posture.evidence(OS_UPGRADE, PROBE, EXTENSIONS, EXTERNAL_HEALTH)
    if flag is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence, is_unread=True)
    several = at_least(2, health_signals(posture))
    if several is None:
        return Answer(Outcome.UNKNOWN, "Not all sources of health were read.", evidence, is_unread=True)
    if several:
        return Answer(Outcome.FAILED, "More than one source reports the health of the instances.", evidence)
    return Answer(Outcome.PASSED, "No two sources of health contradict each other.", evidence)


RULE = Rule(
    id="VMSS-007",
    name="two-health-signals",
    severity=Severity.HIGH,
    blocks_os_upgrade=True,
    title="A scale set with automatic OS image upgrade has at most one source of application health.",
    rationale="Azure refuses the upgrade, so the flag that is on does nothing.",
    remediation=keep_one_source,
    arm_properties=(
        OS_UPGRADE,
        ORCHESTRATION_MODE,
        PROBE,
        EXTENSION_PUBLISHER,
        EXTENSION_TYPE,
        EXTERNAL_HEALTH,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-health-extension",
    ),
    check=check,
    documentation=__doc__ or "",
)
