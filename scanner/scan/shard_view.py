"""What a shard knows of its scale sets: a header of each, and the whole states of one page.

A header is what the store answers without the body: small, so that a scan's memory does not follow its states.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import batched

from scanner.errors import UnreadableError
from scanner.ports.store import Damage, StateStore, StoredGlance, StoredRow
from scanner.state.coverage import RECORD, CoverageRecord, read_coverage
from scanner.state.glance import Glance, glance_of, read_glance
from scanner.state.state import Remembered, ScaleSetState
from scanner.state.tally import Numbers, is_tally, sum_of_texts, tally_of, tally_text
from scanner.state.text import decode

_MOST = 0.3
"""Share of a subscription from which on its rows are read all at once."""
BATCH = 200
"""States that are read at once where no page sets the measure."""


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a scale set without reading its state."""

    subscription_id: str
    version: str
    """The store's, of its row."""
    glance: Glance
    tally: str
    """Empty on a tombstone."""
    is_stored: bool
    """Whether glance and tally stand in the row; else they were made of the state, and the next write adds them."""


@dataclass(slots=True)
class ShardView:
    """What is known of a shard's scale sets, kept up to date as the scan commits."""

    store: StateStore
    headers: dict[str, Header] = field(default_factory=dict)
    """By key, tombstones included."""
    states: dict[str, Remembered] = field(default_factory=dict)
    """States that were read whole, by key: those of the page, or batch, that is being worked on."""
    coverage: CoverageRecord = field(default_factory=CoverageRecord)
    """As the scan before left it."""
    damage: dict[str, Damage] = field(default_factory=dict)
    """What could not be read, by name: the scale set of a damaged state is left alone."""
    _sizes: Counter[str] = field(default_factory=Counter)

    def glance_at(self, key: str) -> Glance | None:
        """Look at what is known of a scale set, its tombstone included."""
        header = self.headers.get(key)
        return None if header is None else header.glance

    def state_of(self, key: str) -> ScaleSetState | None:
        """Say what is known of a scale set of the page that is being worked on, its tombstone included."""
        remembered = self.states.get(key)
        return None if remembered is None else remembered.state

    def fetch(self, keys: Iterable[str]) -> frozenset[str]:
        """Read the states of some scale sets whole, in place of those that were read before.

        Answers the keys of those that another run of the shard has written since their headers were read: what was
        concluded from these is to be concluded again.
        """
        self.states = {}
        moved: set[str] = set()
        for remembered, stored in self._read(keys):
            key = remembered.state.identity.key
            self.states[key] = remembered
            if stored.version != self.headers[key].version:
                self.headers[key] = _header_of(remembered, _glance_in(stored))
                moved.add(key)
        return frozenset(moved)

    def in_batches(self, keys: Iterable[str]) -> Iterator[list[ScaleSetState]]:
        """Read states whole, a few at a time, in this order; tombstones, which another run may have left, are left out."""
        for batch in batched(keys, BATCH, strict=False):
            self.fetch(batch)
            states = [self.states[key].state for key in batch if key in self.states]
            yield [state for state in states if state.removed_at is None]

    def learn(self, remembered: Remembered, stored: StoredGlance) -> None:
        """Take over a state that was committed, and the header of its row."""
        self.states[stored.key] = remembered
        self.headers[stored.key] = _header_of(remembered, stored)

    def let_go(self) -> None:
        """Forget everything: the scan that holds it may live until the next collection of garbage."""
        self.headers, self.states = {}, {}

    def current(self) -> Iterator[str]:
        """List the scale sets that are not tombstones, by key."""
        return (key for key, header in self.headers.items() if header.tally)

    def sizes(self) -> Counter[str]:
        """Count the scale sets that are not tombstones, by subscription."""
        return Counter(header.subscription_id for header in self.headers.values() if header.tally)

    def absent(self, seen: Collection[str], subscriptions: Collection[str]) -> dict[str, Glance]:
        """Find the scale sets of some subscriptions that were not seen."""
        found: dict[str, Glance] = {}
        for key in self.current():
            if key not in seen and self.headers[key].subscription_id in subscriptions:
                found[key] = self.headers[key].glance
        return found

    def numbers(self) -> Numbers:
        """Add up the tallies of the scale sets that are not tombstones."""
        return sum_of_texts((header.subscription_id, header.tally) for header in self.headers.values() if header.tally)

    def tombstones_before(self, moment: str) -> list[tuple[str, str, str]]:
        """List the tombstones of scale sets that were removed before a moment, as the store forgets them."""
        found: list[tuple[str, str, str]] = []
        for key, header in self.headers.items():
            removed_at = None if header.tally else header.glance.removed_at
            if removed_at is not None and removed_at < moment:
                found.append((header.subscription_id, key, header.version))
        return found

    def is_unreadable(self, subscription_id: str, key: str) -> bool:
        """Tell whether the row of a scale set is there and cannot be read."""
        damage = self.damage
        return bool(damage) and (key in damage or self.store.row_name(subscription_id, key) in damage)

    def set_aside(self, damage: Damage) -> None:
        """Remember that something cannot be read."""
        self.damage[damage.name] = damage

    def load(self, subscriptions: Collection[str]) -> None:
        """Read the headers of some subscriptions, or of all where none is named; make those that are missing."""
        bare: list[str] = []
        wanted: list[str] | list[None] = sorted(subscriptions) or [None]
        for subscription_id in wanted:
            for stored in self.store.glances(subscription_id, self.set_aside):
                header = _header(stored)
                self._sizes[stored.subscription_id] += 1
                if header is None:
                    self.headers[stored.key] = Header(
                        stored.subscription_id, stored.version, Glance(), "", is_stored=False
                    )
                    bare.append(stored.key)
                else:
                    self.headers[stored.key] = header
        for batch in batched(sorted(bare), BATCH, strict=False):
            made = {each.state.identity.key: (each, stored) for each, stored in self._read(batch)}
            for key in batch:
                if key not in made:
                    del self.headers[key]  # it cannot be read, and is set aside
                    continue
                remembered, row = made[key]
                self.headers[key] = _header_of(remembered, _glance_in(row))

    def _read(self, keys: Iterable[str]) -> Iterator[tuple[Remembered, StoredRow]]:
        wanted: dict[str, list[str]] = {}
        for key in keys:
            header = self.headers.get(key)
            if header is not None:
                wanted.setdefault(header.subscription_id, []).append(key)
        for subscription_id, some in wanted.items():
            yield from _decoded(self._rows(subscription_id, some), self.set_aside)

    def _rows(self, subscription_id: str, keys: Collection[str]) -> Iterator[StoredRow]:
        """Ask for rows by their keys; where that is most of the subscription, for all that it has."""
        if len(keys) < self._sizes[subscription_id] * _MOST:
            return self.store.read(subscription_id, keys, self.set_aside)
        wanted = frozenset(keys)
        rows = self.store.load(self.set_aside, subscription_id=subscription_id)
        return (stored for stored in rows if stored.row.key in wanted)


