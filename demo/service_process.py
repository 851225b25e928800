"""One run of the deployed service in a process of its own, at a given time: what the demo starts, and kills.

Or the report of its state, as a person makes it who may read that.
"""

import argparse
import os
import sys
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from scanner.adapters.azure.service_clock import ServiceClock
from scanner.bootstrap import Service, deployed
from scanner.errors import MonitorError
from scanner.settings import read_settings


def running_clock(moment: datetime) -> Callable[[], datetime]:
    """Make a clock that starts at a moment and runs on."""
    started = time.monotonic()
    return lambda: moment + timedelta(seconds=time.monotonic() - started)


def main() -> int:
    """Scan, write a snapshot, or write the report, with the settings of the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("scan", "snapshot", "report"))
    parser.add_argument("--at", type=datetime.fromisoformat, required=True, help="the time, with its offset")
    parser.add_argument("--out", type=Path, help="the report")
    options = parser.parse_args()
    clock = ServiceClock(running_clock(options.at))  # of a machine that lives at that time, as the local Azure does
    with deployed(read_settings(os.environ), clock=clock) as service:
        try:
            if options.what == "report":
                _report(service, options.out)
            elif options.what == "snapshot":
                service.snapshot()
            else:
                service.scan(trigger="timer", scan_id=str(uuid.uuid4()))
        except MonitorError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


def _report(service: Service, path: Path) -> None:
    from scanner.cli.known_fleet import of_store
    from scanner.cli.report_command import write_report

    fleet = of_store(service.ports.store, "the state of the service", "", service.ports.now())
    write_report(fleet, path, service.criteria.policy.production_environments)


if __name__ == "__main__":
    sys.exit(main())
