"""A scale set as a row of the compliance snapshot has it."""

from collections.abc import Mapping

from scanner.facts.evidence import JsonValue
from scanner.overview.scale_set import KnownFinding, KnownInstances, KnownScaleSet, worst_first
from scanner.overview.values import (
    identity_of,
    mapping_of,
    number_of,
    number_or_none,
    objects_of,
    text_of,
    text_values_of,
    texts_of,
)
from scanner.rules.rule import is_own_id
from scanner.state.state import ExemptionNote


def of_snapshot_row(row: Mapping[str, JsonValue]) -> KnownScaleSet:
    """Take over a row. It keeps no evidence: the state does."""
    opened = [_finding(item, None) for item in objects_of(row, "OpenFindings")]
    exempt = [_finding(item, note_of(item)) for item in objects_of(row, "Exemptions")]
    return KnownScaleSet(
        **identity_of(row),
        upgrades_itself=text_of(row, "UpgradesItself"),
        blocked_by=texts_of(row, "BlockedBy"),
        ready_to_enable=text_of(row, "ReadyToEnable"),
        blocked_if_enabled=texts_of(row, "BlockedIfEnabled"),
        managed_by=text_of(row, "ManagedBy"),
        missing=texts_of(row, "Missing"),
        facts=mapping_of(row, "Posture"),
        outcomes=text_values_of(row, "Outcomes"),
        findings=worst_first([*opened, *exempt]),
        last_read_at=text_of(row, "LastReadAt"),
        revision=number_of(row, "Revision"),
        instances=_instances(row),
    )


def _instances(row: Mapping[str, JsonValue]) -> KnownInstances | None:
    if not text_of(row, "InstancesCountedAt") and not text_of(row, "InstancesAskedAt"):
        return None
    return KnownInstances(
        count=number_or_none(row, "Instances"),
        versions=mapping_of(row, "InstanceVersions"),
        behind_model=number_or_none(row, "BehindModel"),
        behind_model_since=text_of(row, "BehindModelSince"),
        behind_image=number_or_none(row, "BehindImage"),
        behind_image_since=text_of(row, "BehindImageSince"),
        held_back=number_or_none(row, "HeldBack"),
        unhealthy=number_or_none(row, "UnhealthyInstances"),
        counted_at=text_of(row, "InstancesCountedAt"),
        on_newest_image=number_or_none(row, "OnNewestImage"),
        exposure_hours=number_or_none(row, "ExposureHours"),
        exposure_from=text_of(row, "ExposureFrom"),
        lead_times=objects_of(row, "LeadTimes"),
    )


def _finding(item: Mapping[str, JsonValue], note: ExemptionNote | None) -> KnownFinding:
    return KnownFinding(
        rule_id=text_of(item, "rule"),
        severity=text_of(item, "severity"),
        reason="" if note is not None else text_of(item, "reason"),  # of an exempt one, the row has the exemption's
        opened_at=text_of(item, "opened_at"),
        exemption=note,
        own_name=text_of(item, "name") if is_own_id(text_of(item, "rule")) else "",
    )


def note_of(item: Mapping[str, JsonValue]) -> ExemptionNote:
    """Read an exemption."""
    return ExemptionNote(
        reason=text_of(item, "reason"),
        owner=text_of(item, "owner"),
        until=text_of(item, "until"),
        source=text_of(item, "source"),
        ticket=text_of(item, "ticket"),
    )
