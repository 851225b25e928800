"""Which sources of depth a scan reads, in the order in which they fill in facts."""

from scanner.ports.fleet import Coverage
from scanner.scan.asking import asking_of
from scanner.scan.changes import read_changes
from scanner.scan.depth import DepthSource
from scanner.scan.gallery_images import read_gallery_images
from scanner.scan.instances import count_instances
from scanner.scan.maintenance import Maintenance
from scanner.scan.platform_images import read_platform_images
from scanner.scan.probes import Probes
from scanner.scan.underway import Scan
from scanner.scan.windows import Windows


def read_sources(scan: Scan, coverage: Coverage) -> tuple[DepthSource, ...]:
    """Read what is asked beside the rows, before the first page."""
    sources: list[DepthSource] = [read_changes(scan)]
    if scan.ports.images is not None:
        sources.append(read_platform_images(scan, scan.ports.images))
    if scan.ports.images is not None or scan.ports.tables is not None:
        sources.append(read_gallery_images(scan))
    if scan.ports.tables is not None:
        sources.append(Probes(scan.ports.tables, asking_of(scan)))
        maintenance = Maintenance(scan.ports.tables, asking_of(scan))
        sources.append(Windows(maintenance))
    if scan.ports.census is not None:
        sources.append(count_instances(scan, scan.ports.census, coverage))
    return tuple(sources)
