"""The same engine without Functions: the durabletask SDK, whose in-memory backend plays it in tests and benchmarks.

The library is not part of the deployed app.
https://learn.microsoft.com/azure/durable-task/sdks/durable-task-overview
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.ports.engine import Outcome, Steps

ATTEMPTS = 3


class DurableTaskEngine:
    """The engine as an orchestrator of durabletask sees it."""

    def __init__(self, context: Any, first_retry: timedelta) -> None:
        from durabletask.task import RetryPolicy

        self._context = context
        self._retry = RetryPolicy(first_retry_interval=first_retry, max_number_of_attempts=ATTEMPTS)

    def call(self, activity: str, argument: JsonValue) -> Any:
        """Answer a call that the engine repeats where it fails."""
        return self._context.call_activity(activity, input=argument, retry_policy=self._retry)

    def all_of(self, calls: Sequence[Any]) -> Steps[list[Outcome]]:
        """Wait until the last call has ended; its ``when_all`` raises the first failure after that."""
        from durabletask.task import TaskFailedError, when_all

        if not calls:
            return []
        with suppress(TaskFailedError):  # each call has its own below
            yield when_all(list(calls))
        return [
            Outcome(error=str(call.get_exception())) if call.is_failed else Outcome(value=call.get_result())
            for call in calls
        ]
