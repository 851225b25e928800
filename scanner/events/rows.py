"""The rows of a transition: flat columns as declared in ``data/tables.json``, in words a person can read in a mail."""

from collections.abc import Mapping

from scanner.events.attribution_columns import attribution_columns, sentence_of
from scanner.events.event_types import EventType
from scanner.events.rollout_columns import rollout_columns, rollout_sentence
from scanner.events.stamp import ScanStamp
from scanner.facts.evidence import JsonValue
from scanner.judging.judge import Judgement
from scanner.judging.remediation import remediation_for
from scanner.plain_text import FIELD_LIMIT, bounded, json_text, plain
from scanner.ports.event import Event, Table, event_id
from scanner.rules import rule_by_id
from scanner.rules.own_catalogue import find_rule
from scanner.rules.remediation import render_posix
from scanner.state.drift import Direction, Drift
from scanner.state.happenings import (
    Appeared,
    Drifted,
    Exempted,
    FlippedBack,
    Happening,
    Opened,
    Recreated,
    Removed,
    Resolved,
    Retired,
    RolloutMoved,
    Withdrawn,
)
from scanner.state.state import Identity, ScaleSetState
from scanner.state.transitions import Transition

type Finding = Opened | Resolved | Exempted | Withdrawn

_FINDING_TYPES: Mapping[type, EventType] = {
    Opened: EventType.OPENED,
    Resolved: EventType.RESOLVED,
    Exempted: EventType.EXEMPTED,
    Withdrawn: EventType.WITHDRAWN,
}


def events_of(transition: Transition, stamp: ScanStamp) -> tuple[Event, ...]:
    """Make the events that say what happened, in order."""
    if not transition.happenings:
        return ()
    rows = _Rows(transition.state, transition.judgement, stamp)
    return tuple([rows.event(happening, ordinal) for ordinal, happening in enumerate(transition.happenings)])


