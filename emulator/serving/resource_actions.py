"""Actions of the control surface about resources beside the scale sets."""

from collections.abc import Callable
from typing import Any

from emulator.estate import gallery, maintenance
from emulator.serving.application import Emulator


class ResourceActions:
    """What a script does to galleries, load balancers, maintenance and patching."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def actions(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        """Answer the actions by name."""
        return {
            "resource": self._put,
            "resource/delete": self._delete,
            "gallery-version": self._gallery_version,
            "shared-version": self._shared_version,
            "gallery/refuse": self._refuse,
            "maintenance": self._maintenance,
            "assignment": self._assignment,
        }

    def _put(self, asked: dict[str, Any]) -> Any:
        self._emulator.estate.others.put(asked["document"], asked.get("table", "resources"))
        return {}

    def _delete(self, asked: dict[str, Any]) -> Any:
        return {"deleted": self._emulator.estate.others.remove(asked["id"], asked.get("table", "resources"))}

    def _gallery_version(self, asked: dict[str, Any]) -> Any:
        document = gallery.version_document(asked["id"], asked["location"], asked["properties"])
        self._emulator.estate.others.put(document)
        return {}

    def _shared_version(self, asked: dict[str, Any]) -> Any:
        names = (asked["gallery"], asked["image"], asked["version"])
        facts = {**asked["properties"], "regions": asked["regions"]}
        self._emulator.simulation.shared.put(asked["kind"], *names, facts)
        if asked["kind"] == "communitygalleries":
            for row in gallery.community_rows(*names, facts):
                self._emulator.estate.others.put(row, gallery.COMMUNITY_TABLE)
        return {}

    def _refuse(self, asked: dict[str, Any]) -> Any:
        self._emulator.simulation.shared.refuse(asked["gallery"], refused=bool(asked["refused"]))
        return {}

    def _maintenance(self, asked: dict[str, Any]) -> Any:
        document = maintenance.configuration(
            asked["id"], asked["window"], location=asked["location"], scope=asked.get("scope", "OSImage")
        )
        self._emulator.estate.others.put(document)
        return {}

    def _assignment(self, asked: dict[str, Any]) -> Any:
        document = maintenance.assignment(asked["target"], asked["configuration"], location=asked["location"])
        self._emulator.estate.others.put(document, "maintenanceresources")
        return {"id": document["id"]}
