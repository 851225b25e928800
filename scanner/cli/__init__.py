"""The terminal command ``vmss-posture``."""

import gc
import logging
import sys
from collections.abc import Mapping

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_FAILED = 2
EXIT_PARTIAL = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141

EXTRAS: Mapping[str, str] = {
    "azure.monitor.query": "evidence",
    "rich": "cli",
    "jinja2": "report",
    "shtab": "cli",
    "xlsxwriter": "excel",
    "duckdb": "emulator",
    "duckdb_kql": "emulator",
    "pytz": "emulator",
}
"""Packages that only some commands need, and the extra that installs each."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and answer its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    # A command makes much and drops little before it ends: looking for garbage every 700 objects is wasted time.
    gc.set_threshold(200_000, 50, 100)
    # Without a handler, Python prints the libraries' warnings between our own words; our errors say what they mean.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            # What a terminal's encoding cannot show is escaped, not a reason to stop.
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _run(words)
    except KeyboardInterrupt:
        tell("stopped.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): Python must not complain when it closes the stream.
        sys.stdout = None
        return EXIT_BROKEN_PIPE
    except OSError as error:
        sys.stdout = None
        tell(f"{error}. Is the disk full, or the output closed?")
        return _failed(words)
    except ModuleNotFoundError as error:
        name = error.name or ""
        extra = EXTRAS.get(name) or EXTRAS.get(name.partition(".")[0])
        tell(
            f"This command needs the package {error.name}, which the extra {extra!r} installs: run"
            f" pip install '.[{extra}]' in the source checkout."
            if extra
            else f"The package {error.name} is missing. Install the command again."
        )
        return _failed(words)
    except Exception as error:  # noqa: BLE001 - a person gets one line, and the traceback on request
        from scanner.plain_text import plain

        tell(f"unexpected error, {type(error).__name__}: {plain(str(error), 500)} (--debug shows where)")
        return _failed(words)


def _run(words: list[str]) -> int:
    from scanner.cli.arguments import parse
    from scanner.errors import MonitorError

    options = parse(words)
    try:
        code: int = options.run(options)
    except MonitorError as error:
        tell(str(error))
        code = _failed(words)
    if sys.stdout is not None:
        sys.stdout.flush()  # here, and not when Python ends: what cannot be written must show in the exit code
    return code


def _failed(words: list[str]) -> int:
    """Answer the exit code of a failure; with ``--debug``, print where it came from."""
    if "--debug" in words and sys.stderr is not None:
        import traceback

        traceback.print_exc(file=sys.stderr)
    return EXIT_FAILED


def tell(text: str) -> None:
    """Write to standard error; on a terminal in lines that break between words."""
    if sys.stderr is None:
        return
    from scanner.plain_text import plain

    lines = ["\n".join(plain(line) for line in f"vmss-posture: {text}".split("\n"))]
    if sys.stderr.isatty():
        import shutil
        import textwrap

        width = shutil.get_terminal_size().columns
        paragraphs = lines[0].split("\n")
        lines = [
            line
            for paragraph in paragraphs
            for line in textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False) or [""]
        ]
    sys.stderr.write("\n".join(lines) + "\n")
