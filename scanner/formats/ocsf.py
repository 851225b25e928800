"""Compliance Findings of the Open Cybersecurity Schema Framework, for security lakes: class 2003, one JSON object a line.

https://schema.ocsf.io/1.8.0/classes/compliance_finding?profiles=cloud
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from scanner.formats.known_rows import ControlNames
from scanner.formats.strict_json import strict_json
from scanner.overview.environments import shown
from scanner.overview.scale_set import KnownFinding, KnownScaleSet
from scanner.plain_text import plain
from scanner.rules import RULES
from scanner.rules.verdict import Outcome

VERSION: Final = "1.8.0"
_CATEGORY, _CLASS, _CREATE = 2, 2003, 1
_SEVERITIES: Final = {"low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High")}
_INFORMATIONAL: Final = (1, "Informational")
_RESULTS: Final = {
    Outcome.PASSED.value: (1, "Pass"),
    Outcome.UNKNOWN.value: (2, "Warning"),
    Outcome.FAILED.value: (3, "Fail"),
}
"""Warning is the schema's word for a check without a result, as information is missing."""
_AZURE_SUBSCRIPTION: Final = (13, "Azure Subscription")
_RULES: Final = {rule.id: rule for rule in RULES}
_OWN_STANDARD: Final = "VMSS Upgrade Monitor rules"


def ocsf_lines(items: Iterable[KnownScaleSet], at: str, version: str, controls: ControlNames) -> Iterator[str]:
    """Write a finding for each verdict that passed, failed or is unknown; what does not apply is left out.

    ``at`` is the moment of the findings (ISO 8601), ``version`` ours.
    """
    moment = _milliseconds(at)
    for item in items:
        known = {finding.rule_id: finding for finding in item.findings}
        for rule_id, outcome in sorted({**item.outcomes, **dict.fromkeys(known, Outcome.FAILED.value)}.items()):
            if outcome in _RESULTS:
                written = _event(item, rule_id, outcome, known.get(rule_id), moment)
                written["metadata"]["product"]["version"] = version
                # Required up to version 1.4, so that older lakes take it too.
                written["compliance"]["standards"] = list(controls.get(rule_id, ())) or [_OWN_STANDARD]
                yield strict_json(written, separators=(",", ":")) + "\n"


def _event(
    item: KnownScaleSet, rule_id: str, outcome: str, finding: KnownFinding | None, moment: int
) -> dict[str, Any]:
    rule = _RULES.get(rule_id)
    failed = outcome == Outcome.FAILED.value
    severity = _SEVERITIES.get(finding.severity, _INFORMATIONAL) if failed and finding is not None else _INFORMATIONAL
    result = _RESULTS[outcome]
    own_name = finding.own_name if finding is not None else ""
    title = f"{rule_id} {rule.name if rule is not None else own_name}".rstrip()
    event: dict[str, Any] = {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "type_uid": _CLASS * 100 + _CREATE,
        "time": moment,
        "severity_id": severity[0],
        "severity": severity[1],
        "message": _message(item, title, finding, outcome),
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "product": {"name": "VMSS Upgrade Monitor", "vendor_name": "VMSS Upgrade Monitor"},
        },
        "cloud": {
            "provider": "Azure",
            "account": {"uid": item.subscription_id, "type_id": _AZURE_SUBSCRIPTION[0], "type": _AZURE_SUBSCRIPTION[1]},
            **({"region": plain(item.location, 200)} if item.location else {}),
        },
        "finding_info": {
            "uid": _uid(item, rule_id),
            "title": title,
            "types": ["upgrade-posture"],
            **({"desc": rule.title} if rule is not None else {}),
            **({"first_seen_time": _milliseconds(finding.opened_at)} if finding and finding.opened_at else {}),
            "last_seen_time": _milliseconds(item.last_read_at) if item.last_read_at else moment,
        },
        "compliance": {
            "control": rule_id,
            "status_id": result[0],
            "status": result[1],
        },
        "resources": [_resource(item)],
        "unmapped": {"upgrades_itself": item.upgrades_itself, "outcome": outcome},
    }
    if failed:
        is_exempt = finding is not None and finding.exemption is not None
        event["status_id"], event["status"] = (3, "Suppressed") if is_exempt else (1, "New")
    if finding is not None and failed:
        event |= _of_finding(finding)
    if rule is not None and failed:
        said = plain(finding.remediation, 4_000) if finding and finding.remediation else rule.title
        event["remediation"] = {"desc": said, "references": list(rule.references)}
    return event


def _of_finding(finding: KnownFinding) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if finding.evidence:
        written["evidences"] = [
            {"data": {str(each.get("path")): shown(each.get("value"))}} for each in finding.evidence
        ]
    note = finding.exemption
    if note is not None:
        ticket = f" ({note.ticket})" if note.ticket else ""
        written["status_detail"] = plain(f"Exempt until {note.until} by {note.owner}{ticket}: {note.reason}", 2_000)
    return written


def _message(item: KnownScaleSet, title: str, finding: KnownFinding | None, outcome: str) -> str:
    reason = f": {finding.reason}" if finding is not None and finding.reason else f": {outcome}."
    return plain(f"{title} on {item.name}{reason}", 2_000)


def _resource(item: KnownScaleSet) -> dict[str, Any]:
    labels = [
        f"{name}:{plain(value, 200)}"
        for name in ("environment", "application", "ring", "owner")
        if (value := getattr(item, name))
    ]
    return {
        "uid": plain(item.scale_set_id, 2_000),
        "name": plain(item.name, 200),
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "cloud_partition": "azure",
        **({"region": plain(item.location, 200)} if item.location else {}),
        **({"labels": labels} if labels else {}),
        **({"group": {"name": plain(item.resource_group, 200)}} if item.resource_group else {}),
    }


def _uid(item: KnownScaleSet, rule_id: str) -> str:
    """Name the finding as SARIF does: one rule on one scale set, whatever the moment."""
    return hashlib.sha256(f"{rule_id}\n{item.key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _milliseconds(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return 0
    return round((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1000)
