"""A scale set as the JSON of ``scan`` and ``check`` has it (docs/scan.schema.json)."""

from collections.abc import Mapping

from scanner.facts.evidence import JsonValue
from scanner.overview.from_rows import note_of
from scanner.overview.scale_set import KnownFinding, KnownScaleSet, worst_first
from scanner.overview.values import mapping_of, objects_of, text_of, texts_of
from scanner.plain_text import plain
from scanner.rules.remediation.rendering import NOT_SHOWN, posix_command
from scanner.rules.rule import is_own_id
from scanner.rules.verdict import Outcome


def of_document(item: Mapping[str, JsonValue], at: str) -> KnownScaleSet:
    """Take over a judged scale set of a document that was made at a moment (ISO 8601, UTC)."""
    labels = mapping_of(item, "labels")
    verdicts = objects_of(item, "verdicts")
    return KnownScaleSet(
        scale_set_id=text_of(item, "scale_set_id") or text_of(item, "name"),
        name=text_of(item, "name"),
        subscription_id=text_of(item, "subscription_id"),
        resource_group=text_of(item, "resource_group"),
        environment=text_of(labels, "environment"),
        application=text_of(labels, "application"),
        ring=text_of(labels, "ring"),
        owner=text_of(labels, "owner"),
        upgrades_itself=text_of(item, "upgrades_itself"),
        blocked_by=texts_of(item, "blocked_by"),
        ready_to_enable=_ready(item),
        blocked_if_enabled=texts_of(item, "blocked_if_enabled"),
        managed_by=text_of(item, "managed_by"),
        missing=texts_of(item, "missing"),
        facts=mapping_of(item, "facts"),
        outcomes={text_of(verdict, "rule_id"): text_of(verdict, "outcome") for verdict in verdicts},
        findings=worst_first(
            [_finding(verdict) for verdict in verdicts if text_of(verdict, "outcome") == Outcome.FAILED.value]
        ),
        last_read_at=at if item.get("is_read") is True else "",
    )


def _ready(item: Mapping[str, JsonValue]) -> str:
    if "ready_to_enable" not in item:
        return ""
    ready = item["ready_to_enable"]
    return "unknown" if ready is None else "yes" if ready is True else "no"


def _finding(verdict: Mapping[str, JsonValue]) -> KnownFinding:
    exemption = mapping_of(verdict, "exemption")
    return KnownFinding(
        rule_id=text_of(verdict, "rule_id"),
        severity=text_of(verdict, "severity"),
        reason=text_of(verdict, "reason"),
        evidence=objects_of(verdict, "evidence"),
        exemption=note_of(exemption) if exemption else None,
        remediation=_remediation(mapping_of(verdict, "remediation")),
        own_name=text_of(verdict, "rule_name") if is_own_id(text_of(verdict, "rule_id")) else "",
    )


def _remediation(written: Mapping[str, JsonValue]) -> str:
    commands = [posix_command(texts_of(command, "argv")) for command in objects_of(written, "commands")]
    note = text_of(written, "note")
    lines = [f"# {NOT_SHOWN}" if command is None else command for command in commands]
    return "\n".join([*lines, *([f"# {plain(note, 4_000)}"] if note else [])])
