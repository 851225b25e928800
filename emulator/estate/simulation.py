"""What the estate does by itself as time passes: rolling upgrades, hooks, and images that are published."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.estate import instances
from emulator.estate.estate import Estate, is_manual
from emulator.estate.gallery import SharedImages
from emulator.estate.images import ImageCatalogue
from emulator.estate.instance_documents import reference_of
from emulator.estate.lifecycle_hooks import LifecycleHooks
from emulator.estate.newest_images import NewestImages, is_pinned
from emulator.estate.publishing import Publishing
from emulator.estate.repairs import Repairs
from emulator.estate.rolling_upgrades import RollingUpgrades
from emulator.estate.schedule import Schedule


class Simulation:
    """Everything that moves, and the one way to let it move."""

    def __init__(self, estate: Estate, images: ImageCatalogue) -> None:
        self._estate = estate
        self.schedule = Schedule(estate.clock)
        self.upgrades = RollingUpgrades(estate, self.schedule)
        self.hooks = LifecycleHooks(self.schedule)
        self.repairs = Repairs()
        self.shared = SharedImages()
        self.newest = NewestImages(estate, images)
        self.publishing = Publishing(estate, images, self.schedule, self.hooks, self.upgrades)
        estate.newest_version = self.newest.version
        estate.model_changed = self._model_changed
        estate.deleted = self._deleted

    def advance(self) -> None:
        """Let happen what is due by now."""
        if self.schedule.is_due():
            with self._estate.lock:
                self.schedule.advance()

    def reset(self) -> None:
        """Forget what was to come, and what came."""
        with self._estate.lock:
            self.schedule.reset()
            self.upgrades.reset()
            self.hooks.reset()
            self.repairs.reset()
            self.shared.reset()

    def _deleted(self, resource_id: str) -> None:
        for part in (self.upgrades, self.hooks, self.repairs):
            part.forget(resource_id)

    def _model_changed(self, document: Mapping[str, Any]) -> None:
        """Bring the instances to a new model as the upgrade mode has it."""
        resource_id = str(document["id"])
        runs = self._estate.runs(resource_id)
        if is_manual(document) or not runs:
            if is_manual(document):
                self._estate.leave_behind(resource_id)
            return
        mode = str((document["properties"].get("upgradePolicy") or {}).get("mode")).lower()
        if mode == "rolling":
            self._estate.leave_behind(resource_id)
            self.upgrades.start(resource_id, started_by="User", model=self.model_of(document))
            return
        facts = self.model_of(document)
        moved, _ = instances.changed(runs, lambda state: replace(state, latest_model=True, **facts))
        self._estate.set_runs(resource_id, moved)

    def model_of(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Answer what the model decides of an instance's image: nothing, unless it names one version."""
        reference = reference_of(document)
        if not is_pinned(reference):
            return {}
        return {
            "reference": instances.write_reference(reference),
            "exact_version": self.newest.version(document),
        }
