import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import batched
from typing import Any, override

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import TableClient, TableTransactionError, UpdateMode

from scanner.adapters.stores.table_rows import CONTROL, partition_key, record_key, state_key
from scanner.adapters.stores.table_storage import TableStore
from scanner.adapters.stores.table_transactions import Operation, Unit, pack
from scanner.errors import (
    LeaseHeldError,
    StateConflictError,
    StateMissingError,
    StateTooLargeError,
    StoreError,
    UnreadableError,
)
from scanner.ports.store import Damage
from tests.stores.azurite import Azurite, open_table, table_of
from tests.stores.store_contract import (
    EAST,
    NOON,
    WEST,
    OpenStore,
    StoreContract,
    event,
    ids_of,
    incompressible_json,
    rows_of,
    scale_set,
    send_all,
    transition,
    unsent_ids,
)

type Fault = Callable[[Any, Callable[[], Any]], Any]


def as_it_comes(_: Any, send: Callable[[], Any]) -> Any:
    """Send a request and give its answer."""
    return send()


@dataclass
class Wire(RequestsTransport):  # type: ignore[misc]  # azure-core gives it by a module __getattr__
    """A real transport that keeps what was sent in transactions, and that can lose an answer."""

    certificate: str
    fault: Fault = as_it_comes
    batches: list[bytes] = field(default_factory=list)
    seen: Callable[[str], None] = field(default=lambda _method: None)

    def __post_init__(self) -> None:
        super().__init__(connection_verify=self.certificate)

    @override
    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send, after a look."""
        self.seen(request.method)
        if not request.url.endswith("/$batch"):
            return super().send(request, **kwargs)
        self.batches.append(request.body if isinstance(request.body, bytes) else request.body.encode())
        return self.fault(request, lambda: super(Wire, self).send(request, **kwargs))


@dataclass
class Once:
    """A fault that strikes the first transaction only."""

    fault: Fault
    struck: bool = False

    def __call__(self, request: Any, send: Callable[[], Any]) -> Any:
        """Strike once, then let everything through."""
        if self.struck:
            return send()
        self.struck = True
        return self.fault(request, send)


def answer_lost(request: Any, send: Callable[[], Any]) -> Any:
    """Do the transaction, then lose its answer with the connection."""
    send().internal_response.close()
    raise ServiceResponseError(f"connection broken while {request.method} was answered")


def never_arrived(request: Any, _: Callable[[], Any]) -> Any:
    """Break the connection before the service sees the request."""
    raise ServiceResponseError(f"connection broken before {request.method} was read")


def answered_503(_: Any, send: Callable[[], Any]) -> Any:
    """Do the transaction, and answer that the server is busy: the client repeats it by itself."""
    response = send()
    response.status_code = 503
    return response


@pytest.fixture
def table() -> str:
    """Name a table of the test's own."""
    return f"t{uuid.uuid4().hex}"


@pytest.fixture
def wire(azurite: Azurite) -> Wire:
    """Make a transport to look at."""
    return Wire(str(azurite.certificate))


@pytest.fixture
def store(azurite: Azurite, table: str, wire: Wire) -> Iterator[TableStore]:
    """Open a store on that transport."""
    opened = open_table(azurite, table, wire)
    yield opened
    opened.close()


@pytest.fixture
def client(azurite: Azurite, table: str, store: TableStore) -> Iterator[TableClient]:
    """Look at the store's table without the store."""
    assert store is not None
    with table_of(azurite, table) as opened:
        yield opened


class TestTableStore(StoreContract):
    body_limit = 3_000_000

    @pytest.fixture
    @override
    def open_store(self, azurite: Azurite, table: str) -> Iterator[OpenStore]:
        """Open the same table again with every call."""
        opened: list[TableStore] = []

        def open_one() -> TableStore:
            opened.append(open_table(azurite, table))
            return opened[-1]

        yield open_one
        for each in opened:
            each.close()

    @pytest.fixture
    @override
    def store(self, open_store: OpenStore) -> Any:
        """Open the store once, on a transport of its own."""
        return open_store()


