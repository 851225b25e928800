"""The source of rollouts: Compute's word on those scale sets that can have one, where something points to one."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

from scanner.facts.depth import Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.facts.rollout import RollingUpgrade, is_same_attempt
from scanner.ports.rollouts import HookWait, RolloutQuestion, RolloutReads, RolloutsTold
from scanner.reading.instance_rows import model_digest
from scanner.rules.questions import rolls
from scanner.rules.rollouts import stalls_at
from scanner.scan.depth import Changed
from scanner.scan.underway import Scan
from scanner.state.glance import Glance
from scanner.state.kept_rollouts import (
    MOST_ATTEMPTS,
    NAME,
    NOTHING_KEPT,
    KeptRollouts,
    digest_of,
    read_kept,
    write_kept,
)
from scanner.state.state import ScaleSetState

AGE = timedelta(hours=12)
"""How old an answer may be of a scale set at rest: an attempt that fails before it begins moves no instance."""
SPREAD = 0.25
"""Part of that by which scale sets that were read together are read apart from the next time on."""
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""The moment at which something was due that could not be asked: always the same, so that no row is written for it."""
SHARE_OF_TIME = 0.3
"""Part of the time left that rollouts may be asked for in."""
LONGEST = 120.0
"""Seconds that one page's questions may take: the lease is kept between them."""
SCALE_SETS_PER_PLACE = 2_000
"""Scale sets that one scan asks about in a subscription and region: a third of what refills in a quarter of an hour."""

type CensusDigest = Callable[[Mapping[str, object], ScaleSetState | None], str]


