"""Who changed what: recent changes, read in one query before the first page, and put beside each scale set's row."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter

from scanner.errors import ReadFailedError, UnreadableError
from scanner.facts.change import Attribution, Certainty, Change
from scanner.facts.compared import compared_facts
from scanner.facts.depth import Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.people import Naming, People
from scanner.facts.posture import Posture
from scanner.ports.store import Damage, StateStore
from scanner.reading.change_rows import parse_change, with_current
from scanner.rules.criteria import Criteria
from scanner.scan.underway import Scan
from scanner.state import attribution
from scanner.state.drift import drifts
from scanner.state.flip import Flip, Seen, flip_of
from scanner.state.glance import Glance
from scanner.state.state import ScaleSetState

NAME = "changes"
READ = "changes.read"
"""Record: the moment of the last scan that read all changes and all scale sets."""
PSEUDONYMS = "changes.pseudonyms"
"""Record: the random value of pseudonyms. Whoever drops it makes the earlier ones meaningless."""
_KEY = re.compile(r"[0-9a-f]{64}")
OVERLAP = timedelta(minutes=15)
"""Azure may take minutes to record a change."""
KEPT_BY_AZURE = timedelta(days=14)
PER_SCALE_SET = 50
"""Latest changes that are kept of one scale set: memory has a bound whatever a pipeline does."""


@dataclass(slots=True, kw_only=True)
class ChangeSource:
    """The changes since the last scan, by scale set."""

    changes: Mapping[str, Sequence[Change]] | None
    """By the scale set's id in lower case; ``None``: they could not be read."""
    people: People
    moment: str
    name: str = field(default=NAME, init=False)

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:
        """Answer the last change, as it is known now: a record that arrives late is judged.

        Of a change that this very scan found without a record, it is the one before: a scan that is repeated finds the
        basis that it left.
        """
        kept = known.kept.get(NAME) if known is not None and known.removed_at is None else None
        recent = self._recent(row)
        if not recent and self.people.naming is Naming.NAME and attribution.is_settled(kept):
            return kept  # as it was written: for most rows nothing has changed
        last = self._last(attribution.read(kept), recent)
        if last is not None and last.certainty is Certainty.PENDING and last.changed_at == self.moment:
            last = last.before
        return attribution.body_of(last)

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:
        """Fill in recent changes and the last one."""
        recent = self._recent(row)
        remembered = None if known is None or known.removed_at is not None else known.last_change
        return replace(depth, changes=recent, last_change=self._last(remembered, recent))

    def _recent(self, row: Mapping[str, object]) -> tuple[Change, ...] | None:
        identifier = row.get("id")
        if self.changes is None or not isinstance(identifier, str):
            return None
        return tuple([with_current(each, row) for each in self.changes.get(identifier.lower(), ())])

    def _last(self, remembered: Attribution | None, recent: tuple[Change, ...] | None) -> Attribution | None:
        return attribution.last_change(attribution.named_as(remembered, self.people), recent, (), self.moment)


def read_changes(scan: Scan) -> ChangeSource:
    """Read what changed since the last scan that read it all. Where that fails, nothing is known of who changed what."""
    store, criteria, moment = scan.ports.store, scan.request.criteria, scan.request.moment
    people = _people(scan)
    clients = dict(criteria.published.first_party_clients)
    changes: Mapping[str, Sequence[Change]] | None = None
    try:
        changes = _read(scan, since(store.get_record(READ), moment), clients, people)
    except ReadFailedError as error:
        scan.not_read.append(f"Who changed what was not read: {error}")
    return ChangeSource(changes=changes, people=people, moment=scan.stamp.detected_at)


def _read(scan: Scan, after: datetime, clients: Mapping[str, str], people: People) -> Mapping[str, Sequence[Change]]:
    found: dict[str, list[Change]] = {}
    for page in scan.ports.fleet.changes(after):
        for row in page:
            parsed = parse_change(row, clients, people)
            if parsed is not None:
                found.setdefault(parsed[0], []).append(parsed[1])
    by_time = attrgetter("attribution.changed_at")
    return {key: sorted(changes, key=by_time)[-PER_SCALE_SET:] for key, changes in found.items()}


def since(record: str | None, moment: datetime) -> datetime:
    """Choose from when on changes are asked for: the last reading of all, with an overlap; Azure keeps them for 14 days.

    A clock that was set back asks for those of the overlap.
    """
    earliest = moment - KEPT_BY_AZURE
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):  # a damaged record begins anew
        read_at = datetime.fromisoformat(json.loads(record or "{}")["read_at"])
        return max(earliest, min(read_at, moment) - OVERLAP)
    return earliest


def make_pseudonym_key(criteria: Criteria, store: StateStore, holder: str) -> None:
    """Make the random value of pseudonyms, where there is none and the policy wants them: once, before any shard reads.

    One that is damaged stays: another value would name each person anew, without a word.
    """
    if criteria.policy.changed_by is Naming.PSEUDONYM and store.get_record(PSEUDONYMS) is None:
        store.put_records({PSEUDONYMS: secrets.token_hex(32)}, holder=holder)


def read_pseudonym_key(store: StateStore) -> str | None:
    """Read the random value of pseudonyms, ``None``: there is none. Raises ``UnreadableError`` where it is damaged."""
    key = store.get_record(PSEUDONYMS)
    if key is not None and not _KEY.fullmatch(key):
        raise UnreadableError("it is not the random value of pseudonyms, so that names of people are left out")
    return key


def _people(scan: Scan) -> People:
    """Prepare how people are named; people whose pseudonym cannot be made are not."""
    policy = scan.request.criteria.policy
    key: str | None = None
    if policy.changed_by is Naming.PSEUDONYM:
        try:
            key = read_pseudonym_key(scan.ports.store)
        except UnreadableError as error:
            scan.view.set_aside(Damage(kind="record", name=PSEUDONYMS, why=str(error)))
    return People(naming=policy.changed_by, key=key or "", kept=policy.pipelines)


def explained(scan: Scan, posture: Posture, depth: Depth, known: ScaleSetState | None) -> Depth:
    """Say of a scale set that differs from what is known without a record of it that its last change is not known yet."""
    if known is None or known.removed_at is not None:
        return depth
    remembered = (depth.last_change, None if known.hold is None else known.hold.change)
    unexplained = [
        drift.field
        for drift in drifts(known.facts, compared_facts(posture))
        if (who := attribution.who_changed(drift.field, depth.changes or (), *remembered)) is not None
        and who.certainty is Certainty.PENDING
    ]
    moment = scan.stamp.detected_at
    return replace(depth, last_change=attribution.last_change(depth.last_change, depth.changes, unexplained, moment))


def flip_in(scan: Scan, posture: Posture, depth: Depth, known: ScaleSetState | None) -> Flip:
    """Decide whether a pipeline's weakening of the flag waits for one scan."""
    last_read_at = scan.view.coverage.read_at.get(posture.subscription_id, "")
    seen = Seen(
        scan_id=scan.request.scan_id, last_read_at=last_read_at, pipelines=scan.request.criteria.policy.pipelines
    )
    return flip_of(known, posture, depth, seen)


def as_held(posture: Posture, flip: Flip) -> Posture:
    """Judge a held scale set as if the flag were on: all else that it says is told at once."""
    return replace(posture, automatic_os_upgrade=True) if flip.is_held else posture
