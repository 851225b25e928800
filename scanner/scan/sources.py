"""Which sources of depth a scan reads, in the order in which they fill in facts."""

from scanner.ports.fleet import Coverage
from scanner.scan.changes import read_changes
from scanner.scan.depth import DepthSource
from scanner.scan.underway import Scan


def read_sources(scan: Scan, _coverage: Coverage) -> tuple[DepthSource, ...]:
    """Read what is asked beside the rows, before the first page."""
    return (read_changes(scan),)
