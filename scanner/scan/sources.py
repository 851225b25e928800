"""Which sources of depth a scan reads, in the order in which they fill in facts."""

from scanner.ports.fleet import Coverage
from scanner.scan.changes import read_changes
from scanner.scan.depth import DepthSource
from scanner.scan.platform_images import read_platform_images
from scanner.scan.underway import Scan


def read_sources(scan: Scan, _coverage: Coverage) -> tuple[DepthSource, ...]:
    """Read what is asked beside the rows, before the first page."""
    sources: list[DepthSource] = [read_changes(scan)]
    if scan.ports.images is not None:
        sources.append(read_platform_images(scan, scan.ports.images))
    return tuple(sources)
