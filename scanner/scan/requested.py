"""Scans that were asked for: what became of each, in records of the store whose number has an upper bound.

A scan's id chooses one of 256 records by its first two digits, so nothing has to be cleared away: a later scan with the
same digits takes the place of an earlier one, which is then no longer known.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from scanner.events.scan_record import LAST, ScanRecord
from scanner.ports.store import StateStore
from scanner.times import iso

QUEUED, RUNNING = "queued", "running"
TRIED_FOR = timedelta(minutes=40)
"""How long the queue tries a message before it is set aside: five times, eight minutes apart (host.json)."""
_NEWEST = "scan.asked.newest"


def remember_request(store: StateStore, scan_id: str, now: datetime) -> None:
    """Leave the record of a scan that waits in the queue."""
    text = json.dumps({"scan_id": scan_id, "status": QUEUED, "asked_at": iso(now)})
    store.put_records({_record(scan_id): text, _NEWEST: text})


def waiting_request(store: StateStore, now: datetime) -> str | None:
    """Name the newest request, if it still waits in the queue: its scan has not begun, and the queue tries it yet."""
    try:
        newest = json.loads(store.get_record(_NEWEST) or "{}")
        scan_id = str(uuid.UUID(newest["scan_id"]))
        is_tried = now - datetime.fromisoformat(newest["asked_at"]) < TRIED_FOR
    except (ValueError, KeyError, TypeError):
        return None  # none was asked for yet, or the record cannot be read
    status = status_of(store, scan_id, now) if is_tried else None
    return scan_id if status is not None and status["status"] == QUEUED else None


def remember_result(store: StateStore, record: ScanRecord) -> None:
    """Put the record of a scan that ended in place of its request."""
    store.put_records({_record(record.scan_id): record.to_json()})


def status_of(store: StateStore, scan_id: str, now: datetime) -> Mapping[str, object] | None:
    """Say what is known of a scan: its record, ``queued`` or ``running``; ``None``: it is not known, or no longer.

    ``scan_id`` is a UUID in its canonical form. A scan of a timer is known while it runs and until the next one ends.
    """
    asked = _read(store.get_record(_record(scan_id)), scan_id)
    if store.lease_holder(now) == scan_id:
        return {
            "scan_id": scan_id,
            "status": RUNNING,
            **({"asked_at": asked["asked_at"]} if "asked_at" in asked else {}),
        }
    return asked or _read(store.get_record(LAST), scan_id) or None


def remember_concluded(store: StateStore, scan_id: str) -> None:
    """Put the record of a scan, if it is the last that was concluded, in place of its request."""
    text = store.get_record(LAST)
    if text is not None and _read(text, scan_id):
        store.put_records({_record(scan_id): text})


def concluded(store: StateStore, scan_id: str) -> Mapping[str, object] | None:
    """Read the record of a scan if it is the last that was concluded: what concludes it again has lost its lease."""
    return _read(store.get_record(LAST), scan_id) or None


def _record(scan_id: str) -> str:
    return f"scan.asked.{uuid.UUID(scan_id).hex[:2]}"


def _read(text: str | None, scan_id: str) -> dict[str, object]:
    record = json.loads(text) if text else {}
    return record if record.get("scan_id") == scan_id else {}
