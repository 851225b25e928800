"""The command line: ``python -m functionshost``."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from emulator.client.local import LocalAzure, LocalAzureError
from functionshost.bindings import BindingError, HttpTrigger, TimerTrigger
from functionshost.host import FunctionsHost
from functionshost.local_settings import for_local_azure, read_file
from functionshost.queues import QueueSettingsError
from functionshost.runner import Runner
from functionshost.server import ADMIN, HostServer
from functionshost.worker import IndexingError

OK, FAILED = 0, 1
APP = Path(__file__).resolve().parent.parent
_EPILOG = """\
exit codes: 0 ended by a signal; 1 it could not start, and standard error says why; 2 the command line is wrong.

examples:
  python -m functionshost --scale-sets 200
  python -m functionshost --azure --port 7071     (settings: the environment, then local.settings.json)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the app until a signal."""
    parser = argparse.ArgumentParser(
        prog="python -m functionshost",
        description="Serve the Functions app on this machine, with the library that Azure runs it with: HTTP with keys,"
        " timers, queues. Its Azure is the emulator with Azurite, or the real one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=7071, help="port on 127.0.0.1; 0 takes a free one (default 7071)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--local", action="store_true", help="start an emulator with Azurite and use it (default)")
    where.add_argument(
        "--azure",
        action="store_true",
        help="use the Azure that the settings name, with a managed identity; no emulator",
    )
    parser.add_argument(
        "--settings",
        type=Path,
        default=APP / "local.settings.json",
        help="file of settings for --azure; the environment goes before it (default local.settings.json)",
    )
    parser.add_argument("--scale-sets", type=int, default=60, help="size of the emulator's fleet (default %(default)s)")
    parser.add_argument("--no-timers", action="store_true", help="run timers only when the admin address asks for it")
    asked = parser.parse_args(arguments)
    try:
        with _settings(asked) as settings, FunctionsHost(APP, settings, on_log=_print_log) as host:
            _serve(host, asked.port, timers=not asked.no_timers)
    except (BindingError, IndexingError, LocalAzureError, QueueSettingsError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return OK


@contextmanager
def _settings(asked: argparse.Namespace) -> Iterator[dict[str, str]]:
    if asked.azure:
        yield read_file(asked.settings, os.environ)
        return
    with LocalAzure(storage=True, arguments=("--scale-sets", str(asked.scale_sets))) as azure:
        sys.stdout.write(f"Emulator   {azure.control.url}   key {azure.control.key}\n           {azure.ca_file}\n")
        yield for_local_azure(azure)


def _serve(host: FunctionsHost, port: int, *, timers: bool) -> None:
    end = threading.Event()

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second one does not wait for the scan that runs
        end.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        server = HostServer(host, port=port)
    except OSError as error:
        raise OSError(
            f"Port {port} cannot be used: {error.strerror}. Choose another: make start PORT=7072, or --port 7072."
        ) from error
    with server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
        serving.start()
        try:
            sys.stdout.write(_welcome(host, server.url))
            sys.stdout.flush()
            with Runner(host, timers=timers):
                end.wait()
        finally:
            server.shutdown()
            serving.join()


def _welcome(host: FunctionsHost, url: str) -> str:
    lines = ["Functions"]
    for function in host.functions.values():
        match function.trigger:
            case HttpTrigger(route=route, methods=methods, auth_level=level):
                lines.append(
                    f"  {function.name:<16}{'/'.join(methods)} {url}/{host.options.route_prefix}/{route} ({level})"
                )
            case TimerTrigger(schedule=schedule):
                lines.append(f"  {function.name:<16}{schedule.text}; now: POST {url}{ADMIN}{function.name} (admin)")
            case trigger:
                lines.append(f"  {function.name:<16}queue {trigger.queue}")
    lines += [f"Function key {host.keys.function}", f"Master key   {host.keys.master}", "", "Try, in another terminal:"]
    for function in host.functions.values():
        if isinstance(function.trigger, HttpTrigger):
            key = "" if function.trigger.auth_level == "anonymous" else f" -H 'x-functions-key: {host.keys.function}'"
            method = "" if "GET" in function.trigger.methods else " -X POST"
            lines.append(f"  curl{method}{key} {url}/{host.options.route_prefix}/{function.trigger.route}")
    return "\n".join([*lines, "Ctrl-C stops.", ""])


def _print_log(record: logging.LogRecord) -> None:
    if record.levelno >= logging.WARNING or record.name.split(".")[0] in {"functionshost", "scanner"}:
        sys.stderr.write(f"{record.levelname:<8}{record.name}: {record.getMessage()}\n")


if __name__ == "__main__":
    sys.exit(main())
