"""The only source of application health is a TCP connection.

A port that listens is not an application that works. An Application Health extension on TCP fails; on HTTP or HTTPS
it passes. A load balancer probe is a resource of its own: as the only source it fails on TCP, passes on HTTP or HTTPS,
and is *unknown* where its load balancer was not read. A second source beside TCP passes, and so does an external health policy. An extension that cannot
report is no source (see VMSS-003). Without any source the rule is not applicable. Service Fabric watches its own health: not applicable.
"""

from itertools import product

from scanner.facts.arm_paths import (
    EXTENSION_PUBLISHER,
    EXTENSION_TYPE,
    EXTENSIONS,
    EXTERNAL_HEALTH,
    HEALTH_PROTOCOL,
    ORCHESTRATION_MODE,
    PROBE,
)
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.facts.extensions import HealthProtocol
from scanner.facts.posture import Posture
from scanner.facts.probe import Probe
from scanner.rules.criteria import Criteria
from scanner.rules.questions import health_problems, health_sources, uses_probe
from scanner.rules.remediation.health import ask_the_application
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, _criteria: Criteria) -> Answer:
    """Ask what the sources of health look at, in every way that what was not read could be."""
    posture, known = scale_set.posture, scale_set.depth.probe
    evidence = posture.evidence(PROBE, EXTENSIONS, HEALTH_PROTOCOL, EXTERNAL_HEALTH)
    if known is not None:
        evidence = (*evidence, Evidence("probes[].properties.protocol", known.protocol))
    if posture.service_fabric:
        return Answer(Outcome.NOT_APPLICABLE, "Service Fabric watches its own health.", evidence)
    answers = {_answer(*case) for case in product(*_possibilities(posture, known))}
    outcomes = {outcome for outcome, _ in answers}
    if len(outcomes) == 1:
        outcome, reason = min(answers)
        return Answer(outcome, reason, evidence)
    reason = "The protocol of the load balancer probe was not read." if uses_probe(posture) else _UNCLEAR
    return Answer(Outcome.UNKNOWN, f"{reason}{health_problems(posture)}", evidence)


_UNCLEAR = "What reports the health of the application was not read as a whole."


type _Extensions = tuple[HealthProtocol | None, ...]
"""The protocol of each Application Health extension; ``None``: it is no source."""


def _possibilities(
    posture: Posture, known: Probe | None
) -> tuple[list[bool], list[HealthProtocol | None], list[_Extensions], list[bool]]:
    """List what may be: whether a probe is a source and on which protocol, which extensions are, and the policy."""
    unread = posture.extensions is None or any(item.is_application_health is None for item in posture.extensions)
    # Two that cannot be told apart are as good as one.
    kinds = sorted({(str(item.protocol), str(item.reports)): item for item in posture.health_extensions}.items())
    single = [_as_source(item.protocol, item.reports) for _, item in kinds]
    if unread:
        single.append(_as_source(None, None))
    probe, _, policy = health_sources(posture)
    protocols: list[HealthProtocol | None] = [HealthProtocol.HTTP, HealthProtocol.TCP]
    if known is not None:
        protocols = [known.protocol]
    return _either(probe), protocols, list(product(*single)), _either(policy)


def _as_source(protocol: HealthProtocol | None, reports: bool | None) -> list[HealthProtocol | None]:  # noqa: FBT001 - a logical value
    if reports is False:
        return [None]
    protocols: list[HealthProtocol | None] = [protocol] if protocol else [HealthProtocol.HTTP, HealthProtocol.TCP]
    return protocols if reports else [*protocols, None]


def _either(value: bool | None) -> list[bool]:  # noqa: FBT001 - a logical value
    return [True, False] if value is None else [value]


def _answer(
    probe: bool,  # noqa: FBT001 - one of all possibilities
    probe_protocol: HealthProtocol | None,
    extensions: _Extensions,
    policy: bool,  # noqa: FBT001 - one of all possibilities
) -> tuple[Outcome, str]:
    sources = [protocol for protocol in extensions if protocol is not None]
    if policy:
        return Outcome.PASSED, "An external health policy reports health."
    if any(protocol is not HealthProtocol.TCP for protocol in sources):
        return Outcome.PASSED, "The Application Health extension asks the application."
    if sources and probe:
        return Outcome.PASSED, "There is a second source of health."
    if sources:
        return Outcome.FAILED, "The Application Health extension only opens a TCP connection."
    if not probe:
        return Outcome.NOT_APPLICABLE, "Nothing reports the health of the application."
    if probe_protocol is HealthProtocol.TCP:
        return Outcome.FAILED, "The load balancer probe, the only source, only opens a TCP connection."
    return Outcome.PASSED, "The load balancer probe asks the application."


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
        "https://learn.microsoft.com/azure/load-balancer/load-balancer-custom-probe-overview",
    ),
    check=check,
    documentation=__doc__ or "",
)
