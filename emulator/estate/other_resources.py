"""Other resources than scale sets: gallery versions, load balancers, maintenance, patch results.

Resource Manager answers them by id, Resource Graph has each as a row of its table.
"""

import json
import threading
from collections.abc import Mapping
from typing import Any

from emulator.estate.index import Index


class OtherResources:
    """Their documents, by id."""

    def __init__(self, lock: threading.RLock, index: Index) -> None:
        self._lock = lock
        self._index = index
        self._documents: dict[str, str] = {}

    def reset(self) -> None:
        """Forget all of them; the index is emptied by its owner."""
        self._documents.clear()

    def put(self, document: Mapping[str, Any], table: str = "resources") -> None:
        """Add or replace one, as a row of a table."""
        with self._lock:
            self._documents[str(document["id"]).lower()] = json.dumps(document, separators=(",", ":"))
            self._index.put_other(document, table)

    def remove(self, resource_id: str, table: str = "resources") -> bool:
        """Take one away; answer whether it was there."""
        with self._lock:
            self._index.remove_other(resource_id, table)
            return self._documents.pop(resource_id.lower(), None) is not None

    def get(self, resource_id: str) -> dict[str, Any] | None:
        """Answer a document, if it exists."""
        text = self._documents.get(resource_id.lower())
        return None if text is None else json.loads(text)

    def below(self, prefix: str) -> list[dict[str, Any]]:
        """Answer the documents whose id begins so, compared without case, ordered by id."""
        prefix = prefix.lower()
        with self._lock:
            return [json.loads(text) for key, text in sorted(self._documents.items()) if key.startswith(prefix)]
