"""Which sources of depth a scan reads, in the order in which they fill in facts."""

from collections.abc import Mapping

from scanner.ports.fleet import Coverage
from scanner.scan.changes import read_changes
from scanner.scan.depth import DepthSource
from scanner.scan.instances import InstanceSource, count_instances
from scanner.scan.platform_images import read_platform_images
from scanner.scan.rollouts import CensusDigest, RolloutSource
from scanner.scan.underway import Scan
from scanner.state.glance import glance_of
from scanner.state.state import ScaleSetState


def read_sources(scan: Scan, coverage: Coverage) -> tuple[DepthSource, ...]:
    """Read what is asked beside the rows, before the first page."""
    sources: list[DepthSource] = [read_changes(scan)]
    if scan.ports.images is not None:
        sources.append(read_platform_images(scan, scan.ports.images))
    counted = None if scan.ports.census is None else count_instances(scan, scan.ports.census, coverage)
    if counted is not None:
        sources.append(counted)
    if scan.ports.rollouts is not None:
        sources.append(RolloutSource(scan, scan.ports.rollouts, _census_digest(counted)))
    return tuple(sources)


def _census_digest(counted: InstanceSource | None) -> CensusDigest:
    """Tell a change of what the instances run, which may be a rollout: from the digest that the census joins to a row."""

    def digest(row: Mapping[str, object], known: ScaleSetState | None) -> str:
        joined = None if counted is None else counted.joined(row, None if known is None else glance_of(known))
        return str(joined[0]) if isinstance(joined, list) else ""

    return digest
