"""Which sources of depth a scan reads, in the order in which they fill in facts."""

from scanner.ports.fleet import Coverage
from scanner.scan.depth import DepthSource
from scanner.scan.instances import count_instances
from scanner.scan.underway import Scan


def read_sources(scan: Scan, coverage: Coverage) -> tuple[DepthSource, ...]:
    """Read what is asked beside the rows, before the first page."""
    instances = count_instances(scan, coverage)
    return () if instances is None else (instances,)