class RolloutSource:
    """Joins rolling upgrades and their history to the rows of their scale sets."""

    name = NAME

    def __init__(self, scan: Scan, reads: RolloutReads, census_digest: CensusDigest) -> None:
        self._scan = scan
        self._reads = reads
        self._census_digest = census_digest
        self._told: dict[str, KeptRollouts] = {}
        """What this scan was told about the scale sets of this page."""
        self._left: Counter[str] = Counter()

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:
        """Answer a digest of what Compute said: now, or when it was asked last."""
        told = self._told.get(_key_of(row))
        if told is not None:
            return digest_of(told)
        return "" if known is None or known.removed_at is not None else known.kept.get(NAME, "")

    def prepare(self, changed: Sequence[Changed], rows: int) -> None:
        """Ask Compute about those that are due, those that wait longest first."""
        self._told.clear()
        due = sorted(
            [each for each in changed if self._is_due(each)],
            key=lambda each: (self._kept_of(each).read_at or AT_ONCE, each.posture.key),
        )
        for each in due:
            self._asked_in_vain(each)
        asked = [each for each in due if self._take(each.posture)]
        if not asked:
            return
        self._scan.lease.keep()
        seconds = self._seconds_for(rows)
        answers = self._reads.ask([_question(each.posture) for each in asked], seconds)
        for each in asked:
            told = answers.get(each.posture.key)
            if told is not None:
                self._told[each.posture.key] = self._next(each, told)
        self._ask_for_hooks([each for each in asked if each.posture.key in answers], seconds)
        self._scan.lease.keep()

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:
        """Fill in the latest rolling upgrade and the history, as they were last read."""
        kept = self._of(row, known)
        return replace(depth, rolling_upgrade=kept.latest, attempts=kept.attempts)

    def kept(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Answer what the state keeps."""
        kept = self._of(row, known)
        return None if kept == NOTHING_KEPT else write_kept(kept)

    def due_at(self, changed: Changed) -> datetime | None:
        """Say when Compute is to be asked again: by the next scan while something moves."""
        kept = self._of(changed.row, changed.known)
        if not _can_roll(changed.posture, kept):
            return None
        if kept.read_at is None or kept.about != self._about(changed.row, changed.known):
            return AT_ONCE
        if _is_moving(kept):
            return kept.read_at
        spread = crc32(changed.posture.key.encode("utf-8", "surrogatepass")) % 1000 / 1000
        return kept.read_at + AGE * (1 - SPREAD * spread)

    def _is_due(self, changed: Changed) -> bool:
        due_at = self.due_at(changed)
        return due_at is not None and due_at <= self._scan.request.moment

    def _about(self, row: Mapping[str, object], known: ScaleSetState | None) -> str:
        return f"{model_digest(row)}/{self._census_digest(row, known)}"

    def _take(self, posture: Posture) -> bool:
        """Count a question; answer whether its place has one left."""
        place = f"{posture.subscription_id}/{posture.location or ''}"
        self._left[place] += 1
        return self._left[place] <= SCALE_SETS_PER_PLACE

    def _asked_in_vain(self, changed: Changed) -> None:
        """Keep in mind, until there is an answer, that there is a question: what pointed to it may be gone by then."""
        kept = self._kept_of(changed)
        if kept.read_at is not None:
            self._told[changed.posture.key] = replace(kept, about="")

    def _next(self, changed: Changed, told: RolloutsTold) -> KeptRollouts:
        before = self._kept_of(changed).latest
        return KeptRollouts(
            read_at=told.read_at,
            about=self._about(changed.row, changed.known),
            latest=_with_since(told.latest, before, told.read_at),
            attempts=told.attempts,
        )

    def _ask_for_hooks(self, asked: Sequence[Changed], seconds: float) -> None:
        """Ask about lifecycle hooks where an upgrade is about to count as stalled."""
        late = [each for each in asked if self._is_late(each)]
        if not late:
            return
        answers: Mapping[str, HookWait] = self._reads.hooks([_question(each.posture) for each in late], seconds)
        for key, wait in answers.items():
            told = self._told[key]
            if told.latest is not None:
                latest = replace(told.latest, waits_until=wait.until, hooks_read=True)
                self._told[key] = replace(told, latest=latest)

    def _is_late(self, changed: Changed) -> bool:
        latest, criteria = self._told[changed.posture.key].latest, self._scan.request.criteria
        if latest is None or not latest.is_moving or changed.posture.lifecycle_hooks == ():
            return False
        at = stalls_at(changed.posture, latest, criteria.policy.stalled_after_hours)
        return at is not None and at <= criteria.moment

    def _of(self, row: Mapping[str, object], known: ScaleSetState | None) -> KeptRollouts:
        return self._told.get(_key_of(row)) or _known_rollouts(row, known)

    def _kept_of(self, changed: Changed) -> KeptRollouts:
        return _known_rollouts(changed.row, changed.known)

    def _seconds_for(self, rows: int) -> float:
        """Divide what is left of the time for reading over the rows that are still to come."""
        scan = self._scan
        left = (scan.request.moment + scan.request.time_limit - scan.ports.now()).total_seconds() * SHARE_OF_TIME
        known = scan.view.sizes().total() - len(scan.reading.seen) + rows
        return max(0.0, min(LONGEST, left * rows / max(known, rows, 1)))


def _with_since(latest: RollingUpgrade, before: RollingUpgrade | None, moment: datetime) -> RollingUpgrade:
    """Say since when no further instance has finished: from its start while none has, else as readings show."""
    if not latest.is_moving:
        return latest
    finished = latest.progress.finished
    since: datetime | None = moment
    if before is not None and before.is_moving and is_same_attempt(before.started_at, latest.started_at):
        if before.progress.finished == finished and before.status == latest.status:
            since = before.progress_since
    elif finished == 0:
        since = latest.started_at
    return replace(latest, progress_since=since)


def _can_roll(posture: Posture, kept: KeptRollouts) -> bool:
    """Whether a scale set can have a rollout of its own, or has one under way."""
    if posture.managed_by is not None:
        return False
    return rolls(posture) is not False or _is_moving(kept)


def _is_moving(kept: KeptRollouts) -> bool:
    if kept.latest is not None and kept.latest.is_moving:
        return True
    return any(each.is_moving for each in (kept.attempts or ())[:MOST_ATTEMPTS])


def _known_rollouts(row: Mapping[str, object], known: ScaleSetState | None) -> KeptRollouts:
    """Read what is known; nothing where the scale set is gone, or another one than the known one."""
    if known is None or known.removed_at is not None:
        return NOTHING_KEPT
    properties = row.get("properties")
    unique_id = properties.get("uniqueId") if isinstance(properties, Mapping) else None
    if isinstance(unique_id, str) and known.unique_id is not None and unique_id.lower() != known.unique_id.lower():
        return NOTHING_KEPT
    return read_kept(known.beside)


def _question(posture: Posture) -> RolloutQuestion:
    return RolloutQuestion(
        scale_set_id=posture.scale_set_id, subscription_id=posture.subscription_id, location=posture.location or ""
    )


def _key_of(row: Mapping[str, object]) -> str:
    identifier = row.get("id")
    return identifier.lower() if isinstance(identifier, str) else ""
