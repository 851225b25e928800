"""The store that a command works on: the file of ``--state``, or the table of a deployed app."""

import argparse
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from scanner.cli.settings_file import read_settings_file
from scanner.errors import SettingsError
from scanner.ports.store import StateStore
from scanner.settings import Settings, read_settings

_LIMIT = timedelta(minutes=30)


@contextmanager
def open_store(options: argparse.Namespace) -> Iterator[StateStore]:
    """Open it. Raises ``SettingsError`` or ``StoreError``."""
    if options.state is not None:
        from scanner.adapters.stores.sqlite_store import SqliteStore

        if not options.state.is_file():
            raise SettingsError(f"--state names {str(options.state)!r}, which is not a file.")
        with closing(SqliteStore(options.state)) as store:
            yield store
        return
    from scanner.adapters.azure.connect import as_person
    from scanner.bootstrap import deployed_store

    settings = _settings(options)
    with deployed_store(settings, as_person(settings.cloud), _LIMIT) as store:
        yield store


def deployment_of(options: argparse.Namespace) -> str:
    """Name the deployment whose store it is; empty for a state file."""
    return "" if options.state is not None else _settings(options).deployment


def _settings(options: argparse.Namespace) -> Settings:
    return read_settings(os.environ if options.settings is None else read_settings_file(options.settings))
