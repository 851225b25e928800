"""The reader of state version 1, as it was released: run on what newer releases write, and never changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from scanner.errors import StoreError
from scanner.facts.evidence import JsonValue
from scanner.ports.store import StateRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which scale set, and whose. Labels come from its tags; an empty text means that there is no such tag."""

    key: str
    scale_set_id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str
    environment: str = ""
    application: str = ""
    ring: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionNote:
    """The exemption that covers a finding, as it was read."""

    reason: str
    owner: str
    until: str
    source: str
    ticket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A failed verdict that lasts: open, or exempt while an exemption covers it."""

    opened_at: str
    severity: str
    reason: str
    evidence: list[dict[str, JsonValue]]
    exemption: ExemptionNote | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSetState:
    """The last known state of one scale set. Times are ISO 8601 text in UTC."""

    identity: Identity
    revision: int
    unique_id: str | None
    first_seen_at: str
    facts: Mapping[str, JsonValue]
    """Last known value of every posture fact; a fact that was never reported is absent."""
    outcomes: Mapping[str, str]
    """Outcome of every rule at the last reading."""
    findings: Mapping[str, Finding]
    upgrades_itself: str
    blocked_by: tuple[str, ...] = ()
    managed_by: str | None = None
    missing: tuple[str, ...] = ()
    """What was not known, for an unknown headline."""
    missed_scans: int = 0
    """Scans in a row that covered the subscription and did not see the scale set."""
    last_read_at: str | None = None
    """When it was last seen; only kept while scans miss it."""
    removed_at: str | None = None
    """Set on a tombstone: the scale set is confirmed gone, its revisions go on."""


def decode(row: StateRow) -> ScaleSetState:
    """Read a state from a row of the store. Raises ``StoreError`` when the row is not one that this service wrote."""
    try:
        body = json.loads(row.body)
        environment, application, ring, owner = body["labels"]
        return ScaleSetState(
            identity=Identity(
                key=row.key,
                scale_set_id=body["id"],
                name=body["name"],
                subscription_id=row.subscription_id,
                resource_group=body["resource_group"],
                location=body["location"],
                environment=environment,
                application=application,
                ring=ring,
                owner=owner,
            ),
            revision=row.revision,
            unique_id=body["unique_id"],
            first_seen_at=body["first_seen_at"],
            facts=body["facts"],
            outcomes=body["outcomes"],
            findings={rule_id: _read_finding(finding) for rule_id, finding in body["findings"].items()},
            upgrades_itself=body["upgrades_itself"],
            blocked_by=tuple(body["blocked_by"]),
            managed_by=body["managed_by"],
            missing=tuple(body.get("missing", ())),
            missed_scans=body["missed_scans"],
            last_read_at=body["last_read_at"],
            removed_at=body["removed_at"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"The state row of {row.key!r} (revision {row.revision}) cannot be read ({error!r})."
            " Delete that row, and the next scan discovers the scale set anew."
        ) from error


def _read_finding(body: Mapping[str, JsonValue]) -> Finding:
    values = dict(body)
    exemption = values.pop("exemption", None)
    note = ExemptionNote(**exemption) if isinstance(exemption, dict) else None
    return Finding(**values, exemption=note)  # type: ignore[arg-type]
