"""The lease on Azurite: whose clock counts, what is broken, and an answer that was lost."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport

from scanner.adapters.stores.table_rows import CONTROL
from scanner.adapters.stores.table_storage import TableStore
from scanner.errors import LeaseHeldError, LeaseLostError
from tests.stores.azurite import Azurite, open_table, table_of

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)
DAYS = timedelta(days=2)

type Fault = Callable[[Callable[[], Any]], Any]


class Service(RequestsTransport):  # type: ignore[misc]  # azure-core gives it by a module __getattr__
    """The way to Azurite, whose clock a test sets; the next write of the lease may go wrong on it."""

    def __init__(self, certificate: str) -> None:
        super().__init__(connection_verify=certificate)
        self.now = NOON
        self.fault: Fault | None = None

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send, and date the answer."""
        fault, send = self.fault, super().send
        if fault is not None and request.method in ("POST", "PUT"):
            self.fault = None
            return fault(lambda: send(request, **kwargs))
        response = send(request, **kwargs)
        response.headers["Date"] = format_datetime(self.now, usegmt=True)
        return response


@pytest.fixture
def table() -> str:
    """Name a table of the test's own."""
    return f"t{uuid.uuid4().hex}"


@pytest.fixture
def service(azurite: Azurite) -> Service:
    """Make the way to the service."""
    return Service(str(azurite.certificate))


@pytest.fixture
def store(azurite: Azurite, table: str, service: Service) -> Iterator[TableStore]:
    """Open a store on it."""
    opened = open_table(azurite, table, service)
    yield opened
    opened.close()


@pytest.mark.parametrize("ours", [-DAYS, -TEN, timedelta(0), TEN, DAYS], ids=str)
@pytest.mark.parametrize("theirs", [-DAYS, -TEN, timedelta(0), TEN, DAYS], ids=str)
def test_the_clock_of_the_service_counts(
    store: TableStore, service: Service, ours: timedelta, theirs: timedelta
) -> None:
    """However wrong the clocks of two machines are, the lease keeps the second out for its length and no longer."""
    store.acquire_lease("a", service.now + ours, TEN)
    service.now += TEN - timedelta(seconds=1)
    with pytest.raises(LeaseHeldError):
        store.acquire_lease("b", service.now + theirs, TEN)
    store.renew_lease("a", service.now + ours, TEN)
    service.now += TEN - timedelta(seconds=1)
    assert store.lease_holder(service.now + theirs) == "a"
    service.now += timedelta(seconds=1)
    assert store.lease_holder(service.now + theirs) is None
    store.acquire_lease("b", service.now + theirs, TEN)
    with pytest.raises(LeaseLostError):
        store.renew_lease("a", service.now + ours, TEN)


@pytest.mark.parametrize(
    ("row", "is_broken"),
    [
        pytest.param({"Holder": "a", "Ends": NOON + DAYS}, True, id="of a clock two days ahead"),
        pytest.param({"Holder": "a", "Ends": NOON + 2 * TEN}, False, id="twice its length"),
        pytest.param({"Holder": "a", "Ends": NOON + 2.1 * TEN}, True, id="more than twice its length"),
        pytest.param({"Holder": "a", "Ends": NOON + 5 * TEN, "Seconds": 1800}, False, id="a longer lease"),
        pytest.param({"Holder": "a", "Ends": NOON + 5 * TEN, "Seconds": -1}, True, id="a length that is none"),
        pytest.param({"Holder": "a", "Ends": NOON + 5 * TEN, "Seconds": "long"}, True, id="a length that is text"),
        pytest.param({"Holder": "a", "Ends": "zzz"}, True, id="an end that is no time"),
        pytest.param({"Holder": "a", "Ends": "2026-03-10T12:05:00"}, True, id="an end without a time zone"),
        pytest.param({"Holder": "a", "Ends": 5}, True, id="an end that is a number"),
        pytest.param({"Holder": "a"}, True, id="no end"),
        pytest.param({"Ends": NOON + TEN}, True, id="no holder"),
        pytest.param({}, True, id="an empty row"),
    ],
)
def test_a_lease_that_cannot_be_right_is_broken_and_reported(
    azurite: Azurite,
    table: str,
    store: TableStore,
    caplog: pytest.LogCaptureFixture,
    *,
    row: dict[str, Any],
    is_broken: bool,
) -> None:
    """No damaged row and no clock of another machine keeps every scan out."""
    values = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    with table_of(azurite, table) as client:
        client.create_entity({"PartitionKey": CONTROL, "RowKey": "lease", **values})
    assert (store.lease_holder(NOON) is None) is is_broken
    if not is_broken:
        with pytest.raises(LeaseHeldError, match="'a'"):
            store.acquire_lease("b", NOON, TEN)
        return
    store.acquire_lease("b", NOON, TEN)
    assert store.lease_holder(NOON) == "b"
    assert [record.levelname for record in caplog.records if "lease.broken" in record.message] == ["WARNING"]


def _answer_lost(send: Callable[[], Any]) -> Any:
    send()
    raise ServiceResponseError("the connection ended before the answer did")


def _answered_503(send: Callable[[], Any]) -> Any:
    response = send()
    response.status_code = 503
    return response


def _never_arrived(_send: Callable[[], Any]) -> Any:
    raise ServiceResponseError("no answer")


def _answered_nonsense(send: Callable[[], Any]) -> Any:
    send()
    raise ValueError("what the client throws at an answer that it cannot read")


@pytest.mark.parametrize("fault", [_answer_lost, _answered_503, _never_arrived, _answered_nonsense])
def test_a_lease_whose_answer_was_lost_is_recognised(store: TableStore, service: Service, fault: Fault) -> None:
    """Whether it was written or not, the scan has its lease afterwards, at the taking and at the renewing."""
    service.fault = fault
    store.acquire_lease("a", NOON, TEN)
    service.fault = fault
    store.renew_lease("a", NOON, TEN)
    assert store.lease_holder(NOON) == "a"
    with pytest.raises(LeaseHeldError):
        store.acquire_lease("b", NOON, TEN)
