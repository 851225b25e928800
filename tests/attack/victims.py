"""The two ways in which the service runs, each as processes that can be killed: SQLite and Table Storage."""

import itertools
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Protocol

from azure.data.tables import TableClient

from emulator.client.local import LocalAzure
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.events.scan_record import LAST
from scanner.ports.store import StateStore
from tests.attack import jobs
from tests.attack.proxy import Proxy
from tests.stores.azurite import Azurite, UnsignedTokens, open_table
from tests.world import EVENTS, SCANS

STEP = timedelta(minutes=11)
"""Between two scans: longer than the lease of one that was killed."""
_NUMBERS = itertools.count(1)

NOT_WATCHED: Mapping[str, str] = {}

type Row = Mapping[str, Any]


@dataclass(slots=True)
class Run:
    """A scan in a process of its own."""

    scan_id: str | None
    """Known beforehand where the service is told it."""
    process: ForkServerProcess
    errors: Path
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def wait(self, limit: float) -> int | None:
        """Wait for the end; the exit code, negative for a signal; ``None``: it still ran, and was killed."""
        self.process.join(limit)
        self.seconds = time.monotonic() - self.started
        code = self.process.exitcode
        if code is None:
            self.kill()
            self.process.join()
        self.ended.set()
        return code

    def kill(self) -> None:
        """End it with SIGKILL; only one thread may wait for it."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, signal.SIGKILL)

    @property
    def said(self) -> str:
        """What it wrote to standard error."""
        return self.errors.read_text(encoding="utf-8", errors="replace") if self.errors.exists() else ""


class Victim(Protocol):
    """The service under attack."""

    name: str

    def start(self, watch: Mapping[str, str] = NOT_WATCHED) -> Run:
        """Begin a scan, at a later time than the one before; ``watch``: variables of ``own_steps``."""

    def arrived(self) -> Iterator[Row]:
        """Yield every row of events that has arrived, in order of arrival, repeats included."""

    def scan_ids(self) -> set[str]:
        """Answer the ids of the scans whose row has arrived."""

    def ended(self, run: Run) -> str | None:
        """Answer the id under which the row of a scan that ended is looked for."""

    def store(self) -> StateStore:
        """Open the state, past the proxy; close it after use."""


class Command:
    """``vmss-posture scan --format jsonl`` with SQLite: what arrives is the whole lines on standard output."""

    name = "sqlite"

    def __init__(self, azure: LocalAzure, proxy: Proxy, folder: Path) -> None:
        self._azure = azure
        self._proxy = proxy
        self._folder = folder
        self._runs = 0
        self.state = folder / f"state{next(_NUMBERS)}.sqlite"
        self._lines: list[Row] = []
        self._outputs: list[Path] = []

    def start(self, watch: Mapping[str, str] = NOT_WATCHED) -> Run:
        """Scan, with a file of its own for the output."""
        self._runs += 1
        output = self.state.with_suffix(f".{self._runs}.jsonl")
        errors = self.state.with_suffix(f".{self._runs}.txt")
        self._outputs.append(output)
        words = ["scan", "--format", "jsonl", "--arm-endpoint", self._proxy.url, "--state", str(self.state)]
        variables = environment(self._azure, self._proxy) | dict(watch)
        process = jobs.start(jobs.command, words, variables, output, errors)
        return Run(None, process, errors)

    def arrived(self) -> Iterator[Row]:
        """Read the outputs; the last line of one that was killed may be half a line."""
        self._read()
        yield from (row for row in self._lines if row["Type"] == EVENTS)

    def scan_ids(self) -> set[str]:
        """Read the outputs."""
        self._read()
        return {str(row["ScanId"]) for row in self._lines if row["Type"] == SCANS}

    def ended(self, run: Run) -> str | None:
        """Ask the state which scan was the last to leave its record: without one, its row cannot be looked for."""
        del run
        if not self.state.exists():
            return None
        with closing(self.store()) as store:
            text = store.get_record(LAST)
        return None if text is None else str(json.loads(text)["scan_id"])

    def store(self) -> StateStore:
        """Open the file."""
        return SqliteStore(self.state)

    def _read(self) -> None:
        for output in self._outputs:
            if output.exists():
                self._lines += [json.loads(line) for line in output.read_bytes().split(b"\n")[:-1] if line]
        self._outputs.clear()


class Deployed:
    """The deployed service with Table Storage: what arrives is what Log Analytics received."""

    name = "azurite"

    def __init__(self, azure: LocalAzure, proxy: Proxy | None, folder: Path, **settings: str) -> None:
        self._azure = azure
        self._folder = folder
        self.table = f"attack{next(_NUMBERS)}"
        # In the past, so that no clock of this machine is behind the service's.
        self.at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=90)
        self.environment = environment(azure, proxy) | {
            "VMSS_ARM_ENDPOINT": proxy.url if proxy else azure.arm_endpoint,
            "VMSS_TABLE_ENDPOINT": f"{proxy.url}/devstoreaccount1" if proxy else azure.watched_table_endpoint,
            "VMSS_TABLE_NAME": self.table,
            "VMSS_INGESTION_ENDPOINT": proxy.url if proxy else azure.ingestion_endpoint,
            "VMSS_COLLECTION_RULE_ID": azure.rule_id,
            **settings,
        }

    def start(self, watch: Mapping[str, str] = NOT_WATCHED) -> Run:
        """Scan, at a time after the lease of the scan before."""
        self.at += STEP
        self._azure.control.set_clock(self.at, frozen=False)
        scan_id = str(uuid.uuid4())
        errors = self._folder / f"{scan_id}.txt"
        return Run(
            scan_id, jobs.start(jobs.deployed_scan, self.environment | dict(watch), scan_id, self.at, errors), errors
        )

    def arrived(self) -> Iterator[Row]:
        """Ask the emulator."""
        yield from self._azure.control.rows(EVENTS)

    def scan_ids(self) -> set[str]:
        """Ask the emulator."""
        return {str(row["ScanId"]) for row in self._azure.control.rows(SCANS)}

    def ended(self, run: Run) -> str | None:
        """Its id was given to it."""
        return run.scan_id

    def store(self) -> StateStore:
        """Open the table."""
        return open_table(Azurite(endpoint=self._azure.table_endpoint, certificate=self._azure.ca_file), self.table)

    def table_client(self) -> TableClient:
        """Look into the state, past the proxy."""
        return TableClient(
            self._azure.table_endpoint,
            self.table,
            credential=UnsignedTokens(),
            audience="https://storage.azure.com",
            connection_verify=str(self._azure.ca_file),
        )


def environment(azure: LocalAzure, proxy: Proxy | None) -> dict[str, str]:
    """Answer the variables of a process whose every request goes through the proxy, where there is one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMSS_", "AZURE_"))}
    given = azure.environment() | {"NO_PROXY": "localhost,127.0.0.1"}
    if proxy is None:
        return kept | given
    return {
        **kept,
        **given,
        "IDENTITY_ENDPOINT": given["IDENTITY_ENDPOINT"].replace(azure.arm_endpoint, proxy.url),
        "SSL_CERT_FILE": str(proxy.certificate),
        "REQUESTS_CA_BUNDLE": str(proxy.certificate),
    }
