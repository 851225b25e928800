"""What the functions do: the deployed app's commands, in terms of settings, scans and answers."""

import json
import logging
import os
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scanner import __version__
from scanner.bootstrap import deployed, deployed_store
from scanner.errors import LeaseHeldError, MonitorError
from scanner.scan_record import LAST_COMPLETE
from scanner.settings import read_settings

if TYPE_CHECKING:
    import azure.functions as func

logger = logging.getLogger("scanner")


def scan_on_schedule(*, is_late: bool) -> None:
    """Scan now. While another scan runs there is nothing to do: it reads the same fleet."""
    if is_late:
        logger.warning("scan.late")
    with deployed(read_settings(os.environ)) as service:
        try:
            record = service.scan(trigger="timer", scan_id=str(uuid.uuid4()))
        except LeaseHeldError as error:
            logger.warning("scan.skipped", extra={"reason": str(error)})
            return
    logger.info("scan.completed", extra=record.log_fields())


def scan_on_request(body: bytes) -> None:
    """Do the scan that a message asks for. While another one runs this fails, and the queue brings it back later."""
    try:
        scan_id = str(uuid.UUID(json.loads(body)["scan_id"]))
    except (ValueError, KeyError, TypeError) as error:
        raise MonitorError(
            f"A message in the queue of scan requests is not one of ours ({error!r}); POST /api/scan writes them."
        ) from error
    with deployed(read_settings(os.environ)) as service:
        record = service.scan(trigger="request", scan_id=scan_id)
    logger.info("scan.completed", extra=record.log_fields())


def snapshot_on_schedule(*, is_late: bool) -> None:
    """Write the compliance snapshot."""
    if is_late:
        logger.warning("snapshot.late")
    with deployed(read_settings(os.environ)) as service:
        rows = service.snapshot()
    logger.info("snapshot.completed", extra={"rows": rows})


def request_scan(message: "func.Out[str]") -> "func.HttpResponse":
    """Put a scan request into the queue, unless a scan runs."""
    try:
        with deployed_store(read_settings(os.environ)) as store:
            holder = store.lease_holder(datetime.now(UTC))
    except MonitorError:
        logger.exception("scan.request_failed")
        return _answer(503, {"error": "The state cannot be reached; the app's log says why. Try again later."})
    if holder is not None:
        return _answer(409, {"error": "A scan is running; its events are those you want.", "scan_id": holder})
    scan_id = str(uuid.uuid4())
    message.set(json.dumps({"scan_id": scan_id}))
    return _answer(202, {"scan_id": scan_id})


def health() -> "func.HttpResponse":
    """Say whether the state can be read and when the last complete scan ended."""
    try:
        with deployed_store(read_settings(os.environ)) as store:
            text = store.get_record(LAST_COMPLETE)
    except MonitorError:
        logger.exception("health.failed")
        return _answer(503, {"status": "unreachable", "last_complete_scan": None, "version": __version__})
    record = json.loads(text) if text else None
    ended = record["ended_at"] if record else None
    status = "ok" if ended else "no complete scan yet"
    return _answer(200, {"status": status, "last_complete_scan": ended, "version": __version__})


def _answer(status: int, body: dict[str, str | None]) -> "func.HttpResponse":
    import azure.functions  # noqa: PLC0415 - the command line runs without the Functions library

    return azure.functions.HttpResponse(json.dumps(body), status_code=status, mimetype="application/json")