class _Rows:
    """Makes the events of one transition of one scale set."""

    __slots__ = ("_common", "_judgement", "_name", "_stamp", "_state")

    def __init__(self, state: ScaleSetState, judgement: Judgement | None, stamp: ScanStamp) -> None:
        self._state = state
        self._judgement = judgement
        self._stamp = stamp
        self._name = plain(state.identity.name, 128)
        self._common: dict[str, JsonValue] = {
            **identity_columns(state.identity),
            "Generation": state.generation or None,
            "Revision": state.revision,
            "Ordinal": 0,
            "UpgradesItself": state.upgrades_itself,
            "BlockedBy": bounded(state.blocked_by),
        }

    def event(self, happening: Happening, ordinal: int) -> Event:
        """Make the event that comes ``ordinal``-th within its revision."""
        self._common["Ordinal"] = ordinal
        match happening:
            case Appeared():
                summary = f"{self._name} was discovered; upgrades itself: {self._state.upgrades_itself}."
                return self._event(EventType.DISCOVERED, "", summary, {})
            case Recreated():
                headline = self._state.upgrades_itself
                summary = f"{self._name} was re-created under the same id; upgrades itself: {headline}."
                return self._event(EventType.RECREATED, "", summary, {})
            case Removed():
                return self._event(EventType.REMOVED, "", f"{self._name} was removed.", {})
            case Retired():
                summary = f"{self._name} is not watched any more: its subscription was retired."
                return self._event(EventType.RETIRED, "", summary, {})
            case Drifted() | FlippedBack() | RolloutMoved():
                return self._rollout(happening) if isinstance(happening, RolloutMoved) else self._drifted(happening)
            case Opened() | Resolved() | Exempted() | Withdrawn():
                return self._finding(happening)

    def _drifted(self, happening: Drifted | FlippedBack) -> Event:
        drift = happening.drift
        if isinstance(happening, FlippedBack):
            off, on = happening.off, happening.on
            what = f"{drift.field} was switched off{sentence_of(off)}, and on again{sentence_of(on)}"
            both: list[JsonValue] = [dict(attribution_columns(each)) for each in (off, on)]
            return self._drift_event(drift, f"{self._name}: {what}.", {**attribution_columns(on), "Changes": both})
        verb = "changed" if drift.direction is Direction.NEUTRAL else drift.direction.value
        before, after = json_text(drift.before), json_text(drift.after)
        what = f"{drift.field} {verb} from {plain(before, 200)} to {plain(after, 200)}{sentence_of(happening.who)}"
        return self._drift_event(drift, f"{self._name}: {what}.", attribution_columns(happening.who))

    def _drift_event(self, drift: Drift, summary: str, who: Mapping[str, JsonValue]) -> Event:
        columns: dict[str, JsonValue] = {
            "Field": drift.field,
            "Before": json_text(drift.before),
            "After": json_text(drift.after),
            "Direction": drift.direction.value,
            **who,
        }
        return self._event(EventType.DRIFTED, drift.field, summary, columns)

    def _rollout(self, happening: RolloutMoved) -> Event:
        """Make the event of an attempt: its id names the attempt, so that no state that is lost tells it twice."""
        event_type = EventType(f"rollout.{happening.phase}")
        identifier = event_id(self._state.identity.key, event_type, happening.rollout.attempt, 0)
        summary = f"{self._name}: {rollout_sentence(happening)}"
        row = {**self._stamp.row(event_type, identifier, summary), **self._common, **rollout_columns(happening.rollout)}
        return Event(identifier, Table.EVENTS, row)

    def _finding(self, happening: Finding) -> Event:
        rule_id, finding, note = happening.rule_id, happening.finding, happening.finding.exemption
        name = finding.own_name or name_of(rule_id)
        columns: dict[str, JsonValue] = {
            "RuleId": rule_id,
            "RuleName": name,
            "Severity": finding.severity,
            "Reason": finding.reason,
            "Evidence": bounded(finding.evidence),
            "OpenedAt": finding.opened_at,
        }
        told = f"{self._name}: {rule_id} {name}"
        match happening:
            case Opened():
                summary = f"{told} opened. {plain(finding.reason, 400)}"
                if self._judgement is not None:
                    columns["Remediation"] = _remediation(rule_id, self._judgement)
            case Resolved():
                summary = f"{told} resolved."
            case Exempted():
                until, owner = (note.until, plain(note.owner, 128)) if note is not None else ("", "")
                summary = f"{told} exempted until {until} by {owner}."
            case Withdrawn(why=why):
                summary = f"{told} withdrawn: {why}."
        if isinstance(happening, Exempted) and note is not None:
            columns |= {
                "ExemptionReason": note.reason,
                "ExemptionOwner": note.owner,
                "ExemptionUntil": note.until,
                "ExemptionSource": note.source,
            }
        return self._event(_FINDING_TYPES[type(happening)], rule_id, summary, columns)

    def _event(self, event_type: EventType, detail: str, summary: str, columns: dict[str, JsonValue]) -> Event:
        state = self._state
        identifier = event_id(state.identity.key, event_type, detail, state.revision, state.generation)
        row = self._stamp.row(event_type, identifier, summary)
        row.update(self._common)
        row.update(columns)
        return Event(identifier, Table.EVENTS, row)


def identity_columns(identity: Identity) -> dict[str, JsonValue]:
    """Fill in the columns that say which scale set a row is about."""
    return {
        "ScaleSetId": identity.key,
        "ScaleSetName": plain(identity.name, 128),
        "AzureSubscriptionId": identity.subscription_id,
        "ResourceGroup": plain(identity.resource_group, 128),
        "Location": plain(identity.location, 128),
        "Environment": identity.environment,
        "Application": identity.application,
        "Ring": identity.ring,
        "Owner": identity.owner,
    }


def name_of(rule_id: str) -> str:
    """Name a rule of the catalogue; empty for one that this release does not know."""
    try:
        return rule_by_id(rule_id).name
    except KeyError:
        return ""


def _remediation(rule_id: str, judgement: Judgement) -> str:
    """Write the remediation for a POSIX shell; half a command must not be there to be pasted."""
    text = render_posix(remediation_for(find_rule(rule_id, judgement.criteria.own), judgement))
    return text if len(text) <= FIELD_LIMIT else "# Too long for this column: vmss-posture check prints it."
