"""The budgets of reads: those of the Compute provider, per resource and per subscription and region, and Azure's own.

Each budget is a bucket that fills again by the minute. The numbers are Microsoft's where the limits page has them, and
those of recorded answers where it has not.

https://learn.microsoft.com/azure/virtual-machines/compute-throttling-limits
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""

import json
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.endpoint.messages import RefusedError, json_response


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much a bucket holds, and how much comes back in a minute."""

    burst: int
    per_minute: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a kind of call is taken from."""

    name: str
    resource: Size | None = None
    region: Size | None = None
    """For each subscription and region."""
    counts_views: bool = False
    """Whether the machines that an answer shows are counted too."""


_PER_SET, _PER_SET_HIGH = Size(burst=36, per_minute=12), Size(burst=30, per_minute=10)
GET_SCALE_SET = Policy(name="GetVMScaleSet", resource=_PER_SET, region=Size(burst=2400, per_minute=800))
HIGH_COST = Policy(name="HighCostGetVMScaleSet", resource=_PER_SET_HIGH, region=Size(burst=1080, per_minute=360))
LIST_INSTANCES = Policy(name=HIGH_COST.name, resource=HIGH_COST.resource, region=HIGH_COST.region, counts_views=True)
GET_INSTANCE = Policy(
    name="GetVMScaleSetVM", resource=_PER_SET, region=Size(burst=6000, per_minute=2000), counts_views=True
)
GET_MACHINE = Policy(name="LowCostGet", resource=_PER_SET, region=Size(burst=24_000, per_minute=8000))
LIST_MACHINES = Policy(name="HighCostGet", region=Size(burst=900, per_minute=300))
LIST_IMAGES = Policy(name="ListVMImagesVersionsFromLocation", region=Size(burst=16_000, per_minute=5333))
GET_IMAGE = Policy(name="GetVMImageFromLocation", region=Size(burst=13_000, per_minute=4333))
GET_GALLERY_VERSION = Policy(name="GetGalleryArtifactVersion", region=Size(burst=2000, per_minute=333))
LIST_GALLERY_VERSIONS = Policy(name="ListGalleryArtifactVersion", region=Size(burst=800, per_minute=133))
GET_ARTIFACT = Policy(name="GetGalleryArtifact", region=Size(burst=600, per_minute=200))
LIST_ARTIFACTS = Policy(name="ListGalleryArtifact", region=Size(burst=200, per_minute=200 / 30))
VIEWS = "VMScaleSetVMViews"
_VIEWS_SIZE = Size(burst=30_000, per_minute=10_000)
READS = "subscription-reads"
_READS_SIZE = Size(burst=250, per_minute=25 * 60)
_GLOBAL_READS = 3749


@dataclass(slots=True)
class _Bucket:
    size: Size
    level: float
    at: datetime
    lowest: float
    taken: int = 0

    def fill(self, now: datetime) -> None:
        """Let come back what came back since."""
        minutes = max(0.0, (now - self.at).total_seconds() / 60)
        self.level = min(float(self.size.burst), self.level + minutes * self.size.per_minute)
        self.at = now

    def take(self, amount: int) -> None:
        """Take from it; it may go below nothing by the last answer."""
        self.level -= amount
        self.taken += amount
        self.lowest = min(self.lowest, self.level)

    def seconds_to_one(self) -> int:
        """Answer after how many seconds there is one again."""
        return max(1, math.ceil((1 - self.level) / self.size.per_minute * 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a call reads: where, and of which resource, by its id in lower case (empty: none)."""

    subscription: str
    region: str
    resource: str = ""


