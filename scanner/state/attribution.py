"""Who changed what: a fact that differs, and the last change of the posture, by path and value.

A change that Azure has not recorded yet is told without a name; the next scan completes it in the state.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from scanner.facts.change import Attribution, Certainty, Change, touches
from scanner.facts.compared import COMPARED, paths_of
from scanner.facts.evidence import JsonValue
from scanner.facts.people import People

WAIT = timedelta(minutes=10)
"""How long Azure may take to record a change. https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes"""
CANDIDATES = 5
_NONE_SEEN = Attribution(certainty=Certainty.NONE_SEEN)
_PENDING = Attribution(certainty=Certainty.PENDING)
_FOUND = frozenset({Certainty.KNOWN, Certainty.PLATFORM, Certainty.UNSPECIFIED})
_SETTLED = frozenset(each.value for each in Certainty if each is not Certainty.PENDING)
_FIELDS = ("changed_at", "changed_by", "changed_by_type", "changed_with", "client_id", "operation", "correlation_id")


def who_changed(field: str, changes: Iterable[Change], *remembered: Attribution | None) -> Attribution | None:
    """Say who gave a fact its present value; ``None``: nobody did, as the fact is decided from others.

    ``changes`` are those of the scale set; ``remembered`` are changes that were known before, the first of which counts
    that set this fact: its record may be out of the window that was read.
    """
    paths = paths_of(field)
    if not paths:
        return None
    found = _one_of(_setters(paths, changes))
    earlier = (item for item in remembered if item and field in item.fields and item.certainty in _FOUND)
    return found or next(earlier, _PENDING)


def together(attributions: Iterable[Attribution]) -> Attribution | None:
    """Put together who changed several facts; ``None``: nobody changed any."""
    return _one_of(list(attributions))


def last_change(
    known: Attribution | None, changes: Sequence[Change] | None, unexplained: Iterable[str], moment: str
) -> Attribution | None:
    """Name the last change of the posture: the newest write that a compared fact still shows.

    ``unexplained`` are facts that differ now without a record of it; ``moment`` is that of the scan. Changes are
    ``None`` where they were not read: then nothing that waits is given up.
    """
    fields = set(unexplained)
    if fields:
        pending = known if known is not None and known.certainty is Certainty.PENDING else None
        if pending is not None and pending.changed_at == moment:
            fields.update(pending.fields)  # of the same scan, which is repeated: what it told differs no more
        before = known if pending is None else pending.before
        return replace(_PENDING, changed_at=moment, fields=tuple(sorted(fields)), before=before)
    if changes is None:
        return known
    newest = _newest(changes) if changes else None
    if newest is not None and _follows(newest, known):
        return newest
    return _NONE_SEEN if known is None else _given_up(known, moment)


def _follows(newest: Attribution, known: Attribution | None) -> bool:
    """Whether a change comes after the last one that is known, or is the one that was looked for."""
    if known is None or newest.changed_at > known.changed_at:
        return True
    return known.certainty not in _FOUND and bool(set(known.fields) & set(newest.fields))


def body_of(attribution: Attribution | None) -> JsonValue:
    """Write it as plain JSON: what is empty is left out."""
    if attribution is None:
        return None
    if attribution is _NONE_SEEN:  # as of most scale sets
        return {"certainty": attribution.certainty.value}
    told: dict[str, JsonValue] = {name: value for name in _FIELDS if (value := getattr(attribution, name))}
    if attribution.fields:
        told["fields"] = list(attribution.fields)
    if attribution.others:
        told["others"] = [body_of(other) for other in attribution.others]
    if attribution.before is not None:
        told["before"] = body_of(attribution.before)
    return {"certainty": attribution.certainty.value, **told}


def is_settled(value: object) -> bool:
    """Whether what ``body_of`` wrote stays as it is until there is another change."""
    return isinstance(value, Mapping) and value.get("certainty") in _SETTLED


def read(value: Any) -> Attribution | None:
    """Read what ``body_of`` wrote. Raises ``TypeError``, ``ValueError`` or ``KeyError`` for anything else."""
    if value is None:
        return None
    texts = {name: value.get(name, "") for name in _FIELDS}
    fields = value.get("fields", [])
    if not all(isinstance(text, str) for text in (*texts.values(), *fields)):
        raise TypeError("something else in place of text")
    others = tuple([other for item in value.get("others", []) if (other := read(item)) is not None])
    before = read(value.get("before"))
    return Attribution(
        certainty=Certainty(value["certainty"]), fields=tuple(fields), others=others, before=before, **texts
    )


def named_as(attribution: Attribution | None, people: People) -> Attribution | None:
    """Name people in what is remembered as the policy wants it now."""
    if attribution is None:
        return None
    others = tuple([other for item in attribution.others if (other := named_as(item, people)) is not None])
    before = named_as(attribution.before, people)
    return replace(attribution, changed_by=people.shown(attribution.changed_by), others=others, before=before)


def _given_up(known: Attribution, moment: str) -> Attribution:
    """End the waiting for a record that Azure should have by now."""
    if known.certainty is not Certainty.PENDING:
        return known
    waited = datetime.fromisoformat(moment) - datetime.fromisoformat(known.changed_at)
    return replace(known, certainty=Certainty.NOT_FOUND, before=None) if waited >= WAIT else known


def _newest(changes: Sequence[Change]) -> Attribution | None:
    """Find the latest write of each fact that still shows; answer the newest of them, with the facts that it set."""
    latest: dict[str, tuple[Change, str]] = {}
    for change in _by_time(changes):
        for path in change.values:
            latest[path.lower()] = (change, path)
    shown = [change for change, path in latest.values() if path in change.current and _facts_at(path)]
    newest = max(shown, key=lambda it: it.attribution.changed_at, default=None)
    if newest is None:
        return None
    fields = {name for path in newest.current if latest[path.lower()][0] is newest for name in _facts_at(path)}
    return replace(newest.attribution, fields=tuple(sorted(fields)))


def _setters(paths: Sequence[str], changes: Iterable[Change]) -> list[Attribution]:
    """Find the last write of each property of a fact, where its value is the present one."""
    latest: dict[str, tuple[Change, str]] = {}
    for change in _by_time(changes):
        for path in change.values:
            if any(touches(path, wanted) for wanted in paths):
                latest[path.lower()] = (change, path)
    return [change.attribution for change, path in latest.values() if path in change.current]


def _one_of(found: Sequence[Attribution]) -> Attribution | None:
    """Answer the one who did it, or all who may have, oldest first."""
    apart: dict[tuple[object, ...], Attribution] = {}
    for item in sorted(_flat(found), key=lambda it: it.changed_at):
        apart[item.certainty, item.changed_by, item.changed_by_type, item.changed_with] = item
    if len(apart) < 2:
        return next(iter(apart.values()), None)
    others = tuple(sorted(apart.values(), key=lambda it: it.changed_at))[-CANDIDATES:]
    return Attribution(certainty=Certainty.SEVERAL, changed_at=others[-1].changed_at, others=others)


def _flat(found: Iterable[Attribution]) -> Iterator[Attribution]:
    for item in found:
        yield from item.others or (item,)


def _by_time(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda it: (it.attribution.changed_at, it.attribution.correlation_id))


def _facts_at(path: str) -> list[str]:
    return [fact.name for fact in COMPARED if any(touches(path, wanted) for wanted in fact.paths)]
