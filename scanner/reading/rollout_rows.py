"""Rolling upgrades as Compute answers them. What is not documented is not known, and never a reason to fail."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from scanner.facts.rollout import (
    MOVING,
    OsUpgradeAttempt,
    Progress,
    RollingUpgrade,
    RolloutError,
    RolloutStatus,
    newest_first,
)
from scanner.plain_text import plain
from scanner.reading.azure_values import choice, holds_credential, number

_STATUSES = {
    "rollingforward": RolloutStatus.ROLLING_FORWARD,
    "rollingback": RolloutStatus.ROLLING_BACK,
    "completed": RolloutStatus.COMPLETED,
    "cancelled": RolloutStatus.CANCELLED,
    "faulted": RolloutStatus.FAULTED,
}
_STARTED_BY = {"user": "user", "platform": "platform", "unknown": "unknown"}
_CODE, _MESSAGE, _TARGET = 128, 1_000, 512
MOST_ATTEMPTS = 20


def read_latest(body: object) -> RollingUpgrade | None:
    """Read the latest rolling upgrade; ``None``: the answer is none."""
    properties = _mapping(body, "properties")
    status = _mapping(properties, "runningStatus")
    if not properties or not status:
        return None
    return RollingUpgrade(
        status=choice(status.get("code"), _STATUSES),
        started_at=_moment(status.get("startTime")),
        progress=_progress(_mapping(properties, "progress")),
        error=_error(properties.get("error")),
    )


def read_attempts(items: Sequence[object]) -> tuple[OsUpgradeAttempt, ...]:
    """Read the history. An attempt that says nothing of itself is passed over."""
    found = [_attempt(_mapping(item, "properties")) for item in items[:MOST_ATTEMPTS]]
    return tuple([each for each in found if each is not None])


def newest_first_of(attempts: tuple[OsUpgradeAttempt, ...]) -> tuple[OsUpgradeAttempt, ...]:
    """Order attempts, latest first; those without a start come last."""
    undated = [each for each in attempts if each.started_at is None]
    return (*newest_first(attempts), *undated)


def read_wait(items: Sequence[object]) -> datetime | None:
    """Read until when an active lifecycle hook waits: the latest of them; ``None``: none does."""
    waits = []
    for item in items:
        properties = _mapping(item, "properties")
        if str(properties.get("state")).lower() == "active":
            waits.append(_moment(properties.get("waitUntil")) or _moment(properties.get("maxWaitUntil")))
    return max([moment for moment in waits if moment is not None], default=None)


def _attempt(properties: Mapping[str, object]) -> OsUpgradeAttempt | None:
    status, back = _mapping(properties, "runningStatus"), _mapping(properties, "rollbackInfo")
    if not status:
        return None
    counts = [_count(back.get(f"{how}RolledbackInstanceCount")) for how in ("successfully", "failed")]
    code = choice(status.get("code"), _STATUSES)
    started_at = _moment(status.get("startTime"))
    # The documented name is endTime; Azure sends completedTime.
    ended_at = _moment(status.get("endTime")) or _moment(status.get("completedTime"))
    return OsUpgradeAttempt(
        status=code,
        started_at=started_at,
        ended_at=None if _is_no_end(ended_at, started_at, code) else ended_at,
        started_by=choice(properties.get("startedBy"), _STARTED_BY) or "",
        target=_target(_mapping(properties, "targetImageReference")),
        progress=_progress(_mapping(properties, "progress")),
        error=_error(properties.get("error")),
        rolled_back=None if counts == [None, None] else sum(count or 0 for count in counts),
        rollback_error=_error(back.get("rollbackError")),
    )


def _is_no_end(ended_at: datetime | None, started_at: datetime | None, code: RolloutStatus | None) -> bool:
    """Tell an end that is none: Microsoft's own examples have one of an attempt that moves, and one before its start."""
    return code in MOVING or (ended_at is not None and started_at is not None and ended_at < started_at)


def _progress(counts: Mapping[str, object]) -> Progress:
    known = {name.lower(): value for name, value in counts.items()}  # recorded answers spell inprogress so
    return Progress(
        successful=_count(known.get("successfulinstancecount")),
        failed=_count(known.get("failedinstancecount")),
        in_progress=_count(known.get("inprogressinstancecount")),
        pending=_count(known.get("pendinginstancecount")),
    )


def _target(image: Mapping[str, object]) -> str:
    parts = [image.get(name) for name in ("publisher", "offer", "sku")]
    version = image.get("exactVersion") or image.get("version")
    if all(isinstance(part, str) and part for part in parts):
        named = "/".join(map(str, parts)).lower()
        return plain(f"{named}/{version}" if isinstance(version, str) and version else named, _TARGET)
    for name in ("id", "sharedGalleryImageId", "communityGalleryImageId"):
        value = image.get(name)
        if isinstance(value, str) and value and not holds_credential(value):
            return plain(value.lower(), _TARGET)
    return plain(version, _TARGET) if isinstance(version, str) else ""


def _error(value: object) -> RolloutError | None:
    told = _mapping(value)
    code, message = told.get("code"), told.get("message")
    if not code and not message:
        return None
    return RolloutError(code=_text(code, _CODE), message=_text(message, _MESSAGE))


def _text(value: object, limit: int) -> str:
    if not isinstance(value, str):
        return ""
    return "(an address with a signature)" if holds_credential(value) else plain(value, limit)


def _count(value: object) -> int | None:
    count = number(value)
    return count if isinstance(count, int) and count >= 0 else None


def _mapping(parent: object, name: str | None = None) -> Mapping[str, object]:
    value = parent.get(name) if isinstance(parent, Mapping) and name else parent
    return value if isinstance(value, Mapping) else {}


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.year < 1990:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
