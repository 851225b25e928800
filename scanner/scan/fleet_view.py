"""What the store remembers, as a scan uses it: states by scale set, and the coverage of the scans before."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from scanner.errors import NewerSchemaError, StoreError
from scanner.ports.store import StateStore
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
    unreadable: dict[str, str] = field(default_factory=dict)
    """Why a row of the store could not be read, by key: its scale set is left alone."""

    def state_of(self, key: str) -> ScaleSetState | None:
        """Say what is known of a scale set, its tombstone included."""
        remembered = self.known.get(key)
        return None if remembered is None else remembered.state

    def is_unreadable(self, subscription_id: str, key: str) -> bool:  # noqa: ARG002
        """Tell whether the row of a scale set is there and cannot be read."""
        return key in self.unreadable

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


def read_view(store: StateStore) -> FleetView:
    """Read all that the store knows. A state row that cannot be read is set aside, with the reason."""
    view = FleetView(coverage=read_coverage(store.get_record(RECORD)))
    for stored in store.load():
        try:
            state = decode(stored.row)
        except NewerSchemaError:
            raise
        except StoreError as error:
            view.unreadable[stored.row.key] = str(error)
            continue
        view.learn(Remembered(state, stored.version, stored.row.body))
    return view
