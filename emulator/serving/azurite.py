"""Azurite, Microsoft's storage emulator, beside ours: over HTTPS, with tokens, for as long as its parent lives.

https://learn.microsoft.com/azure/storage/common/storage-use-azurite
"""

import re
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from emulator.serving.certificates import CertificateFiles

ACCOUNT = "devstoreaccount1"
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (https://\S+)")
_SERVICES = frozenset({"Blob", "Queue", "Table"})
_START_SECONDS = 60.0
# Node ends when its standard input does, so that Azurite never outlives its parent.
_WRAPPER = (
    "process.stdin.resume().on('end',()=>process.exit(0)).on('error',()=>process.exit(0));"
    "const m=process.argv[1];process.argv.splice(1,0,m);process.argv[1]=m;process.argv.splice(2,1);require(m);"
)


class AzuriteError(Exception):
    """Azurite cannot be started. The message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEndpoints:
    """Addresses of the storage account's services."""

    blob: str
    queue: str
    table: str


def find_azurite(start: Path) -> Path:
    """Find Azurite's main file in a ``node_modules`` folder beside ``start`` or above it."""
    for folder in (start, *start.parents):
        main = folder / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
        if main.is_file():
            return main
    raise AzuriteError(f"Azurite is not in node_modules at {start} or above: run `npm ci` in the repository.")


class Azurite:
    """A running Azurite; ``start`` it, and ``stop`` it."""

    def __init__(self, main: Path, files: CertificateFiles, host: str) -> None:
        self._main = main
        self._files = files
        self._host = host
        self._process: subprocess.Popen[str] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._output: list[str] = []
        self._found: dict[str, str] = {}
        self._progress = threading.Condition()
        self._reader: threading.Thread | None = None

    def start(self) -> StorageEndpoints:
        """Start it on free ports with all data in memory; answer where it listens. Raises ``AzuriteError``."""
        node = shutil.which("node")
        if node is None:
            raise AzuriteError("Node.js is not on the PATH: Azurite needs it (version 20).")
        self._folder = tempfile.TemporaryDirectory(prefix="azurite-")
        ports = [flag for service in ("blob", "queue", "table") for flag in (f"--{service}Host", self._host, f"--{service}Port", "0")]  # fmt: skip
        self._process = subprocess.Popen(
            [node, "-e", _WRAPPER, "--", str(self._main), *ports, "--cert", str(self._files.certificate),
             "--key", str(self._files.key), "--oauth", "basic", "--inMemoryPersistence", "--skipApiVersionCheck",
             "--disableTelemetry"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._folder.name,
            process_group=0,  # Ctrl-C reaches the parent alone
        )  # fmt: skip
        output = self._process.stdout
        assert output is not None  # noqa: S101 - it was asked for
        self._reader = threading.Thread(target=self._read, args=(output,), daemon=True)
        self._reader.start()
        with self._progress:
            ready = self._progress.wait_for(self._settled, _START_SECONDS)
        if not ready or not set(self._found) >= _SERVICES:
            said = "".join(self._output)[-2000:]
            self.stop()
            raise AzuriteError(f"Azurite did not start: {said or 'no output'}")
        return StorageEndpoints(
            blob=f"{self._found['Blob']}/{ACCOUNT}",
            queue=f"{self._found['Queue']}/{ACCOUNT}",
            table=f"{self._found['Table']}/{ACCOUNT}",
        )

    def _settled(self) -> bool:
        return set(self._found) >= _SERVICES or "end" in self._found

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                with self._progress:
                    self._output.append(line)
                    match = _LISTENING.search(line)
                    if match is not None:
                        self._found[match[1]] = match[2]
                    self._progress.notify_all()
        with self._progress:
            self._found["end"] = ""
            self._progress.notify_all()

    def stop(self) -> None:
        """End it and remove its folder; stopping twice does nothing."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._reader is not None:
            self._reader.join()
            self._reader = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
