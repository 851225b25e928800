"""Maintenance assignments and configurations of all that is watched, read once in a scan and only where needed."""

from collections.abc import Mapping

from scanner.facts.window import Window
from scanner.ports.tables import Beside, Tables
from scanner.reading.azure_values import required, text
from scanner.reading.maintenance_rows import Assignments, window_of
from scanner.scan.asking import Asking


class Maintenance:
    """Assignments, and the configurations that they name. ``None``: not read."""

    def __init__(self, tables: Tables, asking: Asking) -> None:
        self._tables = tables
        self._asking = asking
        self._assignments: Assignments | None = None
        self._configurations: Mapping[str, Window] | None = None
        self._asked: set[Beside] = set()

    def assignments(self) -> Assignments | None:
        """Read all assignments."""
        if Beside.ASSIGNMENTS not in self._asked:
            self._asked.add(Beside.ASSIGNMENTS)
            answer = self._asking.ask(self._read_assignments)
            self._assignments = answer if isinstance(answer, Assignments) else None
        return self._assignments

    def configurations(self) -> Mapping[str, Window] | None:
        """Read all configurations, by id in lower case."""
        if Beside.CONFIGURATIONS not in self._asked:
            self._asked.add(Beside.CONFIGURATIONS)
            answer = self._asking.ask(self._read_configurations)
            self._configurations = answer if isinstance(answer, dict) else None
        return self._configurations

    def _read_assignments(self) -> Assignments:
        found = Assignments()
        for page in self._tables.rows(Beside.ASSIGNMENTS):
            for row in page:
                found.take(row)
        return found

    def _read_configurations(self) -> dict[str, Window]:
        found: dict[str, Window] = {}
        for page in self._tables.rows(Beside.CONFIGURATIONS):
            for row in page:
                identifier = text(row.get("id"))
                if identifier is not None:
                    key = identifier.lower().rstrip("/")
                    found[key] = window_of(key, required(row, "properties"))
        return found
