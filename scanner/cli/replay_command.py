"""``vmss-posture replay``: send accepted events again."""

import argparse
import os
from datetime import UTC, datetime, time, timedelta

from scanner.adapters.azure.connect import as_person
from scanner.bootstrap import deployed_store
from scanner.cli import EXIT_OK
from scanner.cli.screen import screen
from scanner.settings import read_settings

LIMIT = timedelta(hours=1)
"""A week's events of a large fleet are moved a hundred at a time."""


def run(options: argparse.Namespace) -> int:
    """Put the events accepted since a day back into the outbox; the next scan delivers them."""
    since = datetime.combine(options.since, time(), UTC)
    settings = read_settings(os.environ)
    with deployed_store(settings, as_person(settings.cloud), LIMIT) as store:
        count = store.replay(since)
    screen().print(f"{count:,} events wait again; the next scan sends them.")
    return EXIT_OK
