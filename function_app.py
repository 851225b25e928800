"""The Functions app: what triggers what. Each function delegates; what it delegates to is imported when it runs.

Nothing may fail at import: Azure answers an import error with an app that deploys green and has no functions.
"""

import logging
import os

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


def scan(timer: func.TimerRequest) -> None:
    """Scan on schedule. A failed scan is a failed invocation."""
    from scanner import functions

    functions.scan_on_schedule(is_late=timer.past_due)


@app.timer_trigger(schedule="%VMSS_SNAPSHOT_SCHEDULE%", arg_name="timer", run_on_startup=False, use_monitor=True)
@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:05:00")
def snapshot(timer: func.TimerRequest) -> None:
    """Write the compliance snapshot on schedule."""
    from scanner import functions

    functions.snapshot_on_schedule(is_late=timer.past_due)


@app.route(route="scan", methods=["POST"])
@app.queue_output(arg_name="message", queue_name="vmss-scan-requests", connection="AzureWebJobsStorage")
def request_scan(req: func.HttpRequest, message: func.Out[str]) -> func.HttpResponse:  # noqa: ARG001 - the trigger
    """Ask for a scan now: 202 with its id. The queue carries it, as work after an answer may die."""
    from scanner import functions

    return functions.request_scan(message)


@app.route(route="scans/{id}", methods=["GET"])
def scan_status(req: func.HttpRequest) -> func.HttpResponse:
    """Say what became of a scan: queued, running, or how it ended; 404 where it is not known."""
    from scanner import functions

    return functions.scan_status(req.route_params.get("id", ""))


def scan_requested(message: func.QueueMessage) -> None:
    """Do a scan that was asked for."""
    from scanner import functions

    functions.scan_on_request(message.get_body())


@app.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the trigger
    """Say whether scans read something, and since when; no secrets, as it is open to everyone."""
    from scanner import functions

    return functions.health()


def _add_scans() -> None:
    """Trigger scans: through Durable Functions where shards are on, and without them where these cannot be loaded."""
    if os.environ.get("VMSS_SHARDS", "").strip() == "auto":
        try:
            from scanner.sharded_app import add_sharded_scans

            add_sharded_scans(app)
        except Exception as error:  # noqa: BLE001 - an app without functions would not even say so
            logging.getLogger("scanner").warning("shards.unavailable %s", type(error).__name__)
        else:
            return
    app.timer_trigger(schedule="%VMSS_SCAN_SCHEDULE%", arg_name="timer", run_on_startup=False, use_monitor=True)(scan)
    app.queue_trigger(arg_name="message", queue_name="vmss-scan-requests", connection="AzureWebJobsStorage")(
        scan_requested
    )


_add_scans()
