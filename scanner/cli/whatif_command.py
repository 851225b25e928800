"""``vmss-posture whatif``: judge the same scale sets by what judges now and by new files, and show what would change."""

import argparse
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, time

from scanner import __version__
from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.stores.rehearsal_store import RehearsalStore
from scanner.bootstrap import utc_now
from scanner.cli import EXIT_FAILED, EXIT_FINDINGS, EXIT_OK, EXIT_PARTIAL
from scanner.cli.check_command import Found
from scanner.cli.criteria import EXEMPTIONS_FILE, POLICY_FILE, RULES_FOLDER
from scanner.cli.gate import FailOn
from scanner.cli.progress import Progress, progress
from scanner.cli.report import say_problem
from scanner.cli.scan_ports import TIME_LIMIT, connection_of, ports_of
from scanner.cli.store_options import open_store
from scanner.cli.whatif import WhatIf
from scanner.cli.whatif_screen import as_document, show
from scanner.errors import SettingsError
from scanner.events.scan_record import Status
from scanner.judging.judge import judge
from scanner.judging.what_if import Effect
from scanner.plain_text import plain, plural
from scanner.ports.store import StateStore
from scanner.scan.request import ScanRequest
from scanner.scan.run import run_scan

_OFFLINE = (
    "What is read beside the model (instances, images, rollouts, changes): rules about it are unknown on both sides.",
    "Scale sets outside of these files: rules that compare scale sets (VMSS-070 to -074) know no others.",
)


def run(options: argparse.Namespace) -> int:
    """Compare, print, and answer the exit code."""
    if options.policy is None and options.exemptions is None and options.rules is None:
        raise SettingsError("Name what is tried: --policy FILE, --exemptions FILE, --rules PATH, or several of them.")
    policy = options.policy_now or (POLICY_FILE if POLICY_FILE.is_file() else None)
    exemptions = options.exemptions_now or (EXEMPTIONS_FILE if EXEMPTIONS_FILE.is_file() else None)
    rules = options.rules_now or (RULES_FOLDER if RULES_FOLDER.is_dir() else None)
    moment = utc_now() if options.at is None else datetime.combine(options.at, time(), UTC)
    found = WhatIf(
        now=read_criteria(policy, exemptions, moment, rules),
        then=read_criteria(options.policy or policy, options.exemptions or exemptions, moment, options.rules or rules),
    )
    with progress("Judging scale sets", quiet=options.quiet) as shown:
        is_partial = _from_files(options, found, shown) if options.files else _from_azure(options, found, shown)
    for problem in found.problems:
        say_problem(problem)
    if options.format == "json":
        as_document(found)
    elif not options.quiet:
        show(found, options.limit)
    if not found.judged:
        return EXIT_FAILED
    if is_partial:
        return EXIT_PARTIAL if not options.files else EXIT_FAILED
    return EXIT_FINDINGS if _closes(found, options.fail_on) else EXIT_OK


def _from_files(options: argparse.Namespace, found: WhatIf, shown: Progress) -> bool:
    """Judge exported scale sets; answer whether something could not be read."""
    files = Found()
    found.not_replayed += _OFFLINE
    for posture, _ in files.postures(options.files):
        found.take(judge(posture, found.now))
        shown.count(found.judged)
    found.problems += files.problems
    found.conclude(is_whole=True)
    return bool(files.problems)


def _from_azure(options: argparse.Namespace, found: WhatIf, shown: Progress) -> bool:
    """Scan without writing anything; answer whether a part of the fleet was not read."""
    connection = connection_of(options, shown)
    with _remembered(options) as known:
        store = RehearsalStore(known)
        found.problems += [f"{plain(damage.key, 600)} cannot be read: {damage.why}" for damage in store.damaged]
        with closing(connection), ports_of(options, connection, store) as ports:
            result = run_scan(
                ports,
                ScanRequest(
                    scan_id=str(uuid.uuid4()),
                    trigger="command",
                    criteria=found.now,
                    service_version=__version__,
                    scope=tuple(options.subscription),
                    is_part=True,
                    time_limit=TIME_LIMIT,
                    is_delivering=False,
                    is_full=True,
                    on_progress=shown.count,
                    on_judged=found.take,
                ),
            )
    shown.stop()
    if result.failure is not None and result.record.status is Status.FAILED:
        raise result.failure
    held = sum(result.numbers.scale_sets.values()) - found.judged
    if held > 0:
        found.not_replayed.append(
            f"{plural(held, 'scale set')} that were not read, or whose answer waits to be confirmed by a second scan."
        )
    is_complete = result.record.status is Status.COMPLETE
    found.conclude(is_whole=is_complete and held <= 0 and not (options.subscription or options.management_group))
    if not is_complete:
        found.problems.append(result.record.error)
        return True
    return False


@contextmanager
def _remembered(options: argparse.Namespace) -> Iterator[StateStore | None]:
    if options.state is None and options.settings is None:
        yield None
        return
    with open_store(options) as store:
        yield store


def _closes(found: WhatIf, fail_on: FailOn) -> bool:
    """Say whether what would change closes the gate."""
    return any(
        (item.is_headline_changed and item.headline in fail_on.headlines)
        or any(change.effect is Effect.OPENS and change.severity in fail_on.severities for change in item.changes)
        for item in found.consequences
    )
