"""The worker: Azure's library for Python, started, asked for the app's functions, and told to run them.

It is asked the same things in the same order as in Azure, and answers with the messages of ``protos``. As there, the
app settings are the environment variables of the process, and whatever the app logs goes to the host.
"""

import asyncio
import logging
import os
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self, cast

import azure_functions_runtime as library  # type: ignore[import-untyped]  # it ships without types

from functionshost import protos

SCRIPT = "function_app"
"""The module that Azure imports; https://learn.microsoft.com/azure/azure-functions/functions-reference-python"""


class IndexingError(Exception):
    """The app has no functions: importing or indexing it failed. In Azure such an app deploys green and does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an invocation went."""

    succeeded: bool
    return_value: protos.TypedData | None = None
    outputs: Mapping[str, protos.TypedData] = field(default_factory=dict)
    """Values for output bindings by parameter."""
    error: str = ""
    """Type and text of what the function raised; empty where it raised nothing."""
    stack_trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a function is given."""

    function_id: str
    input_data: Mapping[str, protos.TypedData]
    trigger_metadata: Mapping[str, protos.TypedData] = field(default_factory=dict)
    retry_count: int = 0
    max_retry_count: int = 0


class Worker:
    """A running worker for the app in one folder. One at a time: the library keeps its functions in its module."""

    def __init__(
        self, app: Path, settings: Mapping[str, str], on_log: Callable[[logging.LogRecord], None] = lambda _record: None
    ) -> None:
        self._app = app
        self._settings = settings
        self._log = _Forward(on_log)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="functions-worker", daemon=True)
        self._before: dict[str, str] = {}
        self._path: list[str] = []
        self._level = logging.WARNING
        self._levels: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._before, self._path = dict(os.environ), list(sys.path)
        root = logging.getLogger()
        self._level, self._levels = root.level, _client_levels()
        os.environ.update(self._settings)
        sys.path.insert(0, str(self._app))
        root.addHandler(self._log)
        root.setLevel(logging.INFO)
        library.start_threadpool_executor()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        library.stop_threadpool_executor()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        root = logging.getLogger()
        root.removeHandler(self._log)
        root.setLevel(self._level)
        for name in _client_levels():
            logging.getLogger(name).setLevel(self._levels.get(name, logging.NOTSET))
        sys.modules.pop(SCRIPT, None)
        sys.path[:] = self._path
        os.environ.clear()
        os.environ.update(self._before)

    def functions(self) -> Sequence[protos.RpcFunctionMetadata]:
        """Index the app. Raises ``IndexingError`` where Azure would show no functions."""
        request = protos.WorkerInitRequest(host_version="4", function_app_directory=str(self._app))
        started = self._ask(library.worker_init_request, worker_init_request=request)
        if started.result.status != protos.StatusResult.Success:
            raise IndexingError(f"{started.result.exception.message}\n{started.result.exception.stack_trace}")
        found = self._ask(library.functions_metadata_request).function_metadata_results
        if not found:
            raise IndexingError(f"There is no {SCRIPT}.py with functions in {self._app}.")
        for function in found:
            loading = protos.FunctionLoadRequest(function_id=function.function_id, metadata=function)
            self._ask(library.function_load_request, function_load_request=loading)
        return cast("Sequence[protos.RpcFunctionMetadata]", found)

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run a function to its end, in the library's own threads."""
        request = protos.InvocationRequest(
            invocation_id=str(uuid.uuid4()),
            function_id=invocation.function_id,
            input_data=[protos.ParameterBinding(name=name, data=data) for name, data in invocation.input_data.items()],
            trigger_metadata=invocation.trigger_metadata,
            trace_context=protos.RpcTraceContext(trace_parent=f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01"),
            retry_context=protos.RetryContext(
                retry_count=invocation.retry_count, max_retry_count=invocation.max_retry_count
            ),
        )
        answer = self._ask(library.invocation_request, invocation_request=request)
        return Outcome(
            succeeded=answer.result.status == protos.StatusResult.Success,
            return_value=answer.return_value if answer.HasField("return_value") else None,
            outputs={binding.name: binding.data for binding in answer.output_data},
            error=answer.result.exception.message,
            stack_trace=answer.result.exception.stack_trace,
        )

    def _ask(self, handler: Callable[[Any], Awaitable[Any]], **content: Any) -> Any:
        envelope = SimpleNamespace(
            request=protos.StreamingMessage(request_id=str(uuid.uuid4()), **content),
            properties={"host": "127.0.0.1", "protos": protos},
        )

        async def asked() -> Any:
            return await handler(envelope)

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result()


def _client_levels() -> dict[str, int]:
    """Answer the levels of the loggers of Azure's libraries, which an app may change for the life of its process."""
    loggers = logging.getLogger().manager.loggerDict
    return {
        name: logger.level
        for name, logger in loggers.items()
        if name.startswith("azure.") and isinstance(logger, logging.Logger)
    }


class _Forward(logging.Handler):
    """Hands what is logged to the host."""

    def __init__(self, on_log: Callable[[logging.LogRecord], None]) -> None:
        super().__init__()
        self._on_log = on_log

    def emit(self, record: logging.LogRecord) -> None:
        self._on_log(record)
