"""A local Azure for a test, the demo or the benchmark: started as a process of its own, gone when it is left."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emulator.client.client import Control

_END_SECONDS = 15.0
_START_SECONDS = 120.0


class LocalAzureError(Exception):
    """The emulator did not start. The message holds what it said."""


def environment_of(ready: Mapping[str, Any]) -> dict[str, str]:
    """Answer the variables that an app needs, from the line that the emulator prints: its identity, and whom to trust."""
    return {
        "IDENTITY_ENDPOINT": ready["identity_endpoint"],
        "IDENTITY_HEADER": ready["identity_header"],
        "SSL_CERT_FILE": ready["ca_file"],
        "REQUESTS_CA_BUNDLE": ready["ca_file"],
    }


class LocalAzure:
    """Context manager around ``python -m emulator serve``, with Azurite when ``storage`` is true.

    The attributes are set when it is entered. The process ends with this one, also when this one is killed.
    """

    arm_endpoint: str
    ingestion_endpoint: str
    query_endpoint: str
    rule_id: str
    """Immutable id of the data collection rule."""
    workspace_id: str
    tenant_id: str
    client_ids: tuple[str, ...]
    """Identities of the app; the first is used when none is named."""
    ca_file: Path
    control: Control
    table_endpoint: str
    """Azurite itself. This and the three below: only with ``storage``."""
    watched_table_endpoint: str
    """The same tables, past the scripted faults (endpoint ``table``) and into the journal."""
    queue_endpoint: str
    blob_endpoint: str

    def __init__(
        self, *, storage: bool = False, node_modules: Path | None = None, arguments: Sequence[str] = ()
    ) -> None:
        self._storage = storage
        self._node_modules = node_modules
        self._arguments = tuple(arguments)
        self._process: subprocess.Popen[str] | None = None
        self._environment: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        """Answer the variables that an app under it needs: where its identity is, and whom to trust. Nothing else."""
        return dict(self._environment)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "emulator", "serve", "--until-stdin-closes", *self._arguments]
        if self._storage:
            command.append("--azurite")
        if self._node_modules is not None:
            command += ["--node-modules", str(self._node_modules)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
            process_group=0,  # Ctrl-C reaches the parent alone; it ends when its standard input does
        )
        try:
            self._read_ready(self._first_line(self._process))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        output = process.stdout
        assert output is not None  # noqa: S101 - it was asked for
        late = threading.Timer(_START_SECONDS, process.kill)
        late.start()
        try:
            return output.readline()
        finally:
            late.cancel()

    def _read_ready(self, line: str) -> None:
        if not line:
            raise LocalAzureError("The emulator ended before it was ready; its messages are on standard error.")
        ready: dict[str, Any] = json.loads(line)
        self.arm_endpoint = ready["arm_endpoint"]
        self.ingestion_endpoint = ready["ingestion_endpoint"]
        self.query_endpoint = ready["query_endpoint"]
        self.rule_id = ready["rule_id"]
        self.workspace_id = ready["workspace_id"]
        self.tenant_id = ready["tenant_id"]
        self.client_ids = tuple(ready["client_ids"])
        self.ca_file = Path(ready["ca_file"])
        if self._storage:
            self.table_endpoint = ready["table_endpoint"]
            self.watched_table_endpoint = ready["watched_table_endpoint"]
            self.queue_endpoint = ready["queue_endpoint"]
            self.blob_endpoint = ready["blob_endpoint"]
        self.control = Control(url=ready["url"], key=ready["control_key"], ca_file=self.ca_file)
        self._environment = environment_of(ready)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
