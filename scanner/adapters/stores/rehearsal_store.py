"""A store for a scan that is only tried: it knows what another store knows, and writes nothing there."""

from scanner.adapters.stores.memory_store import MemoryStore
from scanner.ports.store import Damage, StateStore, StateWrite


class RehearsalStore(MemoryStore):
    """A ``StateStore`` in memory that begins with the states of another, and reads its records as they are asked for."""

    def __init__(self, source: StateStore | None = None) -> None:
        """Read all states. Raises ``StoreError``. Without a source nothing is known."""
        super().__init__()
        self._source = source
        self.damaged: list[Damage] = []
        """What could not be read, and is not known here."""
        if source is not None:
            for stored in source.load(self.damaged.append):
                self.commit([StateWrite(row=stored.row, replaces=None)])

    def get_record(self, name: str) -> str | None:
        """Read a record: as written here, or else of the other store."""
        written = super().get_record(name)
        return written if written is not None or self._source is None else self._source.get_record(name)
