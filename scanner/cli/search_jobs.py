"""The search jobs that make archived rows readable.

https://learn.microsoft.com/azure/azure-monitor/logs/search-jobs
"""

import argparse
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from scanner.adapters.row_sources import SEARCH_LIMIT
from scanner.errors import SettingsError
from scanner.ports.event import Table

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,30}")
_LATE = timedelta(days=8)


class SEARCHED:
    """The tables that search jobs of one name make."""

    @staticmethod
    def tables(name: str) -> Mapping[Table, str]:
        """Name them. Raises ``SettingsError`` for a name that no table can have."""
        if not _NAME.fullmatch(name):
            raise SettingsError(f"--search-results {name!r} must be letters and digits, a letter first, at most 31.")
        return {table: f"{table.value.removesuffix('_CL')}{name}_SRCH" for table in Table}


def search_jobs(options: argparse.Namespace, first: datetime, end: datetime) -> Iterator[str]:
    """Yield the commands: a search job for each table, and this command for their results."""
    name = f"From{first:%Y%m%d}"
    for table, searched in SEARCHED.tables(name).items():
        yield (
            "az monitor log-analytics workspace table search-job create --resource-group GROUP --workspace-name NAME"
            f" --name {searched} --search-query '{table.value}' --limit {SEARCH_LIMIT}"
            f" --start-search-time {first:%Y-%m-%dT%H:%M:%SZ} --end-search-time {end + _LATE:%Y-%m-%dT%H:%M:%SZ}"
        )
    days = f"--at {options.at}" if options.at is not None else f"--from {options.first} --to {options.last}"
    yield f"vmss-posture evidence {days} --workspace {options.workspace} --search-results {name} --out {options.out}"
