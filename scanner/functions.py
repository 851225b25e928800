"""What the functions do: the deployed app's commands, in terms of settings, scans and answers."""

import json
import logging
import os
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scanner import __version__
from scanner.bootstrap import ANSWER_LIMIT, APP_ROOT, deployed, deployed_store
from scanner.errors import LeaseHeldError, MonitorError, StateMissingError
from scanner.events.scan_record import LAST_READING
from scanner.health import NO_SCAN, UNREACHABLE, Health, judge_health
from scanner.invocations import REQUEST, app_settings, log, requested_id, scan
from scanner.scan.requested import remember_request, status_of, waiting_request

if TYPE_CHECKING:
    import azure.functions as func

    from scanner.adapters.stores.table_storage import TableStore

HEALTH_KEPT_SECONDS = 60.0
"""How long an answer about health is given again: anybody may ask, and each reading costs."""
_KEY = "answer"
_kept_health: dict[str, tuple[dict[str, str], float, Health]] = {}


def scan_on_schedule(*, is_late: bool, root: Path = APP_ROOT) -> None:
    """Scan now. While another scan runs there is nothing to do: it reads the same fleet."""
    if is_late:
        log(logging.WARNING, "scan.late", {})
    try:
        scan("timer", str(uuid.uuid4()), root)
    except LeaseHeldError as error:
        log(logging.WARNING, "scan.skipped", {"reason": str(error)})


def scan_on_request(body: bytes) -> None:
    """Do the scan that a message asks for. While another one runs this fails, and the queue brings it back later."""
    scan(REQUEST, requested_id(body))


def snapshot_on_schedule(*, is_late: bool) -> None:
    """Write the compliance snapshot."""
    if is_late:
        log(logging.WARNING, "snapshot.late", {})
    with deployed(app_settings()) as service:
        rows = service.snapshot()
    log(logging.INFO, "snapshot.completed", {"rows": rows})


def request_scan(message: "func.Out[str]") -> "func.HttpResponse":
    """Put a scan request into the queue, where it waits for a scan that runs. One waits at a time, from any caller."""
    now = datetime.now(UTC)
    try:
        with deployed_store(app_settings()) as store:
            holder = _holder(store, now)
            scan_id = waiting_request(store, now)
            is_new = scan_id is None
            if scan_id is None:
                scan_id = str(uuid.uuid4())
                remember_request(store, scan_id, now)
    except MonitorError as error:
        log(logging.WARNING, "scan.request_failed", {"error": str(error)})
        return _answer(503, {"error": "The state cannot be reached; the app's log says why. Try again later."})
    if is_new:
        message.set(json.dumps({"scan_id": scan_id}))
    answer = {"scan_id": scan_id, "status_at": f"/api/scans/{scan_id}"}
    return _answer(202, answer if holder is None else {**answer, "waits_for": holder})


def scan_status(text: str) -> "func.HttpResponse":
    """Say what became of a scan that was asked for."""
    try:
        scan_id = str(uuid.UUID(text))
    except ValueError:
        return _answer(400, {"error": "The id of a scan is a UUID, as POST /api/scan answers it."})
    try:
        with deployed_store(app_settings()) as store:
            status = status_of(store, scan_id, datetime.now(UTC))
    except StateMissingError:
        status = None  # no scan has begun yet
    except MonitorError as error:
        log(logging.WARNING, "scan.status_failed", {"error": str(error)})
        return _answer(503, {"error": "The state cannot be reached; the app's log says why. Try again later."})
    if status is None:
        why = "No scan of this id is known, or no longer. The table VmssPostureScans_CL has every scan that ended."
        return _answer(404, {"error": why, "scan_id": scan_id})
    return _answer(200, status)


def _holder(store: "TableStore", now: datetime) -> str | None:
    """Name the scan that runs. Before the first one there is no table: it is created, as a request is kept in it."""
    try:
        return store.lease_holder(now)
    except StateMissingError:
        store.create_table()
        return None


def health(limit: timedelta = ANSWER_LIMIT) -> "func.HttpResponse":
    """Say whether scans read something, since when they are complete or partial, and 503 when the last is too old.

    Anybody may ask: the state is read once a minute at most, and the log has the rest.
    """
    asked = {name: value for name, value in os.environ.items() if name.startswith("VMSS_")}
    kept = _kept_health.get(_KEY)
    if kept is None or kept[0] != asked or time.monotonic() - kept[1] > HEALTH_KEPT_SECONDS:
        kept = _kept_health[_KEY] = (asked, time.monotonic(), _examine(limit))
    return _answer(kept[2].http_status, kept[2].body(__version__))


def forget_health() -> None:
    """Let the next question about health read the state again."""
    _kept_health.clear()


def _examine(limit: timedelta) -> Health:
    """Read when a scan last read something, and judge it by the schedule."""
    try:
        settings = app_settings()
        with deployed_store(settings, limit=limit) as store:
            text = store.get_record(LAST_READING)
    except StateMissingError:
        return NO_SCAN
    except MonitorError as error:
        log(logging.WARNING, "health.failed", {"error": str(error)})
        return UNREACHABLE
    return judge_health(text, settings.scan_schedule, datetime.now(UTC))


def _answer(status: int, body: Mapping[str, object]) -> "func.HttpResponse":
    import azure.functions

    return azure.functions.HttpResponse(
        json.dumps(body), status_code=status, mimetype="application/json", headers={"Cache-Control": "no-store"}
    )
