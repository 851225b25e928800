"""What a state keeps of the rollouts of a scale set, as plain JSON, and back."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.facts.rollout import OsUpgradeAttempt, Progress, RollingUpgrade, RolloutError, RolloutStatus
from scanner.times import iso

NAME = "rollouts"
MOST_ATTEMPTS = 2
"""Attempts that a state keeps: the rules ask for the newest one, and for the one before it. The rest are events."""
_COUNTS = ("successful", "failed", "in_progress", "pending")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRollouts:
    """The last answer of Compute."""

    read_at: datetime | None = None
    about: str = ""
    """Digest of the model and of the instances at that time: when it differs, Compute is asked again."""
    latest: RollingUpgrade | None = None
    attempts: tuple[OsUpgradeAttempt, ...] | None = None


NOTHING_KEPT = KeptRollouts()


def digest_of(kept: KeptRollouts) -> str:
    """Digest what rules and events rest on; empty: nothing was ever read."""
    if kept.latest is None and kept.attempts is None:
        return ""
    told = repr([_latest_body(kept.latest), _attempts_body(kept.attempts)])
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def write_kept(kept: KeptRollouts) -> JsonValue:
    """Write it; ``glance`` is the little of it that is asked before the state is read whole."""
    return {
        "glance": digest_of(kept),
        "read_at": None if kept.read_at is None else iso(kept.read_at),
        "about": kept.about,
        "latest": _latest_body(kept.latest),
        "attempts": _attempts_body(kept.attempts),
    }


def read_kept(beside: Mapping[str, Any]) -> KeptRollouts:
    """Read it; what another release wrote, and cannot be read, is read from Azure again."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        body = beside[NAME]
        attempts = body["attempts"]
        return KeptRollouts(
            read_at=_moment(body["read_at"]),
            about=str(body["about"]),
            latest=_latest(body["latest"]),
            attempts=None if attempts is None else tuple([_attempt(each) for each in attempts]),
        )
    return NOTHING_KEPT


def _latest_body(latest: RollingUpgrade | None) -> JsonValue:
    if latest is None:
        return None
    return {
        "status": None if latest.status is None else latest.status.value,
        "started_at": _iso(latest.started_at),
        "progress": _progress_body(latest.progress),
        "error": _error_body(latest.error),
        "progress_since": _iso(latest.progress_since),
        "waits_until": _iso(latest.waits_until),
        "hooks_read": latest.hooks_read,
    }


def _latest(body: Any) -> RollingUpgrade | None:
    if body is None:
        return None
    return RollingUpgrade(
        status=_status(body["status"]),
        started_at=_moment(body["started_at"]),
        progress=_progress(body["progress"]),
        error=_error(body["error"]),
        progress_since=_moment(body["progress_since"]),
        waits_until=_moment(body["waits_until"]),
        hooks_read=body["hooks_read"] is True,
    )


def _attempts_body(attempts: tuple[OsUpgradeAttempt, ...] | None) -> JsonValue:
    if attempts is None:
        return None
    return [
        {
            "status": None if each.status is None else each.status.value,
            "started_at": _iso(each.started_at),
            "ended_at": _iso(each.ended_at),
            "started_by": each.started_by,
            "target": each.target,
            "progress": _progress_body(each.progress),
            "error": _error_body(each.error),
            "rolled_back": each.rolled_back,
            "rollback_error": _error_body(each.rollback_error),
        }
        for each in attempts[:MOST_ATTEMPTS]
    ]


def _attempt(body: Any) -> OsUpgradeAttempt:
    return OsUpgradeAttempt(
        status=_status(body["status"]),
        started_at=_moment(body["started_at"]),
        ended_at=_moment(body["ended_at"]),
        started_by=str(body["started_by"]),
        target=str(body["target"]),
        progress=_progress(body["progress"]),
        error=_error(body["error"]),
        rolled_back=body["rolled_back"],
        rollback_error=_error(body["rollback_error"]),
    )


def _status(value: Any) -> RolloutStatus | None:
    return None if value is None else RolloutStatus(value)


def _progress_body(progress: Progress) -> JsonValue:
    return [getattr(progress, name) for name in _COUNTS]


def _progress(body: Any) -> Progress:
    return Progress(**dict(zip(_COUNTS, body, strict=True)))


def _error_body(error: RolloutError | None) -> JsonValue:
    return None if error is None else [error.code, error.message]


def _error(body: Any) -> RolloutError | None:
    return None if body is None else RolloutError(code=str(body[0]), message=str(body[1]))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _moment(text: Any) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
