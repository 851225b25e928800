"""A lock that dies with its process: an exclusive transaction on an empty SQLite file, on every operating system."""

import sqlite3
from pathlib import Path


class LivenessLock:
    """Proof that a process is alive, for other processes of the same machine to test.

    The operating system ends the lock when the process ends, however it ends. The file stays empty.
    https://sqlite.org/lockingv3.html
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: sqlite3.Connection | None = None

    def hold(self) -> bool:
        """Take the lock, or keep it; answer whether it is ours now. Raises ``sqlite3.Error`` when the file is unusable."""
        if self._held is None:
            self._held = self._try()
        return self._held is not None

    def held_by_anybody(self) -> bool:
        """Test whether a living process (perhaps this one) holds the lock."""
        if self._held is not None:
            return True
        probe = self._try()
        if probe is None:
            return True
        probe.close()
        return False

    def drop(self) -> None:
        """Release the lock, if it is ours."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _try(self) -> sqlite3.Connection | None:
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            # The low byte is the primary code; the rest says more (https://sqlite.org/rescode.html).
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                return None
            raise
        return connection
