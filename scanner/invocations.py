"""A scan as one invocation of the deployed app: its settings, its row in Log Analytics whatever happened, its log line."""

import json
import logging
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.bootstrap import APP_ROOT, WRAP_UP, deployed, send_record, utc_now
from scanner.errors import LeaseHeldError, MonitorError, SettingProblem, StoreError
from scanner.events.scan_record import ScanRecord
from scanner.plain_text import plain
from scanner.scan.record import failed_record
from scanner.scan.requested import remember_result
from scanner.settings import NEEDED_TO_TELL, Settings, read_usable, require_usable

if TYPE_CHECKING:
    from scanner.bootstrap import Service

logger = logging.getLogger("scanner")

REQUEST = "request"
"""What triggers a scan that was asked for."""

_LAST_WORD = 45.0
"""Seconds that are always left to say that a scan failed: its time and these end before Azure ends the function."""


def scan(trigger: str, scan_id: str, root: Path = APP_ROOT) -> None:
    """Scan, and leave a ``scan.completed`` row whatever happened, as long as Log Analytics can be reached."""
    began, told = time.monotonic(), False
    settings, problems = usable_settings()
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
                catch_up(service)
    except LeaseHeldError:
        raise
    except Exception as failure:
        if not told:
            record = failed_record(failure, scan_id=scan_id, trigger=trigger, now=utc_now())
            report_failure(settings, problems, record, time_for_last_word(settings, began))
        raise
    if result.failure is not None:
        raise result.failure  # a failed scan is a failed invocation: the host counts it, and a queue repeats it
    log(logging.INFO, "scan.completed", result.record.log_fields())


def time_for_last_word(settings: Settings, began: float) -> timedelta:
    """Answer how long a scan that began at ``began`` (``time.monotonic``) and failed may take to say so."""
    whole = (settings.time_limit + WRAP_UP).total_seconds()
    return timedelta(seconds=min(WRAP_UP.total_seconds(), max(_LAST_WORD, began + whole - time.monotonic())))


def requested_id(body: bytes) -> str:
    """Read the id of the scan that a message asks for. Raises ``MonitorError`` for a message that is not one of ours."""
    try:
        return str(uuid.UUID(json.loads(body)["scan_id"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MonitorError(
            f"A message in the queue of scan requests is not one of ours ({type(error).__name__}); POST /api/scan writes"
            " them."
        ) from error


def catch_up(service: "Service") -> None:
    """Write a snapshot that its timer lost. Where that fails the scan is none the worse, and the next one tries again."""
    try:
        rows = service.overdue_snapshot()
    except MonitorError as error:
        log(logging.WARNING, "snapshot.failed", {"error": str(error)})
        return
    if rows is not None:
        log(logging.WARNING, "snapshot.caught_up", {"rows": rows})


def report_failure(
    settings: Settings, problems: Sequence[SettingProblem], record: ScanRecord, limit: timedelta
) -> None:
    """Tell Log Analytics of a scan that could not; where that fails too, the log has both reasons."""
    wrong = sorted({problem.name for problem in problems} & {setting.name for setting in NEEDED_TO_TELL})
    if wrong:
        log(logging.WARNING, "scan.row_lost", {"error": f"Log Analytics cannot be reached with {', '.join(wrong)}."})
        return
    try:
        refusals = send_record(settings, record, limit)
    except Exception as error:  # noqa: BLE001 - the first failure is the one to raise
        log(logging.WARNING, "scan.row_lost", {"error": f"{type(error).__name__}: {error}"})
        return
    for refusal in refusals:
        log(logging.WARNING, "scan.row_lost", {"error": refusal.error})


def app_settings() -> Settings:
    """Read the settings. Raises ``SettingsError``."""
    settings, problems = usable_settings()
    require_usable(problems)
    return settings


def usable_settings() -> tuple[Settings, tuple[SettingProblem, ...]]:
    """Read the settings as far as they can be used.

    Azure's clients stop logging every request then: the host would pass each on, and it costs.
    """
    for client in ("azure.core", "azure.identity"):
        logging.getLogger(client).setLevel(logging.WARNING)
    return read_usable(os.environ)


def log(level: int, event: str, fields: Mapping[str, str | int]) -> None:
    """Log an event's name and its fields in one line of text: where the host passes it on, ``extra`` is dropped."""
    told = {name: plain(value, 2_000) if isinstance(value, str) else value for name, value in fields.items()}
    logger.log(level, "%s %s", event, json.dumps(told))
