"""A scale set as the state of the last scans has it."""

from collections.abc import Mapping

from scanner.facts.evidence import JsonValue
from scanner.overview.scale_set import KnownFinding, KnownInstances, KnownScaleSet, worst_first
from scanner.overview.values import mapping_of, number_or_none, objects_of, text_of
from scanner.state.coverage import CoverageRecord
from scanner.state.kept_instances import read_kept, told_of
from scanner.state.state import Finding, ScaleSetState


def of_state(state: ScaleSetState, coverage: CoverageRecord) -> KnownScaleSet:
    """Take over a state. The moment of the last reading is its own where scans miss it, else that of its subscription."""
    identity = state.identity
    last_read_at = state.last_read_at or coverage.read_at.get(identity.subscription_id, "")
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
        last_read_at=last_read_at,
        revision=state.revision,
        instances=_instances(told_of(read_kept(state.beside, last_read_at or None))),
    )


def _finding(rule_id: str, finding: Finding) -> KnownFinding:
    return KnownFinding(
        rule_id=rule_id,
        severity=finding.severity,
        reason=finding.reason,
        opened_at=finding.opened_at,
        evidence=finding.evidence,
        exemption=finding.exemption,
        own_name=finding.own_name,
    )


def _instances(told: Mapping[str, JsonValue] | None) -> KnownInstances | None:
    if told is None:
        return None
    return KnownInstances(
        count=number_or_none(told, "count"),
        versions=mapping_of(told, "versions"),
        behind_model=number_or_none(told, "behind_model"),
        behind_model_since=text_of(told, "behind_model_since"),
        behind_image=number_or_none(told, "behind_image"),
        behind_image_since=text_of(told, "behind_image_since"),
        held_back=number_or_none(told, "held_back"),
        unhealthy=number_or_none(told, "unhealthy"),
        counted_at=text_of(told, "counted_at"),
        on_newest_image=number_or_none(told, "on_newest_image"),
        exposure_hours=number_or_none(told, "exposure_hours"),
        exposure_from=text_of(told, "exposure_from"),
        lead_times=objects_of(told, "lead_times"),
    )
