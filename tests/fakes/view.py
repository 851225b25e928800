"""What the store remembers, as a scan uses it: states by scale set, and the coverage of the scans before."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from scanner.errors import UnreadableError
from scanner.ports.store import Damage, StateStore
from scanner.state.coverage import RECORD, CoverageRecord, read_coverage
from scanner.state.state import Remembered, ScaleSetState
from scanner.state.text import decode


@dataclass(slots=True)
class FleetView:
    """The last known states, kept up to date as the scan commits."""

    known: dict[str, Remembered] = field(default_factory=dict)
    """By key, as the store holds them now, tombstones included."""
    current: dict[str, ScaleSetState] = field(default_factory=dict)
    """By key, tombstones left out."""
    coverage: CoverageRecord = field(default_factory=CoverageRecord)
    """As the scan before left it."""
    damage: dict[str, Damage] = field(default_factory=dict)
    """What could not be read, by name: the scale set of a damaged state is left alone."""
    row_name: Callable[[str, str], str] = lambda _subscription_id, key: key
    """Names the row of a scale set in its store, from subscription and key."""

    def state_of(self, key: str) -> ScaleSetState | None:
        """Say what is known of a scale set, its tombstone included."""
        remembered = self.known.get(key)
        return None if remembered is None else remembered.state

    def tombstones_before(self, moment: str) -> list[tuple[str, str, str]]:
        """List the tombstones of scale sets that were removed before a moment, as the store forgets them."""
        return [
            (known.state.identity.subscription_id, key, known.version)
            for key, known in self.known.items()
            if known.state.removed_at is not None and known.state.removed_at < moment
        ]

    def is_unreadable(self, subscription_id: str, key: str) -> bool:
        """Tell whether the row of a scale set is there and cannot be read."""
        return bool(self.damage) and (key in self.damage or self.row_name(subscription_id, key) in self.damage)

    def set_aside(self, damage: Damage) -> None:
        """Remember that something cannot be read."""
        self.damage[damage.name] = damage

    def learn(self, remembered: Remembered) -> None:
        """Take over a state that was read or committed."""
        state = remembered.state
        self.known[state.identity.key] = remembered
        if state.removed_at is None:
            self.current[state.identity.key] = state
        else:
            self.current.pop(state.identity.key, None)

    def subscriptions(self) -> set[str]:
        """List the subscriptions that known scale sets live in."""
        return {state.identity.subscription_id for state in self.current.values()}

    def within(self, scope: Collection[str]) -> "FleetView":
        """Look at the scale sets of some subscriptions only; at all of them where none is named."""
        if not scope:
            return self
        kept = {key: state for key, state in self.current.items() if state.identity.subscription_id in scope}
        return replace(self, current=kept)

    def open_findings(self) -> Counter[str]:
        """Count the open findings by severity."""
        return Counter(finding.severity for state in self.current.values() for finding in state.open_findings.values())

    def headlines(self) -> Counter[str]:
        """Count the scale sets by ``upgrades_itself``."""
        return Counter(state.upgrades_itself for state in self.current.values())


def read_view(store: StateStore, subscriptions: Collection[str] = ()) -> FleetView:
    """Read all that the store knows of some subscriptions, or of all. What cannot be read is set aside, with the reason."""
    view = FleetView(row_name=store.row_name)
    try:
        view.coverage = read_coverage(store.get_record(RECORD))
    except UnreadableError as error:
        view.set_aside(Damage(kind="record", name=RECORD, why=str(error)))
    for stored in store.load(view.set_aside):
        if subscriptions and stored.row.subscription_id not in subscriptions:
            continue
        try:
            state = decode(stored.row)
        except UnreadableError as error:
            view.set_aside(Damage(kind="state", name=stored.row.key, why=str(error)))
            continue
        view.learn(Remembered(state, stored.version, stored.row.body))
    return view