def decoded(rows: Iterable[StoredRow], on_damage: Callable[[Damage], None]) -> Iterator[Remembered]:
    """Read states out of their rows; report those that cannot be read."""
    return (remembered for remembered, _ in _decoded(rows, on_damage))


def _decoded(rows: Iterable[StoredRow], on_damage: Callable[[Damage], None]) -> Iterator[tuple[Remembered, StoredRow]]:
    for stored in rows:
        try:
            state = decode(stored.row)
        except UnreadableError as error:
            on_damage(Damage(kind="state", name=stored.row.key, why=str(error)))
            continue
        yield Remembered(state, stored.version, stored.row.body), stored


def read_view(store: StateStore, subscriptions: Collection[str] = ()) -> ShardView:
    """Read what the store knows of some subscriptions, or of all. What cannot be read is set aside, with the reason."""
    view = ShardView(store)
    try:
        view.coverage = read_coverage(store.get_record(RECORD))
    except UnreadableError as error:
        view.set_aside(Damage(kind="record", name=RECORD, why=str(error)))
    view.load(subscriptions)
    return view


def _header(stored: StoredGlance) -> Header | None:
    """Read a header; ``None``: it is not of the form that this release writes."""
    glance = read_glance(stored.glance)
    if glance is None or (glance.removed_at is None and not is_tally(stored.tally)):
        return None
    return Header(stored.subscription_id, stored.version, glance, stored.tally, is_stored=True)


def _header_of(remembered: Remembered, stored: StoredGlance) -> Header:
    """Take the header of a state that is at hand; make it, where its row has none."""
    header, state = _header(stored), remembered.state
    if header is not None:
        return header
    tally = "" if state.removed_at is not None else tally_text(tally_of(state))
    return Header(stored.subscription_id, stored.version, glance_of(state), tally, is_stored=False)


def _glance_in(stored: StoredRow) -> StoredGlance:
    """Take the header out of a row that was read whole."""
    row = stored.row
    return StoredGlance(row.subscription_id, row.key, stored.version, row.glance, row.tally)
