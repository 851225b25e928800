"""What was read of the row at hand: several sources ask the same of it, one after the other."""

from collections.abc import Callable, Mapping


class LastRow[T]:
    """Reads a row once, as long as no other row comes between."""

    __slots__ = ("_read", "_row", "_values")

    def __init__(self, read: Callable[[Mapping[str, object]], T]) -> None:
        self._read = read
        self._row: Mapping[str, object] | None = None
        self._values: list[T] = []

    def __call__(self, row: Mapping[str, object]) -> T:
        """Answer what is read of the row."""
        if row is not self._row:
            self._values = [self._read(row)]
            self._row = row
        return self._values[0]
