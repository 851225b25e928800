"""Tables on a terminal: colours for people, plain text for pipes, and nothing from a name that could act on either."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scanner.errors import SettingsError
from scanner.plain_text import plain
from scanner.rules.remediation import NOT_SHOWN, Remediation, notes_of, posix_command

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


def screen() -> Console:
    """Open standard output. A pipe gets no colours and lines wide enough to search; ``NO_COLOR`` is obeyed."""
    if sys.stdout is None:
        raise SettingsError("Standard output is closed, so nothing can be shown.")
    columns = os.environ.get("COLUMNS", "")
    wanted = int(columns) if columns.isdecimal() and int(columns) > 0 else None
    width = wanted or (shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH)
    return _Screen(highlight=False, soft_wrap=False, width=max(width, NARROWEST))


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        """Leave the exit code to the command: rich's own answer is 1, which means an open finding here."""
        raise BrokenPipeError


def cell(value: object, colour: str | None = None, limit: int = 400) -> Text:
    """Make text of any value: markup and control characters in it are shown, not obeyed; cut at ``limit``."""
    return Text(plain(str(value), limit), style=colour or "")


def coloured(value: str) -> Text:
    """Make text in the colour that the word has everywhere."""
    return cell(value, COLOURS.get(value))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[str] = ()) -> Table:
    """Make a table; the columns named in ``numbers`` are set to the right."""
    right = set(numbers)
    made = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(item if isinstance(item, Text) else cell(item) for item in row))
    return made


def print_remediation(out: Console, remediation: Remediation) -> None:
    """Print a remediation: each command on one line, however long, so that it can be copied; then what to know before."""
    for command in remediation.commands:
        out.print(cell(f"  {posix_command(command.argv) or NOT_SHOWN}", limit=10_000), soft_wrap=True)
    for note in notes_of(remediation):
        out.print(Padding(cell(note, limit=4_000), (0, 0, 0, 4)))


def bar(count: int, most: int, width: int = 30) -> str:
    """Draw a count as a bar; anything above nothing is seen."""
    return "█" * max(1 if count else 0, round(width * count / max(most, 1)))
