"""Scans in shards on the in-memory backend of durabletask: a Durable Task engine in this process, over gRPC."""

import json
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.client import OrchestrationStatus, TaskHubGrpcClient
from durabletask.testing import create_test_backend
from durabletask.worker import ConcurrencyOptions, TaskHubGrpcWorker

from scanner.adapters.engines.durable_task import DurableTaskEngine
from scanner.facts.evidence import JsonValue
from scanner.ports.engine import INSTANCE, ORCHESTRATION
from scanner.scan.orchestration import orchestrate

type Activity = Callable[[dict[str, Any]], JsonValue]


_NOT_RUNNING = pb.OrchestrationIdReusePolicy(
    replaceableStatus=[
        pb.ORCHESTRATION_STATUS_COMPLETED,
        pb.ORCHESTRATION_STATUS_FAILED,
        pb.ORCHESTRATION_STATUS_TERMINATED,
    ]
)
"""As ``overridableExistingInstanceStates`` in host.json."""


class InMemoryEngine:
    """A running engine with one worker, which runs at most ``at_once`` activities side by side."""

    def __init__(self, activities: Mapping[str, Activity], *, at_once: int = 8) -> None:
        self._activities = activities
        self._at_once = at_once
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with socket.socket() as found:
            found.bind(("localhost", 0))
            port = found.getsockname()[1]
        backend = create_test_backend(port=port)
        self._open.callback(backend.stop)
        address = f"localhost:{port}"
        quiet = logging.getLogger("bench.engine")
        quiet.setLevel(logging.CRITICAL)
        worker = self._open.enter_context(
            TaskHubGrpcWorker(
                host_address=address,
                logger=quiet,
                concurrency_options=ConcurrencyOptions(
                    maximum_concurrent_activity_work_items=self._at_once, maximum_thread_pool_workers=self._at_once + 2
                ),
            )
        )
        for name, activity in self._activities.items():
            worker.add_activity(_named(name, activity))
        worker.add_orchestrator(_orchestrator)
        worker.start()  # type: ignore[no-untyped-call]
        self._client = self._open.enter_context(TaskHubGrpcClient(host_address=address, logger=quiet))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def start(self, start: Mapping[str, JsonValue]) -> None:
        """Start a scan in the place of the last one. Raises what the engine raises while one runs."""
        self._client.schedule_new_orchestration(
            ORCHESTRATION, input=dict(start), instance_id=INSTANCE, reuse_id_policy=_NOT_RUNNING
        )

    def wait(self, seconds: float = 120) -> Any:
        """Wait for the end of the scan; answer what its orchestration answered. Raises ``RuntimeError`` if it failed."""
        state = self._client.wait_for_orchestration_completion(INSTANCE, timeout=seconds)
        if state is None or state.runtime_status is not OrchestrationStatus.COMPLETED:
            raise RuntimeError(f"The orchestration did not complete: {state}")
        return json.loads(state.serialized_output or "null")


def _orchestrator(context: Any, start: dict[str, JsonValue]) -> Any:
    return (yield from orchestrate(DurableTaskEngine(context, timedelta(milliseconds=20)), start))


_orchestrator.__name__ = ORCHESTRATION


def _named(name: str, activity: Activity) -> Callable[[Any, dict[str, Any]], JsonValue]:
    def run(_context: Any, argument: dict[str, Any]) -> JsonValue:
        return activity(argument)

    run.__name__ = name
    return run
