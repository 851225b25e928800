"""The only source of application health is a TCP connection.

A port that listens is not an application that works. An Application Health extension on TCP fails; on HTTP or HTTPS
it passes. A load balancer probe is a resource of its own, whose protocol is not read here: *unknown* where it is the
only source. A second source beside TCP passes, and so does an external health policy. Without any source the rule is
not applicable (see VMSS-003). Service Fabric watches its own health: not applicable.
"""

from scanner.facts.arm_paths import (
    EXTENSION_PUBLISHER,
    EXTENSION_TYPE,
    EXTENSIONS,
    EXTERNAL_HEALTH,
    HEALTH_PROTOCOL,
    ORCHESTRATION_MODE,
    PROBE,
)
from scanner.facts.posture import HealthProtocol, Posture
from scanner.facts.three_valued import any_of, same
from scanner.rules.criteria import Criteria
from scanner.rules.questions import HealthSources, health_sources
from scanner.rules.remediation.health import ask_the_application
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Ask what the only source of health looks at."""
    evidence = posture.evidence(PROBE, EXTENSIONS, HEALTH_PROTOCOL, EXTERNAL_HEALTH)
    if posture.service_fabric:
        return Answer(Outcome.NOT_APPLICABLE, "Service Fabric watches its own health.", evidence)
    sources = health_sources(posture)
    if any_of(*sources) is False:
        return Answer(Outcome.NOT_APPLICABLE, "Nothing reports the health of the application.", evidence)
    outcome, reason = _answer(sources, posture.application_health_protocol)
    if outcome is Outcome.FAILED and any(item.is_application_health is None for item in posture.extensions or ()):
        outcome, reason = Outcome.UNKNOWN, "Another extension, which was not read, may report health too."
    return Answer(outcome, reason, evidence)


def _answer(sources: HealthSources, protocol: HealthProtocol | None) -> tuple[Outcome, str]:  # noqa: PLR0911 - one answer after the other
    probe, extension, policy = sources
    if policy:
        return Outcome.PASSED, "An external health policy reports health."
    if extension and protocol in {HealthProtocol.HTTP, HealthProtocol.HTTPS}:
        return Outcome.PASSED, f"The Application Health extension asks the application over {protocol}."
    if extension and probe:
        return Outcome.PASSED, "There is a second source of health."
    if None in sources:
        return Outcome.UNKNOWN, "Not all sources of health were read."
    if probe:
        return Outcome.UNKNOWN, "The protocol of the load balancer probe is not read."
    if same(protocol, HealthProtocol.TCP):
        return Outcome.FAILED, "The Application Health extension only opens a TCP connection."
    return Outcome.UNKNOWN, "The protocol of the Application Health extension was not read."


RULE = Rule(
    id="VMSS-040",
    name="weak-health-signal",
    severity=Severity.MEDIUM,
    title="Application health is more than an open port.",
    rationale="An upgrade goes on although every request fails, because the port still answers.",
    remediation=ask_the_application,
    arm_properties=(
        HEALTH_PROTOCOL,
        EXTENSION_PUBLISHER,
        EXTENSION_TYPE,
        PROBE,
        EXTERNAL_HEALTH,
        ORCHESTRATION_MODE,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-health-extension",
    ),
    check=check,
    documentation=__doc__ or "",
)
