"""What runs in the processes that are attacked: the terminal command, and the deployed service at a time of its own.

Each job is a process forked from one that has loaded the libraries: it starts in milliseconds, and is as real to
SIGKILL and SIGSTOP as any.
"""

import gc
import json
import multiprocessing
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.attack.own_steps import Watch

FAILED, HELD = 3, 75
"""Exit codes of a deployed scan: it failed, another scan runs. An exception that no one expected is 1, as in Python."""
SHARD_SIZE = "ATTACK_SHARD_SIZE"
"""Environment variable: scale sets from which on the deployed service scans in shards of about this size."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([
    "azure.data.tables", "azure.identity", "azure.mgmt.compute", "azure.mgmt.resourcegraph", "azure.monitor.ingestion",
    "scanner.bootstrap", "scanner.cli.scan_command", "tests.attack.jobs",
])  # fmt: skip


def start(job: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """Start a job in a process of its own."""
    process = _CONTEXT.Process(target=job, args=arguments, daemon=True)
    process.start()
    return process


def running_clock(moment: datetime) -> Callable[[], datetime]:
    """Make a clock that starts at a moment and runs on."""
    started = time.monotonic()
    return lambda: moment + timedelta(seconds=time.monotonic() - started)


def command(words: Sequence[str], environment: Mapping[str, str], output: Path, errors: Path) -> None:
    """Run ``vmss-posture`` with its streams in files."""
    _prepare(environment, output, errors)
    from scanner.cli import main

    _leave(main(list(words)))


def deployed_scan(environment: Mapping[str, str], scan_id: str, at: datetime, errors: Path) -> None:
    """Do one scan of the deployed service, as its functions do it."""
    _prepare(environment, errors, errors)
    _leave(_scan(scan_id, running_clock(at)))


def many_scans(environment: Mapping[str, str], count: int, at: datetime, report: Path, errors: Path) -> None:
    """Scan again and again in this one process; a line of the report for each scan: memory, handles, threads."""
    _prepare(environment, errors, errors)
    import threading

    with report.open("w", encoding="utf-8") as lines:
        for number in range(1, count + 1):
            at += timedelta(minutes=11)
            code = _scan(str(uuid.uuid4()), running_clock(at))
            gc.collect()
            used = {
                "scan": number,
                "code": code,
                "kilobytes": _resident_kilobytes(),
                "handles": sum(1 for _ in Path("/proc/self/fd").iterdir()),
                "threads": threading.active_count(),
            }
            lines.write(json.dumps(used) + "\n")
            lines.flush()
    _leave(0)


def _scan(scan_id: str, now: Callable[[], datetime]) -> int:
    from scanner.bootstrap import deployed, send_record
    from scanner.errors import LeaseHeldError
    from scanner.invocations import time_for_last_word
    from scanner.scan.record import failed_record
    from scanner.scan.run import run_scan
    from scanner.settings import read_settings

    settings = read_settings(os.environ)
    began, told = time.monotonic(), False
    try:
        with deployed(settings, now=now) as service:
            try:
                request = service.request(trigger="timer", scan_id=scan_id)
                size = int(os.environ.get(SHARD_SIZE, request.shard_size))
                result = run_scan(service.ports, replace(request, shard_size=size))
            finally:
                told = service.watched.has_told
    except LeaseHeldError:
        return HELD
    except Exception as failure:  # noqa: BLE001 - as the deployed function: told, whatever it was
        if not told:
            record = failed_record(failure, scan_id=scan_id, trigger="timer", now=now())
            send_record(settings, record, time_for_last_word(settings, began))
        sys.stderr.write(f"{type(failure).__name__}: {failure}\n")
        return FAILED
    if result.failure is None:
        return 0
    sys.stderr.write(f"{type(result.failure).__name__}: {result.failure}\n")
    return FAILED


def _resident_kilobytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


_WATCH: list[Watch] = []


def _prepare(environment: Mapping[str, str], output: Path, errors: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    gc.enable()
    for target, path in ((1, output), (2, errors)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, target)
        os.close(handle)
    watch = Watch()
    _WATCH.append(watch)
    watch.begin()


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    for watch in _WATCH:
        watch.report()
    os._exit(code)
