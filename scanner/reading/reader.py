"""Reads values of Azure's JSON and notes them as evidence, in one call."""

from collections.abc import Mapping

from scanner.facts.evidence import Evidence, JsonValue, Reported
from scanner.facts.extensions import Switch
from scanner.facts.posture import Number
from scanner.reading import azure_values
from scanner.reading.azure_values import Block, as_reported


class Reader:
    """One reading of one scale set. What is read under a path is noted under it, in Azure's spelling.

    A block that was not read has no values: the answer is ``None``. A value that is absent from a block that was read
    is answered with the default, and not noted. Of several names, earlier ones go first.
    """

    __slots__ = ("_noted",)

    def __init__(self) -> None:
        self._noted: dict[str, Evidence] = {}

    def note(self, path: str, value: JsonValue) -> None:
        """Note evidence that is put together from several values."""
        self._noted[path] = Evidence(path, value)

    @property
    def reported(self) -> Reported:
        """What was noted so far, by path."""
        return Reported(self._noted)

    def value(self, path: str, block: Block | None, *names: str) -> object:
        """Find a value of any type; ``None``: absent, or not read."""
        if block is None:
            return None
        for name in names:
            value = block.get(name)
            if value is not None:
                self._noted[path] = Evidence(path, as_reported(value))
                return value
        return None

    def flag(self, path: str, block: Block | None, *names: str, default: bool | None = False) -> bool | None:
        """Read a bool."""
        value = self.value(path, block, *names)
        return _absent(block, default) if value is None else azure_values.flag(value)

    def number(self, path: str, block: Block | None, *names: str, default: Number | None = None) -> Number | None:
        """Read a number."""
        value = self.value(path, block, *names)
        return _absent(block, default) if value is None else azure_values.number(value)

    def seconds(self, path: str, block: Block | None, *names: str, default: Number | None = None) -> Number | None:
        """Read an ISO 8601 duration as seconds."""
        value = self.value(path, block, *names)
        return _absent(block, default) if value is None else azure_values.seconds(value)

    def switch(self, path: str, block: Block | None, *names: str) -> Switch | None:
        """Read a bool whose absence means something of its own."""
        value = self.value(path, block, *names)
        return _absent(block, Switch.ABSENT) if value is None else switch_of(value)

    def choice[T](
        self, path: str, block: Block | None, *names: str, choices: Mapping[str, T], default: T | None = None
    ) -> T | None:
        """Read an enum value, by its name in lower case."""
        value = self.value(path, block, *names)
        return _absent(block, default) if value is None else azure_values.choice(value, choices)


def _absent[T](block: Block | None, default: T | None) -> T | None:
    """Answer for a value that is not there: nothing is known of a block that was not read."""
    return None if block is None else default


def switch_of(value: object) -> Switch | None:
    """Read a bool whose absence means something of its own."""
    if value is None:
        return Switch.ABSENT
    read = azure_values.flag(value)
    return None if read is None else (Switch.ON if read else Switch.OFF)