class ReadBudgets:
    """All buckets. A bucket is full until something is taken from it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._sizes: dict[str, Size] = {}
        self.enabled = True
        self.throttled: dict[str, int] = {}
        """How often each budget refused a call."""

    def reset(self) -> None:
        """Fill all buckets, with Azure's numbers."""
        with self._lock:
            self._buckets.clear()
            self._sizes.clear()
            self.throttled.clear()
            self.enabled = True

    def resize(self, name: str, burst: int, per_minute: float) -> None:
        """Give every bucket of a name another size; new ones are full."""
        with self._lock:
            self._sizes[name] = Size(burst=burst, per_minute=per_minute)
            for key in [key for key in self._buckets if key[0] == name]:
                del self._buckets[key]

    def report(self) -> dict[str, dict[str, Any]]:
        """Answer for each budget: buckets, what was taken, the fullest use of one, and calls refused."""
        with self._lock:
            found: dict[str, dict[str, Any]] = {}
            for (name, _), bucket in self._buckets.items():
                entry = found.setdefault(name, {"buckets": 0, "taken": 0, "burst": bucket.size.burst, "most_used": 0.0})
                entry["buckets"] += 1
                entry["taken"] += bucket.taken
                entry["most_used"] = max(entry["most_used"], (bucket.size.burst - bucket.lowest) / bucket.size.burst)
            for name, entry in found.items():
                entry["throttled"] = self.throttled.get(name, 0)
            return found

    def take_read(self, subscription: str, principal: str) -> dict[str, str]:
        """Take one of Resource Manager's own reads; answer the headers, or refuse with 429."""
        with self._lock:
            bucket = self._bucket(READS, f"{subscription}|{principal}".lower(), _READS_SIZE)
            if self.enabled and bucket.level < 1:
                raise self._refused(
                    READS,
                    bucket,
                    {
                        "code": "SubscriptionRequestsThrottled",
                        "message": "Number of 'read' requests for this subscription and principal exceeded the limit.",
                    },
                )
            bucket.take(1)
            return {
                "x-ms-ratelimit-remaining-subscription-reads": str(max(0, int(bucket.level))),
                "x-ms-ratelimit-remaining-subscription-global-reads": str(_GLOBAL_READS),
            }

    def take(self, policy: Policy, subject: Subject) -> None:
        """Take one call, or refuse with 429."""
        with self._lock:
            buckets = self._of(policy, subject)
            empty = next((item for item in buckets if item[1].level < 1), None) if self.enabled else None
            if empty is not None:
                name, bucket = empty
                raise self._refused(
                    name,
                    bucket,
                    _throttling_error(name, bucket),
                    {"x-ms-ratelimit-remaining-resource": _remaining(buckets)},
                )
            for name, bucket in buckets:
                if not name.startswith(VIEWS):
                    bucket.take(1)

    def headers(self, policy: Policy, subject: Subject, views: int) -> dict[str, str]:
        """Take the machines that the answer shows, and write the headers that every answer carries."""
        with self._lock:
            buckets = self._of(policy, subject)
            for name, bucket in buckets:
                if name.startswith(VIEWS):
                    bucket.take(views)
            return {
                "x-ms-ratelimit-remaining-resource": _remaining(buckets),
                "x-ms-request-charge": str(max(1, views)),
                "x-ms-throttling-version": "v2",
            }

    def _of(self, policy: Policy, subject: Subject) -> list[tuple[str, _Bucket]]:
        place = f"{subject.subscription}|{subject.region}".lower()
        found = []
        if policy.region is not None:
            name = f"{policy.name}SubscriptionMaximum"
            found.append((name, self._bucket(name, place, policy.region)))
        if policy.resource is not None and subject.resource:
            name = f"{policy.name}Resource"
            found.append((name, self._bucket(name, subject.resource, policy.resource)))
        if policy.counts_views:
            name = f"{VIEWS}SubscriptionMaximum"
            found.append((name, self._bucket(name, place, _VIEWS_SIZE)))
        return found

    def _bucket(self, name: str, subject: str, size: Size) -> _Bucket:
        now = self._now()
        bucket = self._buckets.get((name, subject))
        if bucket is None:
            size = self._sizes.get(name, size)
            bucket = _Bucket(size=size, level=float(size.burst), at=now, lowest=float(size.burst))
            self._buckets[name, subject] = bucket
        bucket.fill(now)
        return bucket

    def _refused(
        self,
        name: str,
        bucket: _Bucket,
        error: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> RefusedError:
        self.throttled[name] = self.throttled.get(name, 0) + 1
        retry = {"Retry-After": str(bucket.seconds_to_one()), **(headers or {})}
        return RefusedError(json_response({"error": error}, 429, retry))


def _remaining(buckets: list[tuple[str, _Bucket]]) -> str:
    return ",".join(f"Microsoft.Compute/{name};{max(0, int(bucket.level))}" for name, bucket in buckets)


def _throttling_error(name: str, bucket: _Bucket) -> dict[str, Any]:
    """Write the error of the Compute provider: the budget that is empty is in the details."""
    at = bucket.at.isoformat()
    measured = {
        "operationGroup": name,
        "startTime": at,
        "endTime": at,
        "allowedRequestCount": bucket.size.burst,
        "measuredRequestCount": bucket.size.burst + 1,
    }
    return {
        "code": "OperationNotAllowed",
        "message": "The server rejected the request because too many requests have been received for this subscription.",
        "details": [{"code": "TooManyRequests", "target": name, "message": json.dumps(measured)}],
    }
