"""One scan as the deployed service makes it, in a process of its own, on a state in SQLite: what it read and wrote.

``python -m bench.one_scan https://arm-endpoint STATE [alone | compute] [paced]`` prints the counts as one JSON object. ``STATE`` is
a SQLite file, or https://table-endpoint/NAME. It reads
what a deployed scan reads from Resource Graph and the lists of images. ``alone``: the scale sets, subscriptions and changes, and
nothing beside them. ``paced``: it keeps to the quota of Resource Graph. ``compute``: also what is asked about single scale sets, which takes as long as Azure's budgets say.
"""

import json
import sys
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.adapters.azure.connect import as_app, connect
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.quota import QuotaPolicy
from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.azure_ports import azure_ports
from scanner.bootstrap import APP_ROOT, utc_now
from scanner.clouds import CLOUDS
from scanner.events.scan_record import Status
from scanner.facts.evidence import JsonValue
from scanner.ports.event import Event, Table
from scanner.ports.sink import Refusal
from scanner.ports.store import Damage, OutboxEntry, StateWrite, StoredRow, refuse_damage
from scanner.scan.request import ScanRequest
from scanner.scan.run import run_scan

if TYPE_CHECKING:
    from scanner.adapters.stores.table_storage import TableStore

TIME_LIMIT = timedelta(minutes=60)
ALONE, COMPUTE, PACED = "alone", "compute", "paced"


class CountingStore(SqliteStore):
    """A SQLite store that counts the rows of scale sets and the control records that are read and written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.states_read = self.states_written = self.records_read = self.records_written = 0

    def load(
        self, on_damage: Callable[[Damage], None] = refuse_damage, *, subscription_id: str | None = None
    ) -> Iterator[StoredRow]:
        """Yield the states, and count them."""
        for row in super().load(on_damage, subscription_id=subscription_id):
            self.states_read += 1
            yield row

    def read(
        self, subscription_id: str, keys: Collection[str], on_damage: Callable[[Damage], None] = refuse_damage
    ) -> Iterator[StoredRow]:
        """Yield some states, and count them."""
        for row in super().read(subscription_id, keys, on_damage):
            self.states_read += 1
            yield row

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        """Write states, and count them."""
        versions = super().commit(writes)
        self.states_written += len(writes)
        return versions

    def get_record(self, name: str) -> str | None:
        """Read a control record, and count it."""
        self.records_read += 1
        return super().get_record(name)

    def put_records(
        self, records: Mapping[str, str | None], events: Sequence[Event] = (), *, holder: str | None = None
    ) -> Sequence[OutboxEntry]:
        """Write control records, and count them."""
        self.records_written += len(records)
        return super().put_records(records, events, holder=holder)

    def counts(self) -> dict[str, int]:
        """Answer the counts."""
        return {
            "states_read": self.states_read,
            "states_written": self.states_written,
            "records_read": self.records_read,
            "records_written": self.records_written,
        }


class TakingSink:
    """A sink that takes every row, counts it, and keeps none."""

    def __init__(self) -> None:
        self.rows = 0

    def accept(self, _table: Table, rows: Sequence[Mapping[str, JsonValue]]) -> Sequence[Refusal]:
        """Take the rows."""
        self.rows += len(rows)
        return ()

    def close(self) -> None:
        """Nothing to let go of."""


def _store(path: str, connection: Connection) -> "CountingStore | TableStore":
    """Open a state, and make it where there is none."""
    endpoint, _, name = path.rpartition("/")
    if not endpoint.startswith("https://"):
        return CountingStore(Path(path))
    from scanner.adapters.stores.table_client import table_client
    from scanner.adapters.stores.table_storage import TableStore

    client = table_client(
        connection, endpoint=endpoint, table_name=name, audience=CLOUDS["AzureCloud"].storage_audience
    )
    store = TableStore(client)
    store.create_table()
    return store


def main() -> int:
    """Scan once; exit with 1 unless the scan was complete."""
    endpoint, path, *asked = sys.argv[1:]
    if PACED not in asked:
        QuotaPolicy.WINDOW = 0.0  # the plain pager keeps to no quota either
    connection = connect(CLOUDS["AzureCloud"], as_app(None), TIME_LIMIT, arm_endpoint=endpoint)
    sink = TakingSink()
    with (
        closing(connection),
        closing(_store(path, connection)) as store,
        azure_ports(connection, store, sink, utc_now) as deployed,
    ):
        ports = deployed if COMPUTE in asked else replace(deployed, instances=None, rollouts=None)
        if ALONE in asked:
            ports = replace(ports, images=None, tables=None, census=None, graph_part=None)
        request = ScanRequest(
            scan_id=str(uuid.uuid4()),
            trigger="bench",
            criteria=read_criteria(APP_ROOT / "policy.toml", None, utc_now()),
            service_version="bench",
            time_limit=TIME_LIMIT,
        )
        result = run_scan(ports, request)
    print(
        json.dumps(
            {
                "scale_sets": result.record.scale_sets_read,
                "rows_sent": sink.rows,
                **(store.counts() if isinstance(store, CountingStore) else {}),
            }
        )
    )
    if result.record.status is not Status.COMPLETE:
        print(result.record.error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
