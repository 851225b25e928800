"""The domain clock: the time that documents, changes and log rows carry. Budgets refill by it; tokens use real time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class DomainClock:
    """Runs with real time, moved by an offset; or stands still where it was set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta()
        self._fixed: datetime | None = None
        self._acting = threading.local()

    def now(self) -> datetime:
        """Answer the present moment (UTC), or the one that is acted at."""
        acting: datetime | None = getattr(self._acting, "moment", None)
        if acting is not None:
            return acting
        with self._lock:
            return self._fixed if self._fixed is not None else datetime.now(UTC) + self._offset

    @contextmanager
    def acting_at(self, moment: datetime) -> Iterator[None]:
        """Let this thread, for a while, see another moment: what was due earlier happened then."""
        self._acting.moment = moment
        try:
            yield
        finally:
            self._acting.moment = None

    def running(self) -> datetime:
        """Answer the moment that it would be if the clock had run on from where it was set: for budgets that refill."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    def seconds(self) -> float:
        """Answer the same in seconds."""
        return self.running().timestamp()

    def set(self, moment: datetime, *, frozen: bool) -> None:
        """Put the clock at a moment: it stands there, or runs on from there."""
        with self._lock:
            self._fixed = moment if frozen else None
            self._offset = moment - datetime.now(UTC)

    def reset(self) -> None:
        """Follow real time again."""
        with self._lock:
            self._fixed = None
            self._offset = timedelta()
