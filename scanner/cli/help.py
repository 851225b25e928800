"""How help is written: wrapped between words, with examples, and the exit codes of its own command."""

import argparse
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

WIDEST = 100
"""Longer lines are hard to read."""

EXIT_CODES: Mapping[int, str] = {
    0: "done",
    1: "an open finding or a headline that --fail-on names",
    2: "not done: wrong arguments or settings, or something could not be read",
    3: "only a part of the fleet could be read",
    130: "stopped with Ctrl-C",
    141: "the reader of the output has gone (| head)",
}

type Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse names no public type


class Formatter(argparse.HelpFormatter):
    """Wraps descriptions; lines that begin with a space (examples, exit codes) stay as they are."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)
        self._width = min(self._width, WIDEST - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines: list[str] = []
        for line in text.splitlines():
            lines += [line] if not line or line.startswith(" ") else self._wrapped(line, width - len(indent))
        return "\n".join(f"{indent}{line}" for line in lines)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return self._wrapped(" ".join(text.split()), width)

    @staticmethod
    def _wrapped(text: str, width: int) -> list[str]:
        return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False)


def add_command(  # noqa: PLR0913 - each is a part of one page of help
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int] | str,
    summary: str,
    *,
    more: str = "",
    examples: Sequence[str] = (),
    codes: Mapping[int, str] | None = None,
) -> argparse.ArgumentParser:
    """Add a command. ``run`` is its function, or the module that has it; ``codes`` are exit codes beside 0, 2 and 130.

    The epilog is written from the examples and the exit codes.
    """
    told = {**{code: EXIT_CODES[code] for code in (0, 2, 130, 141)}, **(codes or {})}
    lines = ["examples:", *(f"  {example}" for example in examples), ""] if examples else []
    lines.append("exit codes:")
    for code, meaning in sorted(told.items()):
        wrapped = textwrap.wrap(meaning, 68, break_long_words=False, break_on_hyphens=False)
        lines.append(f"  {code:<4} {wrapped[0]}")
        lines += [f"       {line}" for line in wrapped[1:]]
    command = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {more}".strip(),
        epilog="\n".join(lines),
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    command.add_argument("--debug", action="store_true", help="at an unexpected error, print the traceback too")
    return command


def add_quiet(command: argparse.ArgumentParser, what: str) -> None:
    """Add ``--quiet``."""
    command.add_argument(
        "--quiet", action="store_true", help=f"no progress and no {what}: errors and the exit code only"
    )


def add_own_rules(command: argparse.ArgumentParser) -> None:
    """Add the rules of the operator's own."""
    command.add_argument(
        "--rules",
        type=Path,
        metavar="PATH",
        help="rules of your own: a file, or a folder of them (default: ./rules.d if it is there)",
    )
