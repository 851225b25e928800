"""What a scan reads beside the rows of scale sets: one source for each kind, read in bulk before the first page."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from scanner.facts.depth import NOT_READ, Depth
from scanner.facts.evidence import JsonValue
from scanner.state.state import ScaleSetState


class DepthSource(Protocol):
    """One kind of what is read beside the rows, such as instances or images.

    It is read before the first page, within its part of the scan's time, and asked once for every row after that. A
    source that could not be read answers what was known before, or nothing; it never raises for what Azure answered.
    """

    @property
    def name(self) -> str:
        """Name it in a state's basis."""

    def joined(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Answer what a state rests on beside the row, as plain JSON in a stable order: part of its basis."""

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:
        """Fill in the facts of this source."""


def joined_of(sources: Sequence[DepthSource], row: object, known: ScaleSetState | None) -> JsonValue:
    """Answer what all sources join to a row; ``None`` for something that is no row."""
    if not isinstance(row, Mapping):
        return None
    return [[source.name, source.joined(row, known)] for source in sources]


def depth_of(sources: Sequence[DepthSource], row: object, known: ScaleSetState | None) -> Depth:
    """Put together what all sources know of the scale set of a row."""
    depth = NOT_READ
    if isinstance(row, Mapping):
        for source in sources:
            depth = source.added(depth, row, known)
    return depth
