"""The lease as a row of Table Storage: whoever writes it does so only over the version that was read."""

from datetime import datetime, timedelta
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableClient, TableErrorCode, UpdateMode

from scanner.adapters.stores.outbox_body import utc_text
from scanner.adapters.stores.table_errors import Reporting, code_of
from scanner.adapters.stores.table_rows import CONTROL, Entity, get_text, put_text, readable
from scanner.errors import LeaseHeldError, LeaseLostError

_ROW = "lease"
_ATTEMPTS = 4


class TableLease:
    """One lease per table. A lost answer costs nothing: the holder may take its lease again."""

    def __init__(self, client: TableClient, report: Reporting) -> None:
        self._client = client
        self._report = report

    def acquire(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Take the lease, or raise ``LeaseHeldError``."""
        for _ in range(_ATTEMPTS):
            found = self._read()
            other = _holder(found, now)
            if other not in (None, holder):
                raise LeaseHeldError(
                    f"another scan, {other!r}, is running on the table {self._client.table_name}", holder=other
                )
            if self._written(found, holder, now + duration):
                return
        raise LeaseHeldError(f"several scans want the lease of the table {self._client.table_name} at once")

    def renew(self, holder: str, now: datetime, duration: timedelta) -> None:
        """Extend the lease, or raise ``LeaseLostError``. One that has ended but was not taken is still the holder's."""
        for _ in range(_ATTEMPTS):
            found = self._read()
            if found is None or get_text(found, "Holder") != holder:
                break
            if self._written(found, holder, now + duration):
                return
        raise LeaseLostError(f"the scan {holder!r} no longer holds the lease of the table {self._client.table_name}")

    def release(self, holder: str) -> None:
        """End the lease if it is the holder's."""
        for _ in range(_ATTEMPTS):
            found = self._read()
            if found is None or get_text(found, "Holder") != holder:
                return
            if self._deleted(found):
                return

    def holder(self, now: datetime) -> str | None:
        """Who holds the lease at ``now``."""
        return _holder(self._read(), now)

    def _read(self) -> Any:
        with self._report("read the lease in"):
            try:
                found = self._client.get_entity(CONTROL, _ROW)
            except ResourceNotFoundError as error:
                if code_of(error) == TableErrorCode.TABLE_NOT_FOUND:
                    raise  # a missing table does not mean that the lease is free
                return None
        with readable(found):
            _ = (get_text(found, "Holder"), get_text(found, "Ends"))
        return found

    def _deleted(self, found: Any) -> bool:
        with self._report("release the lease in"):
            try:
                self._client.delete_entity(
                    found, etag=found.metadata["etag"], match_condition=MatchConditions.IfNotModified
                )
            except ResourceModifiedError:
                return False
        return True

    def _written(self, found: Any, holder: str, ends: datetime) -> bool:
        entity: Entity = {"PartitionKey": CONTROL, "RowKey": _ROW, "Ends": utc_text(ends)}
        put_text(entity, "Holder", holder)
        with self._report("write the lease in"):
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


def _holder(found: Any, now: datetime) -> str | None:
    if found is None or get_text(found, "Ends") <= utc_text(now):
        return None
    return get_text(found, "Holder")
