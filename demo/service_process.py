"""One run of the deployed service in a process of its own, at a given time: what the demo starts, and kills."""

import argparse
import os
import sys
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from scanner.adapters.azure.service_clock import ServiceClock
from scanner.bootstrap import deployed
from scanner.errors import MonitorError
from scanner.settings import read_settings


def running_clock(moment: datetime) -> Callable[[], datetime]:
    """Make a clock that starts at a moment and runs on."""
    started = time.monotonic()
    return lambda: moment + timedelta(seconds=time.monotonic() - started)


def main() -> int:
    """Scan, or write a snapshot, with the settings of the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("scan", "snapshot"))
    parser.add_argument("--at", type=datetime.fromisoformat, required=True, help="the time, with its offset")
    options = parser.parse_args()
    clock = ServiceClock(running_clock(options.at))  # of a machine that lives at that time, as the local Azure does
    with deployed(read_settings(os.environ), clock=clock) as service:
        try:
            if options.what == "snapshot":
                service.snapshot()
            else:
                service.scan(trigger="timer", scan_id=str(uuid.uuid4()))
        except MonitorError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
