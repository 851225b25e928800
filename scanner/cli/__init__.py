"""The terminal command ``vmss-posture``."""

import gc
import logging
import sys

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_FAILED = 2
EXIT_PARTIAL = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def main(arguments: list[str] | None = None) -> int:
    """Run the command and answer its exit code."""
    # A command makes much and drops little before it ends: looking for garbage every 700 objects is wasted time.
    gc.set_threshold(200_000, 50, 100)
    # Without a handler, Python prints the libraries' warnings between our own words; our errors say what they mean.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            # What a terminal's encoding cannot show is escaped, not a reason to stop.
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        _say("stopped; what was committed is kept.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): Python must not complain when it closes the stream.
        sys.stdout = None
        return EXIT_BROKEN_PIPE
    except OSError as error:
        sys.stdout = None
        _say(f"{error}. Is the disk full, or the output closed?")
        return EXIT_FAILED


def _run(arguments: list[str]) -> int:
    from scanner.cli.arguments import parse
    from scanner.errors import MonitorError

    options = parse(arguments)
    try:
        code: int = options.run(options)
    except MonitorError as error:
        _say(str(error))
        code = EXIT_FAILED
    if sys.stdout is not None:
        sys.stdout.flush()  # here, and not when Python ends: what cannot be written must show in the exit code
    return code


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"vmss-posture: {text}\n")
