"""The functions of a scan in shards, for Durable Functions. Loaded only where VMSS_SHARDS is auto."""

from typing import Any

import azure.durable_functions as durable  # type: ignore[import-untyped]
import azure.functions as func

from scanner import sharded
from scanner.adapters.engines.durable_functions import FunctionsEngine, FunctionsStarter
from scanner.ports.engine import Steps
from scanner.scan.orchestration import orchestrate

_functions = durable.Blueprint()


def add_sharded_scans(app: func.FunctionApp) -> None:
    """Add the triggers of scans, the orchestration and its activities."""
    app.register_functions(_functions)


@_functions.timer_trigger(schedule="%VMSS_SCAN_SCHEDULE%", arg_name="timer", run_on_startup=False, use_monitor=True)
@_functions.durable_client_input(client_name="client")
async def scan(timer: func.TimerRequest, client: durable.DurableOrchestrationClient) -> None:
    """Scan on schedule: start the orchestration of a large fleet, scan a small one here."""
    await sharded.scan_on_schedule(FunctionsStarter(client), is_late=timer.past_due)


@_functions.queue_trigger(arg_name="message", queue_name="vmss-scan-requests", connection="AzureWebJobsStorage")
@_functions.durable_client_input(client_name="client")
async def scan_requested(message: func.QueueMessage, client: durable.DurableOrchestrationClient) -> None:
    """Do, or start, a scan that was asked for."""
    await sharded.scan_on_request(FunctionsStarter(client), message.get_body())


@_functions.orchestration_trigger(context_name="context")
def scan_in_shards(context: durable.DurableOrchestrationContext) -> Steps[Any]:
    """Play the orchestration."""
    return (yield from orchestrate(FunctionsEngine(context), context.get_input(dict)))


@_functions.activity_trigger(input_name="argument")
def plan_shards(argument: dict) -> dict:
    """Keep other scans out and divide the fleet."""
    return sharded.plan_shards(argument)


@_functions.activity_trigger(input_name="argument")
def scan_shard(argument: dict) -> dict:
    """Scan one shard."""
    return sharded.scan_one_shard(argument)


@_functions.activity_trigger(input_name="argument")
def conclude_shards(argument: dict) -> dict:
    """Say how the scan went, and deliver."""
    return sharded.conclude_shards(argument)


@_functions.activity_trigger(input_name="argument")
def give_up_shards(argument: dict) -> dict:
    """Say that the scan failed."""
    return sharded.give_up_shards(argument)
