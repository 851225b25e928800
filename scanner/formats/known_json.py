"""What is known of a fleet as one JSON document, a scale set a line; ``docs/export.schema.json`` describes it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from scanner.formats.known_rows import ControlNames
from scanner.formats.strict_json import strict_json
from scanner.overview.scale_set import KnownFinding, KnownInstances, KnownScaleSet

SCHEMA_VERSION = 1


def json_parts(
    items: Iterable[KnownScaleSet], about: Mapping[str, str], controls: ControlNames, problems: Iterable[str]
) -> Iterator[str]:
    """Write the document in parts. ``problems`` are asked for at the end, when all was read."""
    yield f'{{\n"schema_version": {SCHEMA_VERSION},\n"about": {strict_json(dict(about))},\n"scale_sets": ['
    for index, item in enumerate(items):
        yield f"{',' if index else ''}\n{strict_json(_document(item, controls))}"
    yield f'\n],\n"problems": {strict_json(list(problems))}\n}}\n'


def _document(item: KnownScaleSet, controls: ControlNames) -> dict[str, Any]:
    return {
        "scale_set_id": item.scale_set_id,
        "name": item.name,
        "subscription_id": item.subscription_id,
        "resource_group": item.resource_group,
        "location": item.location or None,
        "labels": {name: getattr(item, name) or None for name in ("environment", "application", "ring", "owner")},
        "upgrades_itself": item.upgrades_itself,
        "blocked_by": list(item.blocked_by),
        "ready_to_enable": item.ready_to_enable or None,
        "blocked_if_enabled": list(item.blocked_if_enabled),
        "managed_by": item.managed_by or None,
        "missing": list(item.missing),
        "facts": dict(item.facts),
        "outcomes": dict(item.outcomes),
        "findings": [_finding(finding, controls) for finding in item.findings],
        "instances": None if item.instances is None else _instances(item.instances),
        "first_seen_at": item.first_seen_at or None,
        "last_read_at": item.last_read_at or None,
    }


def _instances(known: KnownInstances) -> dict[str, Any]:
    return {name: (None if value == "" else value) for name, value in asdict(known).items()}


def _finding(finding: KnownFinding, controls: ControlNames) -> dict[str, Any]:
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity,
        "reason": finding.reason or None,
        "opened_at": finding.opened_at or None,
        "evidence": [dict(item) for item in finding.evidence],
        "exemption": None if finding.exemption is None else asdict(finding.exemption),
        "remediation": finding.remediation or None,
        "controls": list(controls.get(finding.rule_id, ())),
    }
