"""The host: turns timers, requests and messages into invocations, and what functions give back into answers and messages."""

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from functionshost.bindings import Function, HttpTrigger, QueueTrigger, TimerTrigger, read_functions
from functionshost.http_messages import HttpAnswer, HttpRequest, answer_of, is_allowed, request_data
from functionshost.options import HostOptions, read_options
from functionshost.protos import TypedData
from functionshost.queues import POISON, Held, Queues
from functionshost.worker import Invocation, Outcome, Worker

logger = logging.getLogger("functionshost")


def utc_now() -> datetime:
    """Tell the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a caller must show: the app's function key, or the master key for the admin addresses. Made for each run."""

    function: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    master: str = field(default_factory=lambda: secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pumped:
    """What became of a message."""

    outcome: Outcome
    dequeue_count: int
    poisoned: bool


class FunctionsHost:
    """The functions app in one folder, being served. ``settings`` are its application settings.

    Entering it raises ``IndexingError`` and ``BindingError`` where Azure would show no functions or broken ones,
    ``QueueSettingsError`` where no storage account is named, and what reading ``host.json`` raises.
    """

    def __init__(
        self,
        app: Path,
        settings: Mapping[str, str],
        *,
        options: HostOptions | None = None,
        on_log: Callable[[logging.LogRecord], None] = lambda _record: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.keys = Keys()
        self.functions: Mapping[str, Function] = {}
        self.options = options or read_options(app / "host.json")
        self._settings = settings
        self._worker = Worker(app, settings, on_log)
        self._queues: dict[str, Queues] = {}
        self._last_run: dict[str, datetime] = {}
        self._now = now
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._worker)
            self.functions = {
                function.name: function for function in read_functions(self._worker.functions(), self._settings)
            }
            for connection in sorted({name for function in self.functions.values() for name in _connections(function)}):
                self._queues[connection] = stack.enter_context(Queues(connection, self._settings))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def queues(self, connection: str) -> Queues:
        """Answer the queues of a connection that a function names."""
        return self._queues[connection]

    def http(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request: 404 where no function listens, 401 without the right key, 500 when the function fails."""
        for function in self.functions.values():
            trigger = function.trigger
            parameters = self._parameters(trigger, request) if isinstance(trigger, HttpTrigger) else None
            if isinstance(trigger, HttpTrigger) and parameters is not None:
                if not is_allowed(
                    trigger.auth_level, request, function_key=self.keys.function, master=self.keys.master
                ):
                    return HttpAnswer(status=401)
                outcome = self._run(function, request_data(request, parameters))
                return answer_of(outcome.return_value) if outcome.succeeded else HttpAnswer(status=500)
        return HttpAnswer(status=404)

    def timer(self, name: str, *, is_past_due: bool = False, retry_count: int = 0) -> Outcome:
        """Run a timer's function once, as it does when its time has come. Raises ``KeyError`` for an unknown name."""
        function = self.functions[name]
        trigger = function.trigger
        if not isinstance(trigger, TimerTrigger):
            raise KeyError(f"{name} has no timer.")
        now = self._now()
        last = self._last_run.get(name)
        status = {
            "Last": "0001-01-01T00:00:00" if last is None else last.isoformat(),
            "Next": trigger.schedule.next_after(now).isoformat(),
            "LastUpdated": "0001-01-01T00:00:00" if last is None else last.isoformat(),
        }
        payload = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status if trigger.use_monitor else None,
            "IsPastDue": is_past_due,
        }
        self._last_run[name] = now
        return self._run(function, TypedData(json=json.dumps(payload)), retry_count=retry_count)

    def message(self, name: str, text: str) -> Outcome:
        """Run a queue's function once on a message of our own, which is in no queue. Raises ``KeyError``."""
        function = self.functions[name]
        if not isinstance(function.trigger, QueueTrigger):
            raise KeyError(f"{name} has no queue.")
        return self._run(function, TypedData(string=text), {"DequeueCount": TypedData(json="1")})

    def pump(self, name: str) -> Pumped | None:
        """Take one message and run the queue's function on it; ``None``: the queue is empty.

        Success deletes the message. A failure lets it rest for the visibility timeout of ``host.json``; after the
        last try it goes to the poison queue.
        """
        function = self.functions[name]
        trigger = function.trigger
        if not isinstance(trigger, QueueTrigger):
            raise KeyError(f"{name} has no queue.")
        queues = self._queues[trigger.connection]
        held = queues.take(trigger.queue)
        if held is None:
            return None
        with queues.kept_hidden(trigger.queue, held):
            outcome = self._run(function, TypedData(string=held.text), _metadata(held))
        poisoned = not outcome.succeeded and held.dequeue_count >= self.options.max_dequeue_count
        if poisoned:
            queues.send(trigger.queue + POISON, held.text)
        if outcome.succeeded or poisoned:
            queues.delete(trigger.queue, held)
        else:
            queues.release(trigger.queue, held, self.options.visibility_timeout)
        return Pumped(outcome=outcome, dequeue_count=held.dequeue_count, poisoned=poisoned)

    def _parameters(self, trigger: HttpTrigger, request: HttpRequest) -> dict[str, str] | None:
        """Answer the parameters of the route that the request takes; ``None``: the trigger does not listen to it."""
        prefix, path = f"/{self.options.route_prefix}/", request.path
        if request.method not in trigger.methods or not path.lower().startswith(prefix):
            return None
        return trigger.parameters_of(path[len(prefix) :])

    def _run(
        self,
        function: Function,
        data: TypedData,
        metadata: Mapping[str, TypedData] | None = None,
        *,
        retry_count: int = 0,
    ) -> Outcome:
        """Invoke a function and send what it put into its outputs. Logs one line, with the error of a failure."""
        outcome = self._worker.invoke(
            Invocation(
                function_id=function.function_id,
                input_data={function.trigger.parameter: data},
                trigger_metadata=metadata or {},
                retry_count=retry_count,
                max_retry_count=0 if function.retry is None else function.retry.count,
            )
        )
        if not outcome.succeeded:
            logger.error("Executed 'Functions.%s' (Failed): %s", function.name, outcome.error)
            return outcome
        for output in function.outputs:
            value = outcome.outputs.get(output.parameter)
            if value is not None:
                self._queues[output.connection].send(output.queue, value.string)
        logger.info("Executed 'Functions.%s' (Succeeded)", function.name)
        return outcome


def _connections(function: Function) -> set[str]:
    """Name the storage connections of a function's trigger and outputs."""
    found = {output.connection for output in function.outputs}
    if isinstance(function.trigger, QueueTrigger):
        found.add(function.trigger.connection)
    return found


def _metadata(held: Held) -> dict[str, TypedData]:
    """Say of a message what the host says; https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger."""
    message = held.message
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return {
        "QueueTrigger": TypedData(string=held.text),
        "Id": TypedData(string=message.id),
        "PopReceipt": TypedData(string=message.pop_receipt),
        "DequeueCount": TypedData(json=str(held.dequeue_count)),
        **{
            name: TypedData(json=json.dumps(moment.isoformat())) for name, moment in times.items() if moment is not None
        },
    }
