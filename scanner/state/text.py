"""A state as text in the store, and back. What is not a state of ours is told apart, whatever it holds."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scanner.errors import UnreadableError
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.ports.store import StateRow
from scanner.state import attribution
from scanner.state.checked_text import checked, read_checked
from scanner.state.glance import glance_of, glance_text
from scanner.state.state import Claim, ExemptionNote, Finding, Hold, Identity, ScaleSetState
from scanner.state.tally import tally_of, tally_text


def encode(state: ScaleSetState, commit_id: str) -> StateRow:
    """Write a state as a row of the store."""
    return StateRow(
        subscription_id=state.identity.subscription_id,
        key=state.identity.key,
        revision=state.revision,
        commit_id=commit_id,
        body=body_of(state),
        glance=glance_text(glance_of(state)),
        tally="" if state.removed_at is not None else tally_text(tally_of(state)),
    )


def body_of(state: ScaleSetState) -> str:
    """Write all of a state but its revision, so that two bodies are equal when nothing has changed."""
    identity = state.identity
    return checked(
        {
            "id": identity.scale_set_id,
            "name": identity.name,
            "resource_group": identity.resource_group,
            "location": identity.location,
            "labels": [identity.environment, identity.application, identity.ring, identity.owner],
            "generation": state.generation,
            "unique_id": state.unique_id,
            "first_seen_at": state.first_seen_at,
            "facts": state.facts,
            "outcomes": state.outcomes,
            "findings": {rule_id: _finding_body(finding) for rule_id, finding in state.findings.items()},
            "upgrades_itself": state.upgrades_itself,
            "blocked_by": state.blocked_by,
            "managed_by": state.managed_by,
            "missing": state.missing,
            "ready_to_enable": state.ready_to_enable,
            "blocked_if_enabled": state.blocked_if_enabled,
            "group_owner": state.group_owner,
            "earlier": state.earlier,
            "failed_before": state.failed_before,
            "claim": _claim_body(state.claim),
            "owner_claim": _claim_body(state.owner_claim),
            **_who_body(state),
            "missed_scans": state.missed_scans,
            "missed_by": state.missed_by,
            "last_read_at": state.last_read_at,
            "basis": state.basis,
            "due_at": state.due_at,
            "beside": state.beside,
            "removed_at": state.removed_at,
            "is_retired": state.is_retired,
        }
    )


def decode(row: StateRow) -> ScaleSetState:
    """Read a state from a row of the store. Raises ``UnreadableError`` when the row is not one that this service wrote.

    Fields that an older schema version did not have take their defaults (``tests/golden/states``).
    """
    try:
        return _state(row, _Fields(read_checked(row.body)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(
            f"revision {row.revision} is not a state ({type(error).__name__}: {plain(str(error), 200)})"
        ) from error


def _state(row: StateRow, body: "_Fields") -> ScaleSetState:
    environment, application, ring, owner = body.texts("labels")
    return ScaleSetState(
        identity=Identity(
            key=row.key,
            scale_set_id=body.text("id"),
            name=body.text("name"),
            subscription_id=row.subscription_id,
            resource_group=body.text("resource_group"),
            location=body.text("location"),
            environment=environment,
            application=application,
            ring=ring,
            owner=owner,
        ),
        revision=row.revision,
        generation=body.text("generation", default=""),
        unique_id=body.text_or_none("unique_id"),
        first_seen_at=body.text("first_seen_at"),
        facts=body.mapping("facts"),
        outcomes=_each(body.mapping("outcomes"), _text),
        findings=_each(body.mapping("findings"), _finding),
        upgrades_itself=body.text("upgrades_itself"),
        blocked_by=body.texts("blocked_by"),
        managed_by=body.text_or_none("managed_by"),
        missing=body.texts("missing", default=()),
        ready_to_enable=body.text("ready_to_enable", default=""),
        blocked_if_enabled=body.texts("blocked_if_enabled", default=()),
        group_owner=body.text_or_none("group_owner"),
        earlier=_each(body.mapping("earlier", default={}), _texts),
        failed_before=body.texts("failed_before", default=()),
        claim=_claim(body.given("claim", None)),
        owner_claim=_claim(body.given("owner_claim", None)),
        last_change=attribution.read(body.given("last_change", None)),
        hold=_hold(body.given("hold", None)),
        told_rollouts=_each(body.mapping("told_rollouts", default={}), _text),
        missed_scans=body.number("missed_scans"),
        missed_by=body.text_or_none("missed_by"),
        last_read_at=body.text_or_none("last_read_at"),
        basis=body.text("basis", default=""),
        due_at=body.text("due_at", default=""),
        beside=body.mapping("beside", default={}),
        removed_at=body.text_or_none("removed_at"),
        is_retired=body.given("is_retired", default=False) is True,
    )


_REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class _Fields:
    """A JSON object, each field of which is asked for as what it must be."""

    body: Mapping[str, Any]

    def given(self, name: str, default: Any) -> Any:
        return self.body[name] if default is _REQUIRED else self.body.get(name, default)

    def text(self, name: str, default: str = _REQUIRED) -> str:
        return _text(self.given(name, default))

    def text_or_none(self, name: str) -> str | None:
        value = self.given(name, None)
        return None if value is None else _text(value)

    def texts(self, name: str, default: tuple[str, ...] = _REQUIRED) -> tuple[str, ...]:
        return _texts(self.given(name, default))

    def mapping(self, name: str, default: Mapping[str, Any] = _REQUIRED) -> Mapping[str, Any]:
        return _mapping(self.given(name, default))

    def number(self, name: str) -> int:
        value = self.body[name]
        if type(value) is not int:
            raise TypeError(f"{name} is {type(value).__name__}")
        return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{type(value).__name__} in place of a list")
    return tuple([_text(item) for item in value])


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} in place of an object")
    return value


def _each[Value](values: Mapping[str, Any], read: Callable[[Any], Value]) -> dict[str, Value]:
    return {name: read(value) for name, value in values.items()}


def _finding_body(finding: Finding) -> dict[str, JsonValue]:
    return {
        "opened_at": finding.opened_at,
        "severity": finding.severity,
        "reason": finding.reason,
        "evidence": finding.evidence,
        "exemption": None if finding.exemption is None else asdict(finding.exemption),
        **({"own_name": finding.own_name} if finding.own_name else {}),
    }


def _finding(value: Any) -> Finding:
    body = _Fields(_mapping(value))
    note = body.given("exemption", None)
    evidence = body.body["evidence"]
    if not isinstance(evidence, list):
        raise TypeError("evidence is not a list")
    return Finding(
        opened_at=body.text("opened_at"),
        severity=body.text("severity"),
        reason=body.text("reason"),
        evidence=[{"path": _text(item["path"]), "value": item["value"]} for item in evidence],
        exemption=None if note is None else ExemptionNote(**_each(_mapping(note), _text)),
        own_name=_text(body.given("own_name", "")),
    )


def _claim_body(claim: Claim | None) -> list[str] | None:
    return None if claim is None else [claim.fingerprint, claim.scan_id]


def _claim(value: Any) -> Claim | None:
    return None if value is None else Claim(*_texts(value))


def _who_body(state: ScaleSetState) -> dict[str, JsonValue]:
    """Write who changed it, and its rollouts; nothing where nothing is known, as of most scale sets."""
    body: dict[str, JsonValue] = {}
    if state.last_change is not None:
        body["last_change"] = attribution.body_of(state.last_change)
    if state.hold is not None:
        hold = state.hold
        body["hold"] = [attribution.body_of(hold.change), hold.scan_id, hold.seen_on_by]
    if state.told_rollouts:
        body["told_rollouts"] = state.told_rollouts
    return body


def _hold(value: Any) -> Hold | None:
    if value is None:
        return None
    change, scan_id, seen_on_by = value
    found = attribution.read(change)
    return None if found is None else Hold(change=found, scan_id=_text(scan_id), seen_on_by=_text(seen_on_by))
