"""Scripted faults: which request goes wrong, how, how often, and after how many that go right."""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

ANY_ENDPOINT = "*"


class FaultKind(StrEnum):
    """How a request goes wrong."""

    STATUS = "status"
    """Answers ``status`` without doing the work, with ``Retry-After`` where ``retry_after`` is given."""
    DROP_BEFORE = "drop_before"
    """Closes the connection without doing the work."""
    DROP_AFTER = "drop_after"
    """Does the work, then closes the connection without an answer."""
    STALL_BEFORE = "stall_before"
    """Waits until released, then does the work and answers."""
    STALL_AFTER = "stall_after"
    """Does the work, waits until released, then answers."""
    HIDE = "hide"
    """Resource Graph: leaves out the resources in ``ids``, although they are there (a stale index)."""
    VANISH = "vanish"
    """Resource Graph: leaves out the subscriptions in ``ids`` and all that is in them, silently."""
    STALE = "stale"
    """Resource Graph: answers as of the moment at which the index was kept (``keep_index``), complete and consistent."""
    TRUNCATE = "truncate"
    """Resource Graph: half a page, ``resultTruncated`` "true", and no token."""
    CUT = "cut"
    """Resource Graph: an answer of more rows than a page ends there, without a token and without saying so."""
    REPEAT_TOKEN = "repeat_token"  # noqa: S105 - the name of a fault
    """Resource Graph: a further page carries the token that asked for it."""
    MALFORMED = "malformed"
    """Resource Graph: the first row of a page loses its id and has text for ``properties``."""
    CHANGE_CASE = "change_case"
    """Resource Graph: ids of a page in capitals."""
    PARTIAL = "partial"
    """Log Analytics query: half the rows, and a 200 that carries an error."""


WHOLE_QUERY = frozenset({FaultKind.HIDE, FaultKind.VANISH, FaultKind.STALE})
"""Decided when a query's first page is asked for; its further pages follow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One scripted fault."""

    endpoint: str
    """identity, graph, arm, ingestion, query, table, or ``*``."""
    kind: FaultKind
    contains: str = ""
    """Only requests whose method, path or query text contains this, compared without case."""
    skip: int = 0
    """How many matching requests go right first."""
    count: int | None = 1
    """How many then go wrong; ``None``: all of them."""
    status: int = 500
    retry_after: float | None = None
    """Seconds."""
    code: str = ""
    """The error code in the answer; empty: the endpoint's usual one for the status."""
    ids: tuple[str, ...] = ()


@dataclass(slots=True)
class _Planned:
    fault: Fault
    seen: int = 0
    used: int = 0
    released: threading.Event = field(default_factory=threading.Event)


class FaultPlan:
    """The faults that are scripted, and how far each has come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: dict[int, _Planned] = {}
        self._numbers = itertools.count(1)

    def add(self, fault: Fault) -> int:
        """Script a fault; answer its number."""
        with self._lock:
            number = next(self._numbers)
            self._planned[number] = _Planned(fault)
            return number

    def release(self, number: int | None) -> int:
        """Release what a stall holds, one or all, and end it; answer how many stalls that were."""
        with self._lock:
            stalls = [
                key
                for key, planned in self._planned.items()
                if number in (None, key) and planned.fault.kind in (FaultKind.STALL_BEFORE, FaultKind.STALL_AFTER)
            ]
            for key in stalls:
                self._planned.pop(key).released.set()
            return len(stalls)

    def clear(self) -> None:
        """Forget all faults, and release what they hold."""
        with self._lock:
            for planned in self._planned.values():
                planned.released.set()
            self._planned.clear()

    def used(self) -> dict[int, int]:
        """How often each fault has struck, by its number."""
        with self._lock:
            return {number: planned.used for number, planned in self._planned.items()}

    def take(self, endpoint: str, text: str, *, further_page: bool) -> "Strikes":
        """Answer the faults that strike this request, and count them."""
        text = text.lower()
        struck = []
        with self._lock:
            for planned in self._planned.values():
                fault = planned.fault
                if fault.endpoint not in (endpoint, ANY_ENDPOINT) or fault.contains.lower() not in text:
                    continue
                if (further_page and fault.kind in WHOLE_QUERY) or (
                    not further_page and fault.kind is FaultKind.REPEAT_TOKEN
                ):
                    continue
                if planned.seen < fault.skip:
                    planned.seen += 1
                elif fault.count is None or planned.used < fault.count:
                    planned.used += 1
                    struck.append(planned)
        return Strikes(struck)


class Strikes:
    """The faults that strike one request."""

    def __init__(self, struck: Sequence[_Planned]) -> None:
        self._struck = struck
        self.faults: tuple[Fault, ...] = tuple(planned.fault for planned in struck)

    def first(self, kind: FaultKind) -> Fault | None:
        """Answer the first fault of a kind, if one strikes."""
        return next((fault for fault in self.faults if fault.kind is kind), None)

    def wait(self, kind: FaultKind) -> None:
        """Wait until every stall of this kind is released."""
        for planned in self._struck:
            if planned.fault.kind is kind:
                planned.released.wait()
