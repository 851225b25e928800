"""What a scan reads beside the rows of scale sets: one source for each kind, read in bulk before the first page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol, TypeGuard

from scanner.facts.depth import NOT_READ, Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.state.glance import Glance
from scanner.state.state import ScaleSetState

type Merge = Callable[[str | None], str]
"""Makes a record of what the store holds of it, which may be nothing, and of what is known here."""


class DepthSource(Protocol):
    """One kind of what is read beside the rows, such as instances or images.

    It is read in bulk, before the first page or when the first row needs it, within its part of the scan's time. A
    source that could not be read answers what was known before, or nothing; it never raises for what Azure answered.
    """

    @property
    def name(self) -> str:
        """Name it in a state's basis."""

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:
        """Answer what a state rests on beside the row, as plain JSON in a stable order: part of its basis.

        It is asked for every row, before the state is read whole: what it needs of the last reading is in ``known.kept``
        under its name, where ``scanner.state.glance`` puts it.
        """

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:
        """Fill in the facts of this source."""


class KeptInState(Protocol):
    """A source whose last known answer about a scale set stands in its state, for scans that cannot read it."""

    @property
    def name(self) -> str:
        """Name it in the state: ``ScaleSetState.beside`` holds what was kept, by this name."""

    def kept(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Answer what the state keeps, as plain JSON in a stable order; ``None``: nothing."""


class KeptInRecords(Protocol):
    """A source that remembers for many scale sets at once, in control records of the store."""

    def records(self) -> Mapping[str, Merge]:
        """Answer the records that changed since they were asked for last: each is made of what the store holds of it.

        They are written before the states that rest on them: a moment that a state names is never seen first twice. Other
        shards of the scan may write them at the same time.
        """


@dataclass(frozen=True, slots=True)
class Changed:
    """A scale set of which something is not as it was, or whose time has come."""

    row: Mapping[str, object]
    posture: Posture
    known: ScaleSetState | None


class ComparesScaleSets(Protocol):
    """A source of what many states rest on, and no basis: what all of them were judged by stands in one record."""

    def differs(self, row: Mapping[str, object], known: Glance) -> bool:
        """Tell whether it is other now than when the state of a row was judged last."""


class AsksPerScaleSet(Protocol):
    """A source that asks about single scale sets: those of a page that are not as they were, before they are judged."""

    def prepare(self, changed: Sequence[Changed], rows: int) -> None:
        """Ask what it needs about a page's scale sets, ``rows`` of which the page has in all. Never raises for answers."""

    def due_at(self, changed: Changed) -> datetime | None:
        """Say when it has to ask again, though nothing changes; ``None``: never."""


def prepare(sources: Sequence[DepthSource], changed: Sequence[Changed], rows: int) -> None:
    """Let the sources ask about the scale sets of a page."""
    for source in sources:
        if _asks(source):
            source.prepare(changed, rows)


def due_at_of(sources: Sequence[DepthSource], changed: Changed) -> datetime | None:
    """Say when a source has to ask again about a scale set; ``None``: none has to."""
    moments = [source.due_at(changed) for source in sources if _asks(source)]
    return min([moment for moment in moments if moment is not None], default=None)


def differs_in(sources: Sequence[DepthSource], row: object, known: Glance) -> bool:
    """Tell whether a row is compared with something else than when it was judged last."""
    return isinstance(row, Mapping) and any(source.differs(row, known) for source in sources if _compares(source))


def joined_of(sources: Sequence[DepthSource], row: object, known: Glance | None) -> JsonValue:
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


def kept_of(sources: Sequence[DepthSource], row: object, known: ScaleSetState | None) -> dict[str, JsonValue]:
    """Put together what a state keeps of the sources, by their names."""
    if not isinstance(row, Mapping):
        return {}
    kept = {source.name: source.kept(row, known) for source in sources if _keeps(source)}
    return {name: value for name, value in kept.items() if value is not None}


def records_of(sources: Sequence[DepthSource]) -> dict[str, Merge]:
    """Put together the records that changed."""
    records: dict[str, Merge] = {}
    for source in sources:
        if _remembers(source):
            records.update(source.records())
    return records


# Looking for one method takes a tenth of the time that a check of a whole protocol takes, and is done for every row.
def _asks(source: DepthSource) -> TypeGuard[AsksPerScaleSet]:
    return _has(type(source), "prepare")


def _compares(source: DepthSource) -> TypeGuard[ComparesScaleSets]:
    return _has(type(source), "differs")


def _keeps(source: DepthSource) -> TypeGuard[KeptInState]:
    return _has(type(source), "kept")


def _remembers(source: DepthSource) -> TypeGuard[KeptInRecords]:
    return _has(type(source), "records")


@cache
def _has(kind: type, method: str) -> bool:
    return hasattr(kind, method)
