"""An engine that runs a scan in shards: what the orchestration of a scan needs of it, and what starts one.

The engine replays an orchestration from its history, so an orchestration is a plain generator: it asks no clock, no
chance and nothing outside, and what it yields is the engine's own business.
https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-code-constraints
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scanner.facts.evidence import JsonValue

type Steps[T] = Generator[Any, Any, T]
"""Part of an orchestration: what the engine waits for is yielded to it, and the part answers ``T``."""

ORCHESTRATION = "scan_in_shards"
INSTANCE = "scan"
"""Id of the one instance: a second orchestration is not started while it runs, and its history replaces the last."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an activity ended, after all its retries."""

    value: JsonValue = None
    error: str | None = None
    """What it raised; ``None``: it succeeded."""


class Engine(Protocol):
    """The engine, as an orchestration sees it."""

    def call(self, activity: str, argument: JsonValue) -> Any:
        """Answer a call of an activity by its name, for ``all_of``; one that fails is repeated by the engine."""

    def all_of(self, calls: Sequence[Any]) -> Steps[list[Outcome]]:
        """Run calls side by side until the last has ended; answer how each ended, in the order of the calls."""


class Starter(Protocol):
    """Starts the orchestration of a scan, of which one runs at a time."""

    async def running_since(self) -> datetime | None:
        """Say since when an orchestration runs or waits to run; ``None``: none does."""

    async def start(self, argument: Mapping[str, JsonValue]) -> None:
        """Start an orchestration. What the engine raises is the caller's to handle."""

    async def end(self, reason: str) -> None:
        """End the orchestration that runs; its activities that run already are not interrupted."""
