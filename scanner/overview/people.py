"""Names of people in what leaves the operator's hands: e-mail addresses, wherever they stand, become pseudonyms."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.facts.people import People
from scanner.overview.scale_set import KnownFinding, KnownScaleSet
from scanner.state.state import ExemptionNote

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")


def without_names(item: KnownScaleSet, people: People) -> KnownScaleSet:
    """Replace every e-mail address in what is known of a scale set. Other names, such as those of teams, stay."""
    changed: dict[str, Any] = {name: _replaced(getattr(item, name), people) for name in _FIELDS}
    findings = tuple([_finding(finding, people) for finding in item.findings])
    return replace(item, **changed, findings=findings)


_KEPT = frozenset(
    {"findings", "instances", "outcomes", "revision", "scale_set_id", "subscription_id", "upgrades_itself"}
)
_FIELDS = tuple(each.name for each in fields(KnownScaleSet) if each.name not in _KEPT)


def _finding(finding: KnownFinding, people: People) -> KnownFinding:
    note = finding.exemption
    return replace(
        finding,
        reason=_text(finding.reason, people),
        remediation=_text(finding.remediation, people),
        evidence=[{name: _value(value, people) for name, value in item.items()} for item in finding.evidence],
        exemption=None if note is None else _note(note, people),
    )


def _note(note: ExemptionNote, people: People) -> ExemptionNote:
    return replace(
        note, owner=_text(note.owner, people), reason=_text(note.reason, people), ticket=_text(note.ticket, people)
    )


def _replaced(value: object, people: People) -> object:
    match value:
        case str():
            return _text(value, people)
        case tuple():
            return tuple([_replaced(each, people) for each in value])
        case Mapping():
            return {name: _value(each, people) for name, each in value.items()}
        case _:
            return value


def _value(value: JsonValue, people: People) -> JsonValue:
    match value:
        case str():
            return _text(value, people)
        case Mapping():
            return {_text(name, people): _value(each, people) for name, each in value.items()}
        case list() | tuple():
            return [_value(each, people) for each in value]
        case _:
            return value


def _text(text: str, people: People) -> str:
    return _ADDRESS.sub(lambda found: people.shown(found[0]), text) if "@" in text else text
