"""The lease as a row of Table Storage: written only over the version that was read, and timed by the service's clock."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableErrorCode, UpdateMode

from scanner.adapters.stores.outbox_body import utc_text
from scanner.adapters.stores.table_client import DatedTableClient
from scanner.adapters.stores.table_errors import Reporting, code_of
from scanner.adapters.stores.table_rows import CONTROL, Entity, get_text, put_text
from scanner.adapters.stores.table_transactions import Operation
from scanner.errors import LeaseHeldError, LeaseLostError, StoreError
from scanner.plain_text import plain

ROW = "lease"
"""Row key of the lease, in the control partition."""
_ATTEMPTS = 4
_LENGTH = timedelta(minutes=10)
"""Length of a lease whose row does not say it: that of an earlier version of the service."""

logger = logging.getLogger("scanner.lease")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """The lease as its row says it; ``None`` where the row is damaged."""

    holder: str | None
    ends: datetime | None
    length: timedelta

    def is_held(self, moment: datetime) -> bool:
        """Whether it keeps others out: it has not ended, and ends within what its holder can have asked for."""
        return self.holder is not None and self.ends is not None and self.ends > moment and not self.is_absurd(moment)

    def is_absurd(self, moment: datetime) -> bool:
        """Whether it is damaged, or ends later than twice its length from now: the clock that wrote it was wrong."""
        return self.holder is None or self.ends is None or self.ends > moment + 2 * self.length


def read_lease(entity: Any) -> LeaseRow:
    """Read the lease out of its row, whatever that holds."""
    try:
        holder: str | None = get_text(entity, "Holder")
        ends: datetime | None = datetime.fromisoformat(get_text(entity, "Ends"))
        ends = ends if ends is not None and ends.tzinfo is not None else None
    except (StoreError, ValueError, KeyError, TypeError):
        holder = ends = None
    seconds = entity.get("Seconds")
    is_length = isinstance(seconds, int) and 0 < seconds <= 86_400
    return LeaseRow(holder=holder, ends=ends, length=timedelta(seconds=seconds) if is_length else _LENGTH)


class TableLease:
    """One lease per table. A lost answer costs nothing: the holder may take its lease again.

    What time it is says the ``Date`` of the service's answers, so that scans on machines with different clocks agree;
    only where an answer has none, the caller's ``now`` counts.
    """

    def __init__(self, client: DatedTableClient, report: Reporting) -> None:
        self._client = client
        self._report = report

    def acquire(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Take the lease, or raise ``LeaseHeldError``. One that is damaged, or ends absurdly late, is broken."""
        for attempt in range(_ATTEMPTS):
            found = self._read()
            moment = self._client.answered_at or now
            lease = None if found is None else read_lease(found)
            if lease is not None and lease.holder != holder:
                if lease.is_held(moment):
                    raise LeaseHeldError(
                        f"another scan, {lease.holder!r}, is running on the table {self._client.table_name}",
                        holder=lease.holder,
                    )
                _report_broken(lease, found, moment)
            if self._written(found, holder, moment + duration, duration, is_last=attempt == _ATTEMPTS - 1):
                return
        raise LeaseHeldError(f"several scans want the lease of the table {self._client.table_name} at once")

    def renew(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Extend the lease, or raise ``LeaseLostError``. One that has ended but was not taken is still the holder's."""
        for attempt in range(_ATTEMPTS):
            found = self._read()
            if found is None or read_lease(found).holder != holder:
                break
            ends = (self._client.answered_at or now) + duration
            if self._written(found, holder, ends, duration, is_last=attempt == _ATTEMPTS - 1):
                return
        raise LeaseLostError(f"the scan {holder!r} no longer holds the lease of the table {self._client.table_name}")

    def release(self, holder: str) -> None:
        """End the lease if it is the holder's."""
        for _ in range(_ATTEMPTS):
            found = self._read()
            if found is None or read_lease(found).holder != holder:
                return
            if self._deleted(found):
                return

    def held_by(self, holder: str) -> Operation:
        """Plan to write the lease as it is: what is in the same transaction happens only while it is the holder's.

        Raises ``LeaseLostError`` when it is not.
        """
        found = self._read()
        if found is None or read_lease(found).holder != holder:
            raise LeaseLostError(
                f"the scan {holder!r} no longer holds the lease of the table {self._client.table_name}"
            )
        return Operation(kind="replace", entity=dict(found), etag=found.metadata["etag"])

    def holder(self, now: datetime) -> str | None:
        """Who holds the lease at ``now``."""
        found = self._read()
        lease = None if found is None else read_lease(found)
        return lease.holder if lease is not None and lease.is_held(self._client.answered_at or now) else None

    def _read(self) -> Any:
        with self._report("read the lease in"):
            try:
                return self._client.get_entity(CONTROL, ROW)
            except ResourceNotFoundError as error:
                if code_of(error) == TableErrorCode.TABLE_NOT_FOUND:
                    raise  # a missing table does not mean that the lease is free
                return None

    def _deleted(self, found: Any) -> bool:
        with self._report("release the lease in"):
            try:
                self._client.delete_entity(
                    found, etag=found.metadata["etag"], match_condition=MatchConditions.IfNotModified
                )
            except ResourceModifiedError:
                return False
        return True

    def _written(self, found: Any, holder: str, ends: datetime, length: timedelta, *, is_last: bool) -> bool:
        """Write the row; ``False``: another was faster, or the answer was lost, so that it must be read again."""
        entity: Entity = {
            "PartitionKey": CONTROL,
            "RowKey": ROW,
            "Ends": utc_text(ends),
            "Seconds": max(1, round(length.total_seconds())),
        }
        put_text(entity, "Holder", holder)
        try:
            with self._report("write the lease in"):
                return self._put(found, entity)
        except StoreError as error:
            if is_last or not error.is_in_doubt:
                raise
            return False

    def _put(self, found: Any, entity: Entity) -> bool:
        try:
            if found is None:
                self._client.create_entity(entity)
            else:
                self._client.update_entity(
                    entity,
                    mode=UpdateMode.REPLACE,
                    etag=found.metadata["etag"],
                    match_condition=MatchConditions.IfNotModified,
                )
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
            return False
        return True


def _report_broken(lease: LeaseRow, found: Any, moment: datetime) -> None:
    if lease.is_absurd(moment):
        told = {"holder": plain(lease.holder or "unreadable", 80), "ends": plain(str(found.get("Ends")), 40)}
        logger.warning("lease.broken %s", json.dumps(told))
