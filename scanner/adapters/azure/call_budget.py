"""Azure Compute's budgets for reads: one limiter for each subscription, region and policy, and one for each scale set.

The numbers are only a start. Whatever an answer's headers say is left goes before them, as others spend from the same
budget. https://learn.microsoft.com/azure/virtual-machines/compute-throttling-limits
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

_REMAINING = re.compile(r"([A-Za-z0-9._/-]+);(-?[0-9]{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A budget that refills: so much when it is full, and so much more each minute."""

    name: str
    """As in Azure's headers, in lower case, without ``Microsoft.Compute/``."""
    burst: int
    per_minute: int
    kept: float
    """Share that is left for others: we stop when no more than this is left."""


SUBSCRIPTION = Policy(name="highcostgetvmscalesetsubscriptionmaximum", burst=1_080, per_minute=360, kept=1 / 4)
"""Instance views and lists of instances, for each subscription and region."""
SCALE_SET = Policy(name="highcostgetvmscalesetresource", burst=30, per_minute=10, kept=1 / 5)
"""The same for each scale set."""
LOW_SUBSCRIPTION = Policy(name="getvmscalesetsubscriptionmaximum", burst=2_400, per_minute=800, kept=1 / 4)
"""Scale sets, their latest rolling upgrade and their history, for each subscription and region; the name is inferred."""
LOW_SCALE_SET = Policy(name="getvmscalesetresource", burst=36, per_minute=12, kept=1 / 5)
"""The same for each scale set."""
VIEWS = Policy(name="vmscalesetvmviewssubscriptionmaximum", burst=30_000, per_minute=10_000, kept=1 / 3)
"""Instances in lists, for each subscription and region; how fast it refills is not documented, but inferred."""
READS = Policy(name="subscription-reads", burst=250, per_minute=1_500, kept=1 / 3)
"""Resource Manager's own, for each subscription and principal, whatever is read; its header is another one.

https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""


@dataclass(slots=True)
class _Bucket:
    policy: Policy
    left: float
    at: float

    def refill(self, now: float) -> None:
        self.left = min(self.policy.burst, self.left + max(0.0, now - self.at) * self.policy.per_minute / 60)
        self.at = now

    def wait_for(self, cost: int) -> float:
        """Answer the seconds until ``cost`` can be spent with what is kept for others still left."""
        kept = self.policy.burst * self.policy.kept
        missing = min(cost + kept, self.policy.burst) - self.left  # what is more than all of it may go when it is full
        return max(0.0, missing) * 60 / self.policy.per_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a question about a scale set spends, and where."""

    place: str
    """Subscription and region, with a slash between them."""
    scale_set: str
    calls: int = 1
    views: int = 0
    """Instances that are listed; a filter makes it no cheaper."""
    is_low: bool = False
    """Whether it is about a scale set's rollouts, which have a budget of their own."""
    is_other: bool = False
    """Whether only Resource Manager counts it: of a list of images, or of a scale set whose region is not at hand."""

    def parts(self) -> tuple[tuple[Policy, str, int], ...]:
        """List the budgets that it is spent from."""
        reads = (READS, self.place.partition("/")[0], self.calls)
        if self.is_other:
            return (reads,)
        if self.is_low:
            return ((LOW_SUBSCRIPTION, self.place, self.calls), (LOW_SCALE_SET, self.scale_set, self.calls), reads)
        return (
            (SUBSCRIPTION, self.place, self.calls),
            (SCALE_SET, self.scale_set, self.calls),
            (VIEWS, self.place, self.views),
            reads,
        )


@dataclass(slots=True)
class CallBudget:
    """What may still be asked of Compute, by subscription, region and scale set; safe for several threads."""

    clock: Callable[[], float]
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def wait_for(self, cost: "Cost") -> float:
        """Answer the seconds until so much can be spent."""
        with self._lock:
            return max(self._bucket(policy, name).wait_for(amount) for policy, name, amount in cost.parts())

    def spend(self, cost: "Cost") -> None:
        """Spend it, whatever is left."""
        with self._lock:
            for policy, name, amount in cost.parts():
                self._bucket(policy, name).left -= amount

    def learn(self, cost: "Cost", headers: Mapping[str, str]) -> None:
        """Take over what the answer to a call says is left: less than we thought at once, never more."""
        left = remaining(headers.get("x-ms-ratelimit-remaining-resource"))
        left |= remaining(f"{READS.name};{headers.get('x-ms-ratelimit-remaining-subscription-reads')}")
        with self._lock:
            for policy, name, _ in cost.parts():
                if policy.name in left:
                    bucket = self._bucket(policy, name)
                    bucket.left = min(bucket.left, float(left[policy.name]))

    def refused(self, cost: "Cost") -> None:
        """Take it that nothing is left: Azure has refused a call."""
        with self._lock:
            for policy, name, _ in cost.parts():
                if policy is not VIEWS:
                    bucket = self._bucket(policy, name)
                    bucket.left = min(bucket.left, 0.0)

    def forget_scale_sets(self) -> None:
        """Forget the limiters of single scale sets that are full again: there are as many as were asked about."""
        now = self.clock()
        with self._lock:
            for key, bucket in list(self._buckets.items()):
                bucket.refill(now)
                if bucket.policy in {SCALE_SET, LOW_SCALE_SET} and bucket.left >= bucket.policy.burst:
                    del self._buckets[key]

    def _bucket(self, policy: Policy, name: str) -> _Bucket:
        now = self.clock()
        bucket = self._buckets.setdefault((policy.name, name), _Bucket(policy, policy.burst, now))
        bucket.refill(now)
        return bucket


def remaining(header: str | None) -> dict[str, int]:
    """Read ``x-ms-ratelimit-remaining-resource``: what is left by policy, in lower case and without the provider."""
    found = _REMAINING.findall(header or "")
    return {name.rpartition("/")[2].lower(): int(left) for name, left in found}
