"""Text on a terminal: laid out to its width, in colours for people, plain for pipes, and nothing from a name that could act.

Lines break between words and never inside one, so that a name, an id or an address can be found and copied whole. With
the ``cli`` extra, rich paints; without it the same text comes without colours.
"""

import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from scanner.errors import SettingsError
from scanner.plain_text import plain

COLOURS = {
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "yes": "green",
    "managed": "green",
    "in_guest": "cyan",
    "blocked": "red",
    "no": "yellow",
    "unknown": "magenta",
    "weakened": "red",
    "strengthened": "green",
    "failed": "red",
    "partial": "yellow",
    "complete": "green",
}
PIPE_WIDTH = 160
NARROWEST = 40
_GAP = "  "
_LAST_COLUMN = 24
"""Width that the last column of a table needs at least, to be read as lines and not as a list of words."""

_LONG_WORD = 40
"""A longer word, such as an address, may pass the edge of a last column."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text that is safe to show, and its colour."""

    text: str
    colour: str = ""


type Part = Cell | str
type Painter = Callable[[Sequence[Cell]], None]
"""Writes one line."""


def cell(value: object, colour: str | None = None, limit: int = 400) -> Cell:
    """Make text of any value: control characters in it are shown, not obeyed; cut at ``limit``."""
    return Cell(plain(str(value), limit), colour or "")


def coloured(value: str) -> Cell:
    """Make text in the colour that the word has everywhere."""
    return cell(value, COLOURS.get(value))


class Screen:
    """Lays text out in lines of at most ``width`` columns, but for words that are longer."""

    def __init__(self, width: int, paint: Painter) -> None:
        self.width = width
        self._paint = paint

    def say(self, *parts: Part, indent: int = 0, hanging: int | None = None) -> None:
        """Write the parts, a space between two, in lines that break between words; all but the first by ``hanging``."""
        cells = [part if isinstance(part, Cell) else cell(part, limit=100_000) for part in parts]
        first, others = " " * indent, " " * (indent if hanging is None else hanging)
        for number, line in enumerate(_wrapped(cells, self.width - indent, self.width - len(others))):
            self._paint([Cell(others if number else first), *line])

    def copy(self, text: str, indent: int = 2) -> None:
        """Write a text on one line, however long, so that it can be copied."""
        self._paint([Cell(" " * indent), cell(text, limit=20_000)])

    def blank(self) -> None:
        """Write an empty line."""
        self._paint([])

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        numbers: Iterable[str] = (),
    ) -> None:
        """Write a table whose last column breaks into lines; where the screen is too narrow for that, row by row.

        The columns named in ``numbers`` are set to the right.
        """
        laid = [[item if isinstance(item, Cell) else cell(item) for item in row] for row in rows]
        if title:
            self.say(Cell(title, "bold"))
        if not laid:
            return
        widths = [max(_width(name), *(_width(row[index].text) for row in laid)) for index, name in enumerate(columns)]
        fixed = sum(widths[:-1]) + len(_GAP) * (len(columns) - 1)
        longest = max(_width(word) for row in laid for word in row[-1].text.split(" "))
        if self.width - fixed < min(widths[-1], max(_LAST_COLUMN, min(longest, _LONG_WORD))):
            self._records(columns, laid)
            return
        right = set(numbers)
        header = [Cell(name, "dim") for name in columns]
        for row in [header, *laid]:
            pieces = [
                _padded(item, width, name in right) for item, width, name in zip(row, widths, columns, strict=True)
            ]
            beside = [piece for pair in pieces[:-1] for piece in (pair, Cell(_GAP))]
            last = row[-1] if columns[-1] not in right else pieces[-1]
            lines = _wrapped([last], self.width - fixed, self.width - fixed)
            self._paint([*beside, *lines[0]])
            for line in lines[1:]:
                self._paint([Cell(" " * fixed), *line])

    def _records(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        for row in rows:
            filled = [(name, item) for name, item in zip(columns, row, strict=True) if item.text.strip()]
            for number, (name, item) in enumerate(filled):
                label = [Cell(f"{name}:", "dim")] if number and name else []
                self.say(*label, item, indent=2 if number else 0, hanging=4)


def screen() -> Screen:
    """Open standard output. A pipe gets no colours and lines wide enough to search; ``NO_COLOR`` is obeyed."""
    if sys.stdout is None:
        raise SettingsError("Standard output is closed, so nothing can be shown.")
    columns = os.environ.get("COLUMNS", "")
    wanted = int(columns) if columns.isdecimal() and 0 < int(columns) < 100_000 else None
    width = wanted or (shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH)
    return Screen(max(width, NARROWEST), _rich_painter() if _has_colours() else _plain_painter)


def bar(count: int, most: int, width: int = 20) -> str:
    """Draw a count as a bar; anything above nothing is seen."""
    return "█" * max(1 if count else 0, round(width * count / max(most, 1)))


def _has_colours() -> bool:
    """Colours and bold text are for a terminal, unless ``NO_COLOR`` says that they are not wanted (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or sys.stdout is None or not sys.stdout.isatty():
        return False
    return find_spec("rich") is not None


def _plain_painter(line: Sequence[Cell]) -> None:
    assert sys.stdout is not None  # noqa: S101 - screen() has looked
    sys.stdout.write("".join(part.text for part in line).rstrip() + "\n")


def _rich_painter() -> Painter:
    from rich.console import Console
    from rich.text import Text

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            """Leave the exit code to the command: rich's own answer is 1, which means an open finding here."""
            raise BrokenPipeError

    console = _Console(highlight=False)

    def paint(line: Sequence[Cell]) -> None:
        text = Text.assemble(*((part.text, part.colour) for part in line))
        text.rstrip()
        console.print(text, soft_wrap=True)

    return paint


def _wrapped(cells: Sequence[Cell], first: int, others: int) -> list[list[Cell]]:
    """Break between words. A run of spaces inside a line is kept, as a person may have aligned with it."""
    lines: list[list[Cell]] = [[]]
    used, room = 0, first
    for position, part in enumerate(cells):
        for number, word in enumerate(part.text.split(" ")):
            spaced = bool(number) or bool(position)
            width = _width(word)
            if used and word and used + spaced + width > room:
                lines.append([])
                used, room, spaced = 0, others, False
            lines[-1].append(Cell(f" {word}" if spaced else word, part.colour))
            used += spaced + width
    return lines


def _padded(item: Cell, width: int, is_number: bool) -> Cell:  # noqa: FBT001 - which side the spaces go
    spaces = " " * (width - _width(item.text))
    return Cell(spaces + item.text if is_number else item.text + spaces, item.colour)


def _width(text: str) -> int:
    """Count the columns that a terminal needs: two for a wide character of East Asia, none for a combining mark."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
