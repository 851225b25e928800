"""What the functions do: the deployed app's commands, in terms of settings, scans and answers."""

import json
import logging
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scanner import __version__
from scanner.bootstrap import ANSWER_LIMIT, APP_ROOT, WRAP_UP, deployed, deployed_store, failed_record, send_record
from scanner.errors import LeaseHeldError, MonitorError, SettingProblem, StateMissingError, StoreError
from scanner.events.scan_record import LAST_READING, ScanRecord
from scanner.health import NO_SCAN, UNREACHABLE, Health, judge_health
from scanner.plain_text import plain
from scanner.scan.requested import remember_request, remember_result, status_of, waiting_request
from scanner.settings import NEEDED_TO_TELL, Settings, read_usable, require_usable

if TYPE_CHECKING:
    import azure.functions as func

    from scanner.adapters.stores.table_storage import TableStore
    from scanner.bootstrap import Service

logger = logging.getLogger("scanner")

HEALTH_KEPT_SECONDS = 60.0
"""How long an answer about health is given again: anybody may ask, and each reading costs."""
_KEY = "answer"
_kept_health: dict[str, tuple[dict[str, str], float, Health]] = {}
REQUEST = "request"
"""What triggers a scan that was asked for."""

_LAST_WORD = 45.0
"""Seconds that are always left to say that a scan failed: its time and these end before Azure ends the function."""


def scan_on_schedule(*, is_late: bool, root: Path = APP_ROOT) -> None:
    """Scan now. While another scan runs there is nothing to do: it reads the same fleet."""
    if is_late:
        _log(logging.WARNING, "scan.late", {})
    try:
        _scan("timer", str(uuid.uuid4()), root)
    except LeaseHeldError as error:
        _log(logging.WARNING, "scan.skipped", {"reason": str(error)})


def scan_on_request(body: bytes) -> None:
    """Do the scan that a message asks for. While another one runs this fails, and the queue brings it back later."""
    try:
        scan_id = str(uuid.UUID(json.loads(body)["scan_id"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MonitorError(
            f"A message in the queue of scan requests is not one of ours ({type(error).__name__}); POST /api/scan writes"
            " them."
        ) from error
    _scan(REQUEST, scan_id)


def snapshot_on_schedule(*, is_late: bool) -> None:
    """Write the compliance snapshot."""
    if is_late:
        _log(logging.WARNING, "snapshot.late", {})
    with deployed(_settings()) as service:
        rows = service.snapshot()
    _log(logging.INFO, "snapshot.completed", {"rows": rows})


def request_scan(message: "func.Out[str]") -> "func.HttpResponse":
    """Put a scan request into the queue, where it waits for a scan that runs. One waits at a time, from any caller."""
    now = datetime.now(UTC)
    try:
        with deployed_store(_settings()) as store:
            holder = _holder(store, now)
            scan_id = waiting_request(store, now)
            is_new = scan_id is None
            if scan_id is None:
                scan_id = str(uuid.uuid4())
                remember_request(store, scan_id, now)
    except MonitorError as error:
        _log(logging.WARNING, "scan.request_failed", {"error": str(error)})
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
        with deployed_store(_settings()) as store:
            status = status_of(store, scan_id, datetime.now(UTC))
    except StateMissingError:
        status = None  # no scan has begun yet
    except MonitorError as error:
        _log(logging.WARNING, "scan.status_failed", {"error": str(error)})
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
        settings = _settings()
        with deployed_store(settings, limit=limit) as store:
            text = store.get_record(LAST_READING)
    except StateMissingError:
        return NO_SCAN
    except MonitorError as error:
        _log(logging.WARNING, "health.failed", {"error": str(error)})
        return UNREACHABLE
    return judge_health(text, settings.scan_schedule, datetime.now(UTC))


def _scan(trigger: str, scan_id: str, root: Path = APP_ROOT) -> None:
    """Scan, and leave a ``scan.completed`` row whatever happened, as long as Log Analytics can be reached."""
    began, told = time.monotonic(), False
    settings, problems = _usable_settings()
    try:
        require_usable(problems)
        with deployed(settings, root=root) as service:
            try:
                result = service.scan(trigger=trigger, scan_id=scan_id, is_full=trigger == REQUEST)
            finally:
                told = service.watched.has_told
            if trigger == REQUEST:
                with suppress(StoreError):  # the scan's own row says how it went, and whether the state failed
                    remember_result(service.ports.store, result.record)
            if result.failure is None:
                _catch_up(service)
    except LeaseHeldError:
        raise
    except Exception as failure:
        if not told:
            whole = (settings.time_limit + WRAP_UP).total_seconds()
            limit = min(WRAP_UP.total_seconds(), max(_LAST_WORD, began + whole - time.monotonic()))
            record = failed_record(failure, scan_id=scan_id, trigger=trigger)
            _report(settings, problems, record, timedelta(seconds=limit))
        raise
    if result.failure is not None:
        raise result.failure  # a failed scan is a failed invocation: the host counts it, and a queue repeats it
    _log(logging.INFO, "scan.completed", result.record.log_fields())


def _catch_up(service: "Service") -> None:
    """Write a snapshot that its timer lost. Where that fails the scan is none the worse, and the next one tries again."""
    try:
        rows = service.overdue_snapshot()
    except MonitorError as error:
        _log(logging.WARNING, "snapshot.failed", {"error": str(error)})
        return
    if rows is not None:
        _log(logging.WARNING, "snapshot.caught_up", {"rows": rows})


def _report(settings: Settings, problems: Sequence[SettingProblem], record: ScanRecord, limit: timedelta) -> None:
    """Tell Log Analytics of a scan that could not; where that fails too, the log has both reasons."""
    wrong = sorted({problem.name for problem in problems} & {setting.name for setting in NEEDED_TO_TELL})
    if wrong:
        _log(logging.WARNING, "scan.row_lost", {"error": f"Log Analytics cannot be reached with {', '.join(wrong)}."})
        return
    try:
        refusals = send_record(settings, record, limit)
    except Exception as error:  # noqa: BLE001 - the first failure is the one to raise
        _log(logging.WARNING, "scan.row_lost", {"error": f"{type(error).__name__}: {error}"})
        return
    for refusal in refusals:
        _log(logging.WARNING, "scan.row_lost", {"error": refusal.error})


def _settings() -> Settings:
    """Read the settings. Raises ``SettingsError``."""
    settings, problems = _usable_settings()
    require_usable(problems)
    return settings


def _usable_settings() -> tuple[Settings, tuple[SettingProblem, ...]]:
    """Read the settings as far as they can be used.

    Azure's clients stop logging every request then: the host would pass each on, and it costs.
    """
    for client in ("azure.core", "azure.identity"):
        logging.getLogger(client).setLevel(logging.WARNING)
    return read_usable(os.environ)


def _answer(status: int, body: Mapping[str, object]) -> "func.HttpResponse":
    import azure.functions

    return azure.functions.HttpResponse(
        json.dumps(body), status_code=status, mimetype="application/json", headers={"Cache-Control": "no-store"}
    )


def _log(level: int, event: str, fields: Mapping[str, str | int]) -> None:
    """Log an event's name and its fields in one line of text: where the host passes it on, ``extra`` is dropped."""
    told = {name: plain(value, 2_000) if isinstance(value, str) else value for name, value in fields.items()}
    logger.log(level, "%s %s", event, json.dumps(told))
