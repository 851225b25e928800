"""Run an emulator in this process until it is told to end."""

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from emulator.endpoint.identity import PATH
from emulator.estate import fleet
from emulator.serving.application import Emulator
from emulator.serving.azurite import ACCOUNT, Azurite, find_azurite
from emulator.serving.certificates import create_certificates
from emulator.serving.server import EmulatorServer
from emulator.settings import Settings

LOCAL_NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is served, beside the settings of the emulator itself."""

    azurite: bool = False
    node_modules: Path | None = None
    """Folder at or below which ``node_modules`` is; ``None``: found upwards from this package."""
    plan: fleet.FleetPlan | None = None
    until_stdin_closes: bool = False
    verbose: bool = False


def serve(settings: Settings, service: Service, out: TextIO) -> None:
    """Serve until a signal, or until standard input closes; one line of JSON on ``out`` says that it is ready.

    Raises ``OSError`` when the port cannot be had, ``AzuriteError`` and ``DeclarationError``.
    """
    end = threading.Event()
    with _ended_by_signals(end), tempfile.TemporaryDirectory(prefix="local-azure-") as name:
        folder = Path(name)
        files = create_certificates(folder, tuple(dict.fromkeys((*LOCAL_NAMES, settings.host, *settings.names))))
        emulator = Emulator(settings)
        if service.plan is not None:
            fleet.create(service.plan, emulator.estate, emulator.images)
        azurite = None
        with EmulatorServer(emulator, files, verbose=service.verbose) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            ready = {
                "url": server.url,
                "ca_file": str(files.ca),
                "control_key": emulator.control_key,
                "identity_endpoint": server.url + PATH,
                "identity_header": emulator.identity_secret,
                "tenant_id": settings.tenant_id,
                "client_ids": list(settings.client_ids),
                "arm_endpoint": server.url,
                "ingestion_endpoint": server.url,
                "query_endpoint": server.url,
                "rule_id": settings.rule_id,
                "workspace_id": settings.workspace_id,
            }
            try:
                if service.azurite:
                    start = service.node_modules or Path(__file__).resolve().parent
                    azurite = Azurite(find_azurite(start), files, settings.host)
                    storage = azurite.start()
                    emulator.watch_tables(storage.table, files.ca)
                    ready |= {
                        "blob_endpoint": storage.blob,
                        "queue_endpoint": storage.queue,
                        "table_endpoint": storage.table,
                        "watched_table_endpoint": f"{server.url}/{ACCOUNT}",
                    }
                if service.until_stdin_closes:
                    threading.Thread(target=_watch_stdin, args=(end,), daemon=True).start()
                out.write(json.dumps(ready) + "\n")
                out.flush()
                end.wait()
            finally:
                emulator.faults.clear()
                emulator.journal.close()
                if azurite is not None:
                    azurite.stop()
                server.shutdown()


@contextlib.contextmanager
def _ended_by_signals(end: threading.Event) -> Iterator[None]:
    """Set the event on an interrupt or a termination; afterwards signals mean what they meant before."""
    before = {number: signal.signal(number, lambda *_: end.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch_stdin(end: threading.Event) -> None:
    """Read until the parent, which holds the other end, closes it or dies, however it dies."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    end.set()
