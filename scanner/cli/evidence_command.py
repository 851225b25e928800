"""``vmss-posture evidence``: write a bundle for an auditor."""

import argparse
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta

from scanner.adapters.bundle_files import new_bundle
from scanner.adapters.row_sources import ExportedRows, RowSource
from scanner.bootstrap import utc_now
from scanner.cli import EXIT_FAILED, EXIT_FINDINGS, EXIT_OK
from scanner.cli.evidence_maker import Asked, BundleMaker
from scanner.cli.report import say_problem
from scanner.cli.screen import cell, screen
from scanner.cli.search_jobs import SEARCHED, search_jobs
from scanner.errors import SettingsError
from scanner.evidence.manifest import Manifest
from scanner.evidence.rows import Period
from scanner.guids import is_guid
from scanner.plain_text import plural

_LOOK_BACK = timedelta(days=7)
"""For one day, a snapshot of these days before it is taken where the day has none."""
_LIMIT = timedelta(hours=2)


def run(options: argparse.Namespace) -> int:
    """Write the bundle; answer the exit code."""
    asked = _asked(options)
    if options.out is None:
        raise SettingsError("--out is missing: the folder or .zip file to write.")
    if (options.rows is None) == (options.workspace is None):
        raise SettingsError("Name the source of the rows: either --workspace ID or --rows PATH.")
    if options.workspace is not None and _is_archived(options, asked):
        jobs = search_jobs(options, asked.first, asked.period.end)
        screen().say(
            f"{asked.period} is older than {plural(options.interactive_days, 'day')}: Log Analytics answers such rows after a"
            " search job alone. Run, with the names of your workspace and its resource group, and wait until they are complete:"
        )
        for line in jobs:
            screen().copy(line)
        return EXIT_FAILED
    with _source(options) as source:
        deployment = _deployment(options, source, asked)
        with new_bundle(options.out) as writer:
            maker = BundleMaker(source, writer, asked, deployment)
            manifest = maker.make(options)
    _tell(options, manifest, maker)
    return EXIT_FINDINGS if maker.problems else EXIT_OK


def _asked(options: argparse.Namespace) -> Asked:
    first: date | None = options.first or options.at
    last: date | None = options.last or options.at
    if (options.at is None) == (options.first is None) or (options.first is None) != (options.last is None):
        raise SettingsError("Name the days: either --at DATE, or --from DATE and --to DATE.")
    assert first is not None  # noqa: S101 - one of the two is there
    assert last is not None  # noqa: S101 - as above
    if last < first:
        raise SettingsError(f"--to {last} is before --from {first}.")
    now = utc_now()
    start = datetime.combine(first, time(), UTC)
    if start > now:
        raise SettingsError(f"{first} is in the future.")
    end = min(datetime.combine(last, time(), UTC) + timedelta(days=1), now)
    return Asked(period=Period(first=start, end=end), first=start - _LOOK_BACK if options.at is not None else start)


def _is_archived(options: argparse.Namespace, asked: Asked) -> bool:
    if options.search_results is not None:
        return False
    return asked.period.first < utc_now() - timedelta(days=options.interactive_days)


@contextmanager
def _source(options: argparse.Namespace) -> Iterator[RowSource]:
    if options.rows is not None:
        yield ExportedRows(options.rows)
        return
    from scanner.adapters.azure.connect import as_person, connect
    from scanner.adapters.azure.logs_query import WorkspaceRows
    from scanner.clouds import CLOUDS

    if not is_guid(options.workspace):
        raise SettingsError("--workspace is the id of the workspace, a GUID: az monitor log-analytics workspace show.")
    cloud = CLOUDS[options.cloud]
    searched = None if options.search_results is None else SEARCHED.tables(options.search_results)
    with (
        closing(connect(cloud, as_person(cloud), _LIMIT)) as connection,
        closing(
            WorkspaceRows(
                connection,
                endpoint=options.query_endpoint or cloud.query_endpoint,
                audience=cloud.query_endpoint,
                workspace_id=options.workspace,
                tables=searched,
            )
        ) as source,
    ):
        yield source


def _deployment(options: argparse.Namespace, source: RowSource, asked: Asked) -> str:
    found = source.deployments(asked.first, asked.period.end)
    if options.deployment is not None:
        if options.deployment not in found:
            raise SettingsError(
                f"The deployment {options.deployment!r} has no event in {asked.period}; {_named(found)}"
            )
        return str(options.deployment)
    if len(found) > 1:
        raise SettingsError(f"There are rows of several deployments. Name one with --deployment: {_named(found)}")
    if not found:
        raise SettingsError(f"{source.name} has no event in {asked.period}.")
    return found[0]


def _named(found: Iterable[str]) -> str:
    return f"there are: {', '.join(name or '(none)' for name in found) or 'none'}."


def _tell(options: argparse.Namespace, manifest: Manifest, maker: BundleMaker) -> None:
    out = screen()
    out.say(
        f"{options.out}: evidence of {manifest.period}, {plural(len(manifest.files) + 1, 'file')}; people by {manifest.names}."
    )
    for note in manifest.notes:
        out.say(cell(f"Note: {note}"))
    for problem in maker.problems:
        say_problem(f"chain: {problem}")
    out.say("Keep one of these where nobody can change it; verify takes it as --anchor:")
    out.copy(f"manifest         {hashlib.sha256(manifest.text().encode()).hexdigest()}")
    if maker.newest:
        out.copy(f"newest snapshot  {maker.newest}")
