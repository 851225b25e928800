"""Where evidence comes from: rows that were exported as JSON Lines, or a Log Analytics workspace."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from scanner.errors import SettingsError
from scanner.ports.event import Table
from scanner.times import iso, iso_to_millisecond

type Row = Mapping[str, Any]

SEARCH_LIMIT = 1_000_000
"""Rows after which a search job of ours ends: a table with so many may lack some."""
_TYPE = "Type"
"""The column in which Log Analytics, and our own JSON Lines, name a row's table."""
_MOMENT: Mapping[Table, str] = {Table.EVENTS: "DetectedAt", Table.SCANS: "DetectedAt", Table.SNAPSHOT: "SnapshotAt"}


class RowSource(Protocol):
    """Answers rows by moment; the same row may come twice, as Log Analytics takes rows at least once."""

    @property
    def name(self) -> str:
        """Say what it is, for the manifest."""

    def deployments(self, first: datetime, end: datetime) -> Sequence[str]:
        """List the deployments whose events are there."""

    def rows(self, table: Table, deployment: str, first: datetime, end: datetime) -> Iterator[Row]:
        """Yield the events or scans from ``first`` to before ``end``, by moment."""

    def snapshot(self, deployment: str, at: str) -> Iterator[Row]:
        """Yield the rows of the snapshot of a moment, by scale set."""

    def attempts(self, deployment: str, first: datetime, end: datetime) -> Mapping[str, int]:
        """Count the snapshot rows of each moment in the period, also of snapshots that no event completes."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row stands: what it is sorted by, and how it is found again."""

    table: Table
    deployment: str
    at: str
    key: str
    file: int
    offset: int


class ExportedRows:
    """Rows in files of JSON Lines, each naming its table as ``Type``. Their places are held, not the rows."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Find the rows. Raises ``SettingsError`` for a file that cannot be read, or a line that is no row."""
        self._paths = [file for path in paths for file in _files(path)]
        self._places = sorted(self._find(), key=lambda place: (place.at, place.key, place.file, place.offset))
        self._snapshots: dict[tuple[str, str], list[_Place]] = {}
        for place in self._places:
            if place.table is Table.SNAPSHOT:
                self._snapshots.setdefault((place.deployment, place.at), []).append(place)
        self.name = f"exported rows: {', '.join(path.name for path in self._paths)}"

    def deployments(self, first: datetime, end: datetime) -> Sequence[str]:
        """List the deployments whose events are there."""
        return sorted({place.deployment for place in self._of(Table.EVENTS, None, first, end)})

    def rows(self, table: Table, deployment: str, first: datetime, end: datetime) -> Iterator[Row]:
        """Yield the rows, by moment."""
        return self._read(self._of(table, deployment, first, end))

    def snapshot(self, deployment: str, at: str) -> Iterator[Row]:
        """Yield the rows of the snapshot of a moment, by scale set."""
        return self._read(self._snapshots.get((deployment, at), ()))

    def attempts(self, deployment: str, first: datetime, end: datetime) -> Mapping[str, int]:
        """Count the snapshot rows of each moment."""
        counts: dict[str, int] = {}
        for place in self._of(Table.SNAPSHOT, deployment, first, end):
            counts[place.at] = counts.get(place.at, 0) + 1
        return counts

    def _of(self, table: Table, deployment: str | None, first: datetime, end: datetime) -> Iterator[_Place]:
        start, stop = iso(first), iso(end)
        for place in self._places:
            if place.table is table and deployment in (None, place.deployment) and start <= place.at < stop:
                yield place

    def _read(self, places: Iterable[_Place]) -> Iterator[Row]:
        open_file, file = -1, None
        try:
            for place in places:
                if place.file != open_file:
                    if file is not None:
                        file.close()
                    open_file, file = place.file, self._paths[place.file].open("rb")
                assert file is not None  # noqa: S101 - the branch above opened it
                file.seek(place.offset)
                yield json.loads(file.readline())
        finally:
            if file is not None:
                file.close()

    def _find(self) -> Iterator[_Place]:
        for number, path in enumerate(self._paths):
            offset = 0
            try:
                with path.open("rb") as file:
                    for line_number, line in enumerate(file, 1):
                        if line.strip():
                            yield _place(line, number, offset, f"{path}, line {line_number}")
                        offset += len(line)
            except OSError as error:
                raise SettingsError(f"{path} cannot be read: {error.strerror or error}.") from error


def _files(path: Path) -> list[Path]:
    found = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not found:
        raise SettingsError(f"{path} is a folder without any .jsonl file.")
    return found


def _place(line: bytes, file: int, offset: int, where: str) -> _Place:
    try:
        row = json.loads(line)
        table = Table(row[_TYPE])
        moment = iso_to_millisecond(str(row[_MOMENT[table]]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        names = ", ".join(Table)
        raise SettingsError(
            f"{where}, is not an exported row: each line is a JSON object whose {_TYPE} is one of {names}"
            f" ({type(error).__name__})."
        ) from error
    place = [row.get(name) or 0 for name in ("Revision", "Ordinal")]
    order = "".join(f"|{number:020d}" for number in place if isinstance(number, int))
    key = f"{row.get('ScaleSetId') or ''}{order}|{row.get('EventId') or ''}"
    return _Place(table, str(row.get("Deployment") or ""), moment, key, file, offset)
