"""``vmss-posture replay``: send accepted events again."""

import argparse
import os
from datetime import UTC, datetime, time, timedelta

from scanner.adapters.azure.connect import as_person
from scanner.bootstrap import deployed_store, utc_now
from scanner.cli import EXIT_OK, EXIT_PARTIAL
from scanner.cli.report import say_problem
from scanner.cli.screen import screen
from scanner.cli.settings_file import read_settings_file
from scanner.errors import SettingsError, StateMissingError
from scanner.events.scan_record import LAST
from scanner.plain_text import plural
from scanner.ports.store import Damage, StateStore
from scanner.settings import read_settings

LIMIT = timedelta(hours=1)
"""A week's events of a large fleet are moved a hundred at a time."""


def run(options: argparse.Namespace) -> int:
    """Put the events accepted since a day back into the outbox; the next scan delivers them."""
    since = datetime.combine(options.since, time(), UTC)
    if since > utc_now():
        raise SettingsError(f"--since {options.since} is in the future: no event can have been accepted since then.")
    settings = read_settings(os.environ if options.settings is None else read_settings_file(options.settings))
    with deployed_store(settings, as_person(settings.cloud), LIMIT) as store:
        if not _has_scanned(store):
            raise SettingsError(
                f"The table {settings.table_name} at {settings.table_endpoint} holds no scan, so there is nothing to"
                " replay. Are VMSS_TABLE_ENDPOINT and VMSS_TABLE_NAME those of the app?"
            )
        damaged: list[Damage] = []
        count = store.replay(since, damaged.append)
    for damage in damaged:
        say_problem(f"note: not sent again, because it cannot be read: {damage.key} ({damage.why})")
    if count:
        screen().say(f"{plural(count, 'event')} put back into the outbox; the next scan sends them.")
    else:
        screen().say(f"No event was accepted since {options.since}, so none is sent again.")
    return EXIT_PARTIAL if damaged else EXIT_OK


def _has_scanned(store: StateStore) -> bool:
    try:
        return store.get_record(LAST) is not None
    except StateMissingError:
        return False
