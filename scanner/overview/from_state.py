"""A scale set as the state of the last scans has it."""

from scanner.overview.scale_set import KnownFinding, KnownScaleSet, worst_first
from scanner.state.coverage import CoverageRecord
from scanner.state.state import Finding, ScaleSetState


def of_state(state: ScaleSetState, coverage: CoverageRecord) -> KnownScaleSet:
    """Take over a state. The moment of the last reading is its own where scans miss it, else that of its subscription."""
    identity = state.identity
    return KnownScaleSet(
        scale_set_id=identity.scale_set_id,
        name=identity.name,
        subscription_id=identity.subscription_id,
        resource_group=identity.resource_group,
        location=identity.location,
        environment=identity.environment,
        application=identity.application,
        ring=identity.ring,
        owner=identity.owner,
        upgrades_itself=state.upgrades_itself,
        blocked_by=state.blocked_by,
        ready_to_enable=state.ready_to_enable,
        blocked_if_enabled=state.blocked_if_enabled,
        managed_by=state.managed_by or "",
        missing=state.missing,
        facts=state.facts,
        outcomes=state.outcomes,
        findings=worst_first([_finding(rule_id, finding) for rule_id, finding in state.findings.items()]),
        first_seen_at=state.first_seen_at,
        last_read_at=state.last_read_at or coverage.read_at.get(identity.subscription_id, ""),
        revision=state.revision,
    )


def _finding(rule_id: str, finding: Finding) -> KnownFinding:
    return KnownFinding(
        rule_id=rule_id,
        severity=finding.severity,
        reason=finding.reason,
        opened_at=finding.opened_at,
        evidence=finding.evidence,
        exemption=finding.exemption,
    )
