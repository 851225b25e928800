"""``python -m functionshost``: the app served on this machine, and what is said when it cannot be."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from functionshost.__main__ import APP


@contextmanager
def _serving(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-m", "functionshost", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=APP, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _read_until(process: subprocess.Popen[str], start: str) -> str:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if line.startswith(start):
            return said
    raise AssertionError(f"It ended: {said} {process.stderr.read() if process.stderr else ''}")


def test_the_command_serves_the_app_until_it_is_told_to_end() -> None:
    """It says where each function is and which keys open them, answers, and ends cleanly on a signal."""
    with _serving("--local", "--scale-sets", "3", "--no-timers") as process:
        said = _read_until(process, "Master key")
        for name in ("scan", "snapshot", "request_scan", "scan_requested", "scan_status", "health"):
            assert re.search(rf"^  {name} ", said, re.MULTILINE), name
        found = re.search(r"http://127\.0\.0\.1:\d+/api/health", said)
        assert found is not None
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(found[0], timeout=60) as answer:
            assert json.load(answer)["status"] == "no scan yet"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors


def test_an_app_without_its_settings_does_not_start(tmp_path: Path) -> None:
    """With nothing set, the command says which functions lack which settings, and ends with 1."""
    done = subprocess.run(
        [sys.executable, "-m", "functionshost", "--azure", "--port", "0", "--settings", str(tmp_path / "none")],
        cwd=APP,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "VMSS_SCAN_SCHEDULE" in done.stderr
    assert "VMSS_SNAPSHOT_SCHEDULE" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Another program listens there: the command says at which port, and what to do."""
    settings = {
        "VMSS_SCAN_SCHEDULE": "0 0 * * * *",
        "VMSS_SNAPSHOT_SCHEDULE": "0 0 * * * *",
        "AzureWebJobsStorage__accountName": "account",
    }
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "functionshost", "--azure", "--port", port, "--settings", str(tmp_path / "none")],
            cwd=APP,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
