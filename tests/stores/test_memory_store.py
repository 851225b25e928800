from typing import override

import pytest

from scanner.adapters.stores.memory_store import MemoryStore
from tests.stores.store_contract import OpenStore, StoreContract


class TestMemoryStore(StoreContract):
    at_once = 1

    @pytest.fixture
    @override
    def open_store(self) -> OpenStore:
        """Two stores on the same data are one object here."""
        store = MemoryStore()
        return lambda: store
