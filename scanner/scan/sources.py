"""Which sources of depth a scan reads, in the order in which they fill in facts."""

from collections.abc import Mapping

from scanner.ports.fleet import Coverage
from scanner.reading.image_rows import image_of
from scanner.scan.asking import asking_of
from scanner.scan.changes import read_changes
from scanner.scan.depth import DepthSource
from scanner.scan.gallery_images import read_gallery_images
from scanner.scan.groups import read_fleet
from scanner.scan.guests import Guests
from scanner.scan.instances import InstanceSource, count_instances
from scanner.scan.last_row import LastRow
from scanner.scan.maintenance import Maintenance
from scanner.scan.platform_images import read_platform_images
from scanner.scan.probes import Probes
from scanner.scan.rollouts import CensusDigest, RolloutSource
from scanner.scan.underway import Scan
from scanner.scan.windows import Windows
from scanner.state.glance import glance_of
from scanner.state.state import ScaleSetState


def read_sources(scan: Scan, coverage: Coverage) -> tuple[DepthSource, ...]:
    """Read what is asked beside the rows, before the first page."""
    sources: list[DepthSource] = [read_changes(scan)]
    read_image = LastRow(image_of)
    if scan.ports.images is not None:
        sources.append(read_platform_images(scan, scan.ports.images, read_image))
    if scan.ports.images is not None or scan.ports.tables is not None:
        sources.append(read_gallery_images(scan, read_image))
    if scan.ports.tables is not None:
        sources.append(Probes(scan.ports.tables, asking_of(scan)))
        maintenance = Maintenance(scan.ports.tables, asking_of(scan))
        sources.append(Windows(maintenance))
        sources.append(Guests(scan.ports.tables, maintenance, asking_of(scan)))
    counted = None if scan.ports.census is None else count_instances(scan, scan.ports.census, coverage)
    if counted is not None:
        sources.append(counted)
    if scan.ports.rollouts is not None:
        sources.append(RolloutSource(scan, scan.ports.rollouts, _census_digest(counted)))
    return (*sources, read_fleet(scan))


def _census_digest(counted: InstanceSource | None) -> CensusDigest:
    """Tell a change of what the instances run, which may be a rollout: from the digest that the census joins to a row."""

    def digest(row: Mapping[str, object], known: ScaleSetState | None) -> str:
        joined = None if counted is None else counted.joined(row, None if known is None else glance_of(known))
        return str(joined[0]) if isinstance(joined, list) else ""

    return digest