def test_a_stale_etag_fails_the_whole_transaction(store: TableStore, client: TableClient) -> None:
    """What two scans at once rest on: the service itself refuses a transaction over a row that changed."""
    store.commit([transition(scale_set("web"), details=())])
    keys = {"PartitionKey": WEST, "RowKey": state_key(scale_set("web"))}
    stale = client.get_entity(WEST, keys["RowKey"]).metadata["etag"]
    client.update_entity({**keys, "Revision": 2}, mode=UpdateMode.REPLACE)
    guard = {"mode": UpdateMode.REPLACE, "etag": stale, "match_condition": MatchConditions.IfNotModified}
    with pytest.raises(TableTransactionError) as caught:
        client.submit_transaction(
            [("create", {"PartitionKey": WEST, "RowKey": "beside"}), ("update", {**keys, "Revision": 3}, guard)]
        )
    assert caught.value.status_code == 412
    assert [entity["Revision"] for entity in client.list_entities()] == [2]


@pytest.mark.parametrize("fault", [answer_lost, never_arrived, answered_503], ids=lambda fault: fault.__name__)
def test_a_transaction_in_doubt_is_done_once(store: TableStore, wire: Wire, fault: Fault) -> None:
    """Whether the answer or the request was lost: afterwards the rows and each event are there once."""
    first = [transition(scale_set(f"web-{number}"), details=("a", "b")) for number in range(3)]
    wire.fault = Once(fault)
    store.commit(first)
    versions = {key: stored.version for key, stored in rows_of(store).items()}
    second = [transition(each.row.key, 2, commit_id="second", replaces=versions[each.row.key]) for each in first]
    wire.fault = Once(fault)
    store.commit(second)
    assert {stored.row.revision for stored in store.load()} == {2}
    assert unsent_ids(store) == ids_of(*first, *second)
    wire.fault = Once(fault)
    send_all(store)
    assert unsent_ids(store) == []
    wire.fault = Once(fault)
    store.put_records({"last scan": "x"}, [event("scan", "scan.completed")])
    assert len(unsent_ids(store)) == 1
    send_all(store)
    wire.fault = Once(fault)
    assert store.replay(NOON) == 10
    assert len(unsent_ids(store)) == 10


@pytest.mark.parametrize("fault", [answer_lost, never_arrived, answered_503], ids=lambda fault: fault.__name__)
def test_a_conflict_is_a_conflict_though_an_answer_was_lost(store: TableStore, wire: Wire, fault: Fault) -> None:
    """Reading the row again never takes another scan's work for our own."""
    theirs = transition(scale_set("web"), commit_id="theirs")
    store.commit([theirs])
    wire.fault = Once(fault)
    with pytest.raises(StateConflictError, match="web"):
        store.commit([transition(scale_set("web"), commit_id="ours", details=("finding.opened",))])
    assert [stored.row for stored in store.load()] == [theirs.row]
    assert unsent_ids(store) == ids_of(theirs)


def test_a_service_that_never_answers_is_a_store_error(store: TableStore, wire: Wire) -> None:
    """After a few attempts the scan is told where and what, and may come back later."""
    wire.fault = never_arrived
    with pytest.raises(StoreError, match=r"https://127\.0\.0\.1.*no answer"):
        store.commit([transition(scale_set("web"))])
    assert len(wire.batches) == 3


def test_every_transaction_keeps_the_limits_of_the_service(store: TableStore, wire: Wire) -> None:
    """At most 100 operations, less than 4 MiB, one partition; a scale set's row goes with its events."""
    noise = incompressible_json(600_000)
    small = [
        transition(scale_set(f"small-{number}", subscription), subscription_id=subscription)
        for number in range(120)
        for subscription in (WEST, EAST)
    ]
    large = [transition(scale_set(f"large-{number}"), body=noise) for number in range(12)]
    store.commit([*small, *large])
    send_all(store)
    assert len(wire.batches) > 6
    for batch in wire.batches:
        text = batch.decode()
        assert len(batch) < 4 * 1024 * 1024
        assert sum(text.count(f"\r\n{verb} https://") for verb in ("POST", "PUT", "PATCH", "DELETE")) <= 100
        partitions = {subscription for subscription in (WEST, EAST) if f"PartitionKey='{subscription}'" in text}
        partitions |= {subscription for subscription in (WEST, EAST) if f'"PartitionKey": "{subscription}"' in text}
        assert len(partitions) == 1
        assert text.count('"RowKey": "state|') == text.count('"RowKey": "event|')


def test_a_purge_holds_a_page(store: TableStore, client: TableClient, wire: Wire) -> None:
    """Of what a large fleet sent on a day, rows are deleted before more are read; all are in the end."""
    row_keys = [f"sent|20260301|{number:05d}|0000000001|0000" for number in range(520)]
    for part in batched(row_keys, 100, strict=False):
        client.submit_transaction([("create", {"PartitionKey": WEST, "RowKey": each}) for each in part])
    deleted: list[int] = []
    wire.seen = lambda method: deleted.append(len(wire.batches)) if method == "GET" else None
    wire.batches.clear()
    assert store.purge_sent(NOON) == len(row_keys)
    assert deleted == [0, 5]
    assert list(client.list_entities()) == []


