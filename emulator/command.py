"""The command line: ``python -m emulator serve`` and ``python -m emulator query``."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emulator.client.client import Control
from emulator.client.connection import ControlError
from emulator.client.local import environment_of
from emulator.endpoint.messages import RefusedError
from emulator.estate.fleet import FleetPlan
from emulator.log_analytics.exported import ExportError, query_export
from emulator.log_analytics.workspace import DeclarationError
from emulator.serving.azurite import AzuriteError
from emulator.serving.serve import Service, serve
from emulator.settings import DEFAULT_TABLES, Settings

OK, FAILED, USAGE = 0, 1, 2
_EPILOG = """\
exit codes: 0 done; 1 it failed, and standard error says why; 2 the command line is wrong.

examples:
  python -m emulator serve --azurite --scale-sets 200
  python -m emulator query --url https://127.0.0.1:PORT --ca-file CA.pem 'VmssPostureEvents_CL | count'
      (the control key is read from the variable EMULATOR_CONTROL_KEY)
  python -m emulator serve --scale-sets 200 > azure.json, and in another shell:
  eval "$(python -m emulator environment azure.json)"
  python -m emulator query --rows VmssPostureEvents_CL=events.jsonl 'VmssPostureEvents_CL | summarize count() by EventType'
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="A local Azure: managed identity, Resource Graph, Compute, Logs Ingestion and Log Analytics over "
        "HTTPS, for tests and demonstrations. Never deploy it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="serve|environment|query")
    _serve_options(
        commands.add_parser("serve", help="serve until a signal; one line of JSON on standard output when ready")
    )
    environment = commands.add_parser(
        "environment", help="print what an app needs to use a running emulator, as lines for a POSIX shell"
    )
    environment.add_argument("ready", type=Path, help="file with the line that serve printed")
    query = commands.add_parser("query", help="run KQL against a running emulator, or against exported rows")
    query.add_argument("kql", help="the query; - reads it from standard input")
    query.add_argument("--url", help="address of a running emulator")
    query.add_argument("--ca-file", type=Path, help="certificate authority of that emulator")
    query.add_argument(
        "--rows",
        action="append",
        default=[],
        metavar="TABLE=FILE",
        help="rows of a table, as lines of JSON; repeatable",
    )
    query.add_argument("--tables", type=Path, default=DEFAULT_TABLES, help="declaration of the tables (for --rows)")
    return parser


def _serve_options(parser: argparse.ArgumentParser) -> None:
    default = Settings()
    parser.add_argument("--host", default=default.host, help="address to listen at (default %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes a free one (default)")
    parser.add_argument(
        "--name", action="append", default=[], help="further host name or address for the certificate; repeatable"
    )
    parser.add_argument("--tables", type=Path, default=DEFAULT_TABLES, help="declaration of the Log Analytics tables")
    parser.add_argument(
        "--lax", action="store_true", help="drop undeclared columns and empty wrong types without a word, as Azure does"
    )
    parser.add_argument("--token-lifetime", type=int, default=3600, metavar="SECONDS", help="(default %(default)s)")
    parser.add_argument(
        "--graph-queries", type=int, default=15, help="Resource Graph's quota in 5 s; 0: none (default %(default)s)"
    )
    parser.add_argument("--client-id", action="append", default=[], help="an identity of the app; repeatable")
    parser.add_argument("--scale-sets", type=int, default=0, help="size of a synthetic fleet to begin with")
    parser.add_argument("--subscriptions", type=int, default=3, help="subscriptions of that fleet")
    parser.add_argument("--instances", type=int, default=2, help="instances of each of its scale sets")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same fleet")
    parser.add_argument("--azurite", action="store_true", help="start Azurite beside it (needs Node.js and npm ci)")
    parser.add_argument("--node-modules", type=Path, help="where to look for node_modules first")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input does")
    parser.add_argument("--verbose", action="store_true", help="log requests to standard error")


def _serve(options: argparse.Namespace) -> None:
    default = Settings()
    settings = Settings(
        host=options.host,
        port=options.port,
        names=tuple(options.name),
        tables=options.tables,
        strict=not options.lax,
        token_lifetime_seconds=options.token_lifetime,
        graph_queries=options.graph_queries,
        client_ids=tuple(options.client_id) or default.client_ids,
    )
    plan = None
    if options.scale_sets:
        plan = FleetPlan(
            seed=options.seed,
            subscriptions=options.subscriptions,
            scale_sets=options.scale_sets,
            instances=options.instances,
        )
    service = Service(
        azurite=options.azurite,
        node_modules=options.node_modules,
        plan=plan,
        until_stdin_closes=options.until_stdin_closes,
        verbose=options.verbose,
    )
    serve(settings, service, sys.stdout)


def _environment(options: argparse.Namespace) -> None:
    ready: dict[str, Any] = json.loads(options.ready.read_text(encoding="utf-8"))
    try:
        variables = {
            **environment_of(ready),
            "NO_PROXY": "localhost,127.0.0.1",
            "EMULATOR_URL": ready["url"],
            "EMULATOR_CA_FILE": ready["ca_file"],
            "EMULATOR_CONTROL_KEY": ready["control_key"],
        }
    except (KeyError, TypeError) as error:
        raise ControlError(f"{options.ready} is not what `serve` printed: {error!r}") from error
    for name, value in variables.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def _query(options: argparse.Namespace) -> None:
    kql = sys.stdin.read() if options.kql == "-" else options.kql
    if options.rows:
        pairs = dict(item.partition("=")[::2] for item in options.rows)
        rows: list[dict[str, Any]] = query_export(
            options.tables, {name: Path(file) for name, file in pairs.items()}, kql
        )
    elif options.url and options.ca_file and os.environ.get("EMULATOR_CONTROL_KEY"):
        control = Control(url=options.url, key=os.environ["EMULATOR_CONTROL_KEY"], ca_file=options.ca_file)
        rows = control.query(kql)
    else:
        raise ControlError("give --rows, or --url with --ca-file and the variable EMULATOR_CONTROL_KEY")
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; answer its exit code."""
    options = _parser().parse_args(arguments)
    try:
        {"serve": _serve, "environment": _environment, "query": _query}[options.command](options)
    except RefusedError as refused:
        sys.stderr.write(f"emulator: {refused.response.body.decode()}\n")
        return FAILED
    except (AzuriteError, ControlError, DeclarationError, ExportError, OSError, ValueError) as error:
        sys.stderr.write(f"emulator: {error}\n")
        return FAILED
    return OK
