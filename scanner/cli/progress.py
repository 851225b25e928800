"""Progress on standard error, for people: nothing is shown in a pipe, with ``--quiet``, or without the ``cli`` extra."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class Progress:
    """What the work that takes its time reports."""

    count: Callable[[int], None]
    """How many are done."""
    waits: Callable[[str], None]
    """For what it waits, as a few words; empty: it goes on."""
    stop: Callable[[], None]
    """Clear the line, before the result is printed."""
    is_shown: bool


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Progress]:
    """Show a title with a running count, and what is waited for, while the body runs."""
    if quiet or sys.stderr is None or not sys.stderr.isatty() or find_spec("rich") is None:
        yield Progress(count=lambda _count: None, waits=lambda _words: None, stop=lambda: None, is_shown=False)
        return
    from rich.console import Console
    from rich.progress import Progress as Display
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[waits]}", style="yellow"),
    )
    with Display(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=None, waits="")
        yield Progress(
            count=lambda done: shown.update(task, completed=done),  # rich draws ten times a second, however often
            waits=lambda words: shown.update(task, waits=words),
            stop=shown.stop,
            is_shown=True,
        )
