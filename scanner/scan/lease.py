"""The lease that keeps other scans out, as one scan holds it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from scanner.errors import StoreError
from scanner.ports.store import StateStore


class ScanLease:
    """Taken at the start, kept while the scan goes on, and given back at its end."""

    def __init__(self, store: StateStore, holder: str, length: timedelta, now: Callable[[], datetime]) -> None:
        self._store = store
        self._holder = holder
        self._length = length
        self._now = now
        self._kept = now()

    def take(self) -> None:
        """Keep other scans out. Raises ``LeaseHeldError`` while another one runs."""
        self._kept = self._now()
        self._store.acquire_lease(self._holder, self._kept, self._length)

    def keep(self, *, always: bool = False) -> None:
        """Renew the lease once a third of it is used up. Raises ``LeaseLostError``."""
        now = self._now()
        if always or now - self._kept > self._length / 3:
            self._store.renew_lease(self._holder, now, self._length)
            self._kept = now

    def give_back(self) -> None:
        """End the lease. Where the store fails it ends by itself, and the scan is as good as it was."""
        with suppress(StoreError):
            self._store.release_lease(self._holder)
