"""The terminal command ``vmss-posture``."""

import gc
import logging
import sys

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_FAILED = 2
EXIT_PARTIAL = 3
EXIT_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command and answer its exit code."""
    from scanner.cli.arguments import parse  # noqa: PLC0415 - the console script imports this module alone
    from scanner.errors import MonitorError  # noqa: PLC0415 - as above

    # A command makes much and drops little before it ends: looking for garbage every 700 objects is wasted time.
    gc.set_threshold(200_000, 50, 100)
    # Without a handler, Python prints the libraries' warnings between our own words; our errors say what they mean.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except MonitorError as error:
        print(f"vmss-posture: {error}", file=sys.stderr)  # noqa: T201 - a terminal command speaks on its streams
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("vmss-posture: stopped; what was committed is kept.", file=sys.stderr)  # noqa: T201 - as above
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): Python must not complain when it closes the stream.
        sys.stdout = None
        return EXIT_OK
    return code