def test_rows_of_two_partitions_are_never_one_unit() -> None:
    """Azurite accepts a mixed transaction and Azure refuses it, so the code refuses it first."""
    rows = [Operation(kind="create", entity={"PartitionKey": each, "RowKey": "x"}) for each in (WEST, EAST)]
    with pytest.raises(ValueError, match="one partition"):
        pack([Unit(operations=rows)])


def test_units_too_large_for_a_transaction_are_refused(store: TableStore) -> None:
    """More than a transaction holds is said before anything is written, with the scale set's name."""
    noise = incompressible_json(800_000)
    huge = transition(scale_set("web"), details=[f"{number}-{noise}" for number in range(12)])
    with pytest.raises(StoreError, match=r"web.*limit"):
        store.commit([transition(scale_set("small")), huge])
    assert list(store.load()) == []


def test_rows_are_named_so_that_nothing_hostile_is_a_key(store: TableStore, client: TableClient) -> None:
    """The subscription id and hashes: what an operator finds in the table, with the id beside it."""
    store.commit([transition(scale_set("web"))])
    store.commit([transition(scale_set("web"), subscription_id=CONTROL)])
    found = {(each["PartitionKey"], each["RowKey"].split("|")[0]): each for each in client.list_entities()}
    assert set(found) == {(part, kind) for part in (WEST, partition_key(CONTROL)) for kind in ("state", "event")}
    assert partition_key(CONTROL) != CONTROL
    assert found[WEST, "state"]["Key"] == scale_set("web")
    assert json.loads(found[WEST, "state"]["Body"]) == {"mode": "Manual"}


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"SchemaVersion": 1},
        {"SchemaVersion": "1", "Revision": 1, "SubscriptionId": WEST, "Key": "k", "CommitId": "c", "Body": "{}"},
        {"SchemaVersion": 1, "Revision": "one", "SubscriptionId": WEST, "Key": "k", "CommitId": "c", "Body": "{}"},
        {"SchemaVersion": 1, "Revision": 1, "SubscriptionId": WEST, "Key": "k", "CommitId": "c"},
        {"SchemaVersion": 1, "Revision": 1, "SubscriptionId": WEST, "Key": "k", "CommitId": "c", "Body0": b"x"},
        {"SchemaVersion": 1, "Revision": 1, "SubscriptionId": WEST, "Key": 5, "CommitId": "c", "Body": "{}"},
    ],
)
def test_a_row_that_is_not_ours_is_set_aside(
    store: TableStore, client: TableClient, columns: dict[str, str | int | bytes]
) -> None:
    """A damaged row is told, and does not keep the others from being read; whoever cannot go on without it stops."""
    store.commit([transition(scale_set("web"))])
    client.create_entity({"PartitionKey": WEST, "RowKey": "state|damaged", **columns})
    damaged: list[Damage] = []
    assert [each.row.key for each in store.load(damaged.append)] == [scale_set("web")]
    assert [(each.kind, each.name) for each in damaged] == [("state", f"{WEST}/state|damaged")]
    with pytest.raises(UnreadableError, match=r"state\|damaged"):
        list(store.load())
    assert store.drop("state", damaged[0].name)
    assert len(list(store.load())) == 1


@pytest.mark.parametrize("columns", [{}, {"Value": 5}, {"Value0": "text"}, {"Value0": b"no zlib"}])
def test_a_damaged_record_is_no_record(
    store: TableStore, client: TableClient, columns: dict[str, str | int | bytes]
) -> None:
    """It is the empty text, which no reader of a record takes for one, and it can be written anew."""
    store.put_records({"coverage": "{}"})
    row = {"PartitionKey": CONTROL, "RowKey": record_key("coverage")}
    client.update_entity({**row, **columns}, mode=UpdateMode.REPLACE)
    assert store.get_record("coverage") == ""
    store.put_records({"coverage": "{}"})
    assert store.get_record("coverage") == "{}"


