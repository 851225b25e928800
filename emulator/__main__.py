"""``python -m emulator``: an interrupt ends it without a word, also while the libraries are still being loaded."""

import signal
import sys


def _run() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from emulator.command import main

    return main()


if __name__ == "__main__":
    sys.exit(_run())
