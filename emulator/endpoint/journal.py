"""What was asked: one entry per request, and a way to wait for one. Tokens and headers are never kept."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request."""

    number: int
    at: str
    """Domain time of arrival."""
    endpoint: str
    method: str
    path: str
    detail: str
    """The query text, where the request carries one."""
    status: int | None = None
    """``None`` while it is being answered; 0: the connection was closed without an answer."""
    milliseconds: float | None = None
    bytes_in: int = 0

    def as_json(self) -> dict[str, Any]:
        """Answer the entry as plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which entries are meant."""

    endpoint: str | None = None
    contains: str = ""
    after: int = 0
    """Only entries with a higher number."""
    status: int | None = None
    """Only requests answered with this status."""
    done: bool = False
    """Only requests that were answered."""

    def matches(self, entry: Entry) -> bool:
        """Whether the entry is meant."""
        text = f"{entry.method} {entry.path} {entry.detail}".lower()
        return (
            entry.number > self.after
            and self.endpoint in (None, entry.endpoint)
            and self.contains.lower() in text
            and (self.status is None or entry.status == self.status)
            and (not self.done or entry.status is not None)
        )


class Journal:
    """All requests since the start or the last reset."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: list[Entry] = []
        self._first = 1
        self._closed = False

    def arrive(self, **facts: Any) -> int:
        """Note that a request arrived; answer its number."""
        with self._changed:
            number = self._first + len(self._entries)
            self._entries.append(Entry(number=number, **facts))
            self._changed.notify_all()
            return number

    def finish(self, number: int, status: int, milliseconds: float) -> None:
        """Note how it was answered."""
        with self._changed:
            index = number - self._first
            if index >= 0:
                self._entries[index] = replace(self._entries[index], status=status, milliseconds=milliseconds)
                self._changed.notify_all()

    def select(self, selector: Selector) -> Sequence[Entry]:
        """Answer the entries that are meant, oldest first."""
        with self._changed:
            return [entry for entry in self._entries if selector.matches(entry)]

    def wait(self, selector: Selector, count: int, timeout_seconds: float) -> Sequence[Entry]:
        """Wait until so many entries match; answer those there are when the time is over."""

        def found() -> list[Entry]:
            return [entry for entry in self._entries if selector.matches(entry)]

        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(found()) >= count, timeout_seconds)
            return found()

    def counters(self) -> dict[str, dict[str, int]]:
        """Count requests by endpoint and status."""
        with self._changed:
            counts = Counter((entry.endpoint, str(entry.status)) for entry in self._entries)
        result: dict[str, dict[str, int]] = {}
        for (endpoint, status), number in sorted(counts.items()):
            result.setdefault(endpoint, {})[status] = number
        return result

    def close(self) -> None:
        """End every wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def reset(self) -> None:
        """Forget all entries; numbers go on."""
        with self._changed:
            self._first += len(self._entries)
            self._entries.clear()
