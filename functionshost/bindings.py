"""What the app's functions are bound to: read from the worker's answer, with settings put in and everything checked."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from azureformats import ncrontab
from functionshost.protos import RpcFunctionMetadata

_SETTING = re.compile(r"%([^%]+)%")
_ROUTE_PARAMETER = re.compile(r"\{[A-Za-z_]\w*\}")
_QUEUE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")


class BindingError(Exception):
    """Functions are bound to something that the host cannot serve. The message names every one and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerTrigger:
    """Runs on a schedule."""

    parameter: str
    schedule: ncrontab.Schedule
    run_on_startup: bool
    use_monitor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTrigger:
    """Runs on a request; ``auth_level`` is anonymous, function or admin."""

    parameter: str
    route: str
    """In lower case, but for the names of parameters, each a whole segment in braces."""
    methods: frozenset[str]
    auth_level: str

    def parameters_of(self, path: str) -> dict[str, str] | None:
        """Match a path, without the prefix; answer the route's parameters by name, or ``None``: it is another route.

        Words are compared without case, and a parameter takes one whole segment.
        https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#customize-the-http-endpoint
        """
        wanted, given = self.route.split("/"), path.strip("/").split("/")
        if len(wanted) != len(given):
            return None
        found: dict[str, str] = {}
        for want, have in zip(wanted, given, strict=True):
            if want.startswith("{") and have:
                found[want[1:-1]] = unquote(have)
            elif want != have.lower():
                return None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTrigger:
    """Runs on a message."""

    parameter: str
    queue: str
    connection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOutput:
    """Where a parameter's value is sent when the function has succeeded."""

    parameter: str
    queue: str
    connection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often the host runs a failed function again, and after which delay."""

    count: int
    delay: timedelta


type Trigger = TimerTrigger | HttpTrigger | QueueTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function: its trigger, and its outputs beside the answer to a request."""

    name: str
    function_id: str
    trigger: Trigger
    outputs: tuple[QueueOutput, ...]
    retry: Retry | None


def read_functions(found: Sequence[RpcFunctionMetadata], settings: Mapping[str, str]) -> tuple[Function, ...]:
    """Read all functions. Raises ``BindingError`` with all that is wrong, a setting that is not there included."""
    problems: list[str] = []
    functions = []
    for metadata in found:
        try:
            functions.append(_function(metadata, settings))
        except (BindingError, ncrontab.ScheduleError) as error:
            problems.append(f"- {metadata.name}: {error}")
    if problems:
        raise BindingError("The functions cannot be served:\n" + "\n".join(problems))
    return tuple(functions)


def _function(metadata: RpcFunctionMetadata, settings: Mapping[str, str]) -> Function:
    bindings = [json.loads(text) for text in metadata.raw_bindings]
    triggers = [trigger for binding in bindings for trigger in _trigger(binding, settings)]
    if len(triggers) != 1:
        raise BindingError(f"it has {len(triggers)} triggers that this host knows; a function has one.")
    return Function(
        name=metadata.name,
        function_id=metadata.function_id,
        trigger=triggers[0],
        outputs=tuple(output for binding in bindings for output in _output(binding, settings)),
        retry=_retry(metadata),
    )


def _trigger(binding: Mapping[str, Any], settings: Mapping[str, str]) -> Iterator[Trigger]:
    match binding["type"]:
        case "timerTrigger":
            yield TimerTrigger(
                parameter=binding["name"],
                schedule=ncrontab.parse(_resolved(binding["schedule"], settings)),
                run_on_startup=bool(binding.get("runOnStartup", False)),
                use_monitor=bool(binding.get("useMonitor", True)),
            )
        case "httpTrigger":
            route = _resolved(binding["route"], settings)
            segments = route.strip("/").split("/")
            if any("{" in segment and not _ROUTE_PARAMETER.fullmatch(segment) for segment in segments):
                raise BindingError(f"the route {route!r} has parameters of a form that this host does not read.")
            yield HttpTrigger(
                parameter=binding["name"],
                route="/".join(segment if "{" in segment else segment.lower() for segment in segments),
                methods=frozenset(method.upper() for method in binding["methods"]),
                auth_level=binding["authLevel"].lower(),
            )
        case "queueTrigger":
            yield QueueTrigger(
                parameter=binding["name"], queue=_queue(binding, settings), connection=binding["connection"]
            )


def _output(binding: Mapping[str, Any], settings: Mapping[str, str]) -> Iterator[QueueOutput]:
    if binding["direction"] != "OUT" or binding["type"] == "http":
        return
    if binding["type"] != "queue":
        raise BindingError(
            f"its output {binding['name']!r} is of type {binding['type']!r}, which this host cannot write."
        )
    yield QueueOutput(parameter=binding["name"], queue=_queue(binding, settings), connection=binding["connection"])


def _queue(binding: Mapping[str, Any], settings: Mapping[str, str]) -> str:
    """Read a queue's name; https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata."""
    name = _resolved(binding["queueName"], settings)
    if not _QUEUE_NAME.fullmatch(name):
        raise BindingError(f"{name!r} is no name for a queue: 3 to 63 small letters, digits and single hyphens.")
    return name


def _retry(metadata: RpcFunctionMetadata) -> Retry | None:
    if not metadata.HasField("retry_options"):
        return None
    options = metadata.retry_options
    if options.retry_strategy != options.fixed_delay:
        raise BindingError("its retry strategy is not fixed_delay, the one that this host follows.")
    return Retry(count=options.max_retry_count, delay=options.delay_interval)


def _resolved(text: str, settings: Mapping[str, str]) -> str:
    """Put in the settings that a text names between per cent signs."""
    missing = sorted({name for name in _SETTING.findall(text) if not settings.get(name)})
    if missing:
        raise BindingError(f"{text!r} names settings that are not set: {', '.join(missing)}.")
    return _SETTING.sub(lambda match: settings[match[1]], text)