@pytest.mark.parametrize(
    "events",
    ["", "{", "5", "[5]", '[{"id": "a", "table": "VmssPostureEvents_CL", "columns": []}]', '[{"id": 5}]', "[" * 30_000],
)
def test_an_entry_that_is_not_ours_is_set_aside(store: TableStore, client: TableClient, events: str) -> None:
    """It is told, the others are sent, and it can be dropped."""
    store.commit([transition(scale_set("web"))])
    client.create_entity({"PartitionKey": WEST, "RowKey": "event|damaged|0000000001|0000", "Events": events})
    damaged = [entry for entry in store.unsent() if entry.damage is not None]
    assert [entry.entry_id for entry in damaged] == [f"{WEST}/event|damaged|0000000001|0000"]
    assert len(unsent_ids(store)) == 1
    assert store.drop("entry", damaged[0].entry_id)
    assert [entry.damage for entry in store.unsent()] == [None]


@pytest.mark.parametrize(
    ("row_key", "columns"),
    [
        ("sent|20991231|damaged|0000000001|0000", {"SentAt": "2099-12-31T00:00:00.000000+00:00", "Events": "[5]"}),
        ("sent|20991231|damaged|0000000001|0000", {"SentAt": "2099-12-31T00:00:00.000000+00:00"}),
        ("sent|20991231|damaged|0000000001|0000", {"Events": "[]"}),
        ("sent|20991231", {"SentAt": "2099-12-31T00:00:00.000000+00:00", "Events": "[]"}),
    ],
)
def test_a_sent_entry_that_is_not_ours_is_set_aside(
    store: TableStore, client: TableClient, row_key: str, columns: dict[str, str]
) -> None:
    """The others are replayed; it is told, stays where it is, and can be dropped."""
    store.commit([transition(scale_set("web"))])
    send_all(store)
    client.create_entity({"PartitionKey": WEST, "RowKey": row_key, **columns})
    with pytest.raises(UnreadableError, match="sent"):
        store.replay(NOON)
    assert unsent_ids(store) == []
    assert [each.name for each in store.damaged_sent()] == [f"{WEST}/{row_key}"]
    damaged: list[Damage] = []
    assert store.replay(NOON, damaged.append) == 1
    assert [(each.kind, each.name) for each in damaged] == [("entry", f"{WEST}/{row_key}")]
    assert len(unsent_ids(store)) == 1
    assert store.drop("entry", damaged[0].name)
    send_all(store)
    assert store.replay(NOON) == 1


def test_states_that_do_not_fit_are_named_before_anything_is_written(store: TableStore) -> None:
    """So that the scan can go on without them."""
    huge = [transition(scale_set(name), body=incompressible_json(3_000_000)) for name in ("a", "b")]
    with pytest.raises(StateTooLargeError) as raised:
        store.commit([transition(scale_set("small")), *huge])
    assert raised.value.keys == {scale_set("a"), scale_set("b")}
    assert list(store.load()) == []


def test_what_only_reads_creates_no_table(azurite: Azurite, table: str, wire: Wire) -> None:
    """A store that is opened and asked sends nothing but reads, and says that no scan has begun."""
    methods: list[str] = []
    wire.seen = methods.append
    with closing(TableStore(table_of(azurite, table, wire))) as store:
        for ask in (
            lambda: store.lease_holder(NOON),
            lambda: store.get_record("scan.last"),
            lambda: next(store.unsent()),
        ):
            with pytest.raises(StateMissingError, match="a scan creates it"):
                ask()
    assert methods == ["GET"] * 3


def test_without_its_table_the_lease_is_unknown(store: TableStore) -> None:
    """A table that was deleted is an error: nobody is told that the lease is free, or that another scan holds it."""
    store._client.delete_table()
    with pytest.raises(StoreError, match="not there"):
        store.lease_holder(NOON)
    with pytest.raises(StoreError, match="not there") as error:
        store.acquire_lease("a", NOON, timedelta(minutes=1))
    assert not isinstance(error.value, LeaseHeldError)


def test_a_refused_identity_is_told_which_role_it_needs(azurite: Azurite, table: str) -> None:
    """A role that was not yet given, or not yet in force, is the first thing to go wrong after a deployment."""

    class Refusing(RequestsTransport):  # type: ignore[misc]  # as above
        @override
        def send(self, request: Any, **kwargs: Any) -> Any:
            response = super().send(request, **kwargs)
            response.status_code = 403
            return response

    with pytest.raises(StoreError, match="Storage Table Data Contributor"):
        open_table(azurite, table, Refusing(connection_verify=str(azurite.certificate)))


def test_an_endpoint_that_is_not_there_is_a_store_error(azurite: Azurite, table: str) -> None:
    """The message names the endpoint."""
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/"):
        open_table(replace(azurite, endpoint="https://127.0.0.1:1/devstoreaccount1"), table)
