"""Durable Functions, through azure-functions-durable 1.x: the engine of the deployed app.

The library is imported by who registers the functions, and only where shards are switched on.
https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-overview
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.ports.engine import INSTANCE, ORCHESTRATION, Outcome, Steps

ATTEMPTS = 3
FIRST_RETRY_SECONDS = 30
_UNDER_WAY = frozenset({"Running", "Pending", "ContinuedAsNew", "Suspended"})


class FunctionsEngine:
    """The engine as an orchestrator function of Durable Functions sees it."""

    def __init__(self, context: Any) -> None:
        from azure.durable_functions import RetryOptions  # type: ignore[import-untyped]  # it ships without types

        self._context = context
        self._retry = RetryOptions(FIRST_RETRY_SECONDS * 1_000, ATTEMPTS)

    def call(self, activity: str, argument: JsonValue) -> Any:
        """Answer a call that the engine repeats where it fails."""
        return self._context.call_activity_with_retry(activity, self._retry, argument, dict)

    def all_of(self, calls: Sequence[Any]) -> Steps[list[Outcome]]:
        """Schedule all calls at once, and wait for each in turn where one has failed.

        The library's ``task_all`` ends with the first failure, the extension's with the last call. So nothing may be
        called between the two: they number the same events each for itself, and would not agree any more.
        """
        if len(calls) > 1:
            with suppress(Exception):  # each call has its own below
                yield self._context.task_all(list(calls))
        outcomes = []
        for call in calls:
            try:
                outcomes.append(Outcome(value=(yield call)))
            except Exception as error:  # noqa: BLE001 - the library raises what the activity raised as Exception
                outcomes.append(Outcome(error=str(error)))
        return outcomes


class FunctionsStarter:
    """Starts the one orchestration through the client binding of Durable Functions."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def running_since(self) -> datetime | None:
        """Ask the extension for the instance."""
        status = await self._client.get_status(INSTANCE)
        runtime = getattr(status, "runtime_status", None)
        if getattr(runtime, "value", runtime) not in _UNDER_WAY:
            return None
        began = status.created_time
        if not isinstance(began, datetime):
            return datetime.now(UTC)
        return began if began.tzinfo else began.replace(tzinfo=UTC)

    async def start(self, argument: Mapping[str, JsonValue]) -> None:
        """Start the instance; host.json keeps one that runs from being replaced."""
        await self._client.start_new(ORCHESTRATION, INSTANCE, dict(argument))

    async def end(self, reason: str) -> None:
        """Terminate the instance."""
        await self._client.terminate(INSTANCE, reason)
