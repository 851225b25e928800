"""An Excel workbook (Office Open XML), written row by row: scale sets, findings, and what the file is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, Final

from scanner.formats.known_rows import (
    FINDING_COLUMNS,
    SCALE_SET_COLUMNS,
    Cell,
    ControlNames,
    finding_rows,
    scale_set_row,
)
from scanner.overview.scale_set import KnownScaleSet

MOST_ROWS: Final = 1_048_576
"""Rows of a sheet, its header included; what does not fit goes on in another sheet."""


def write_workbook(
    file: IO[bytes],
    items: Iterable[KnownScaleSet],
    about: Mapping[str, str],
    controls: ControlNames,
    most: int = MOST_ROWS,
) -> None:
    """Write the workbook. Rows go to temporary files, which only their owner reads, as they come."""
    from xlsxwriter import Workbook

    # No text of the fleet becomes a formula, a link or a number, whatever it looks like.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    workbook = Workbook(file, options)
    bold = workbook.add_format({"bold": True})
    scale_sets = _Sheets(workbook, "Scale sets", SCALE_SET_COLUMNS, bold, most)
    findings = _Sheets(workbook, "Findings", FINDING_COLUMNS, bold, most)
    for item in items:
        scale_sets.write(scale_set_row(item))
        for row in finding_rows(item, controls):
            findings.write(row)
    scale_sets.end()
    findings.end()
    sheet = workbook.add_worksheet("About")
    for place, (name, value) in enumerate(about.items()):
        sheet.write_string(place, 0, name, bold)
        sheet.write_string(place, 1, value)
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 90)
    workbook.close()


class _Sheets:
    """One table, in as many sheets as it needs."""

    def __init__(self, workbook: Any, name: str, columns: Sequence[str], bold: Any, most: int) -> None:
        self._workbook = workbook
        self._name = name
        self._columns = columns
        self._bold = bold
        self._most = most
        self._count = 0
        self._begin()

    def write(self, cells: Sequence[Cell]) -> None:
        """Write a row below the last."""
        if self._next == self._most:
            self.end()
            self._begin()
        for place, cell in enumerate(cells):
            if isinstance(cell, str):
                self._sheet.write_string(self._next, place, cell)
            else:
                self._sheet.write_number(self._next, place, cell)
        self._next += 1

    def end(self) -> None:
        """Let the table be filtered."""
        self._sheet.autofilter(0, 0, max(self._next - 1, 1), len(self._columns) - 1)

    def _begin(self) -> None:
        self._count += 1
        self._sheet = self._workbook.add_worksheet(self._name if self._count == 1 else f"{self._name} {self._count}")
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(self._columns) - 1, 20)
        for place, name in enumerate(self._columns):
            self._sheet.write_string(0, place, name, self._bold)
        self._next = 1
