"""What happens when an image is published: it reaches the regions in phases, and Azure upgrades scale sets by region.

Within a region the scale sets have their turns spread over some hours, in an order of their own that is the same in
every run. Each one's course may be scripted: a failed batch, a stall, a late turn, none at all.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from emulator.endpoint.messages import iso
from emulator.estate import gallery
from emulator.estate.documents import parse_id
from emulator.estate.estate import Estate
from emulator.estate.images import ImageCatalogue
from emulator.estate.instance_documents import reference_of
from emulator.estate.lifecycle_hooks import LifecycleHooks
from emulator.estate.newest_images import is_pinned, plain
from emulator.estate.rolling_upgrades import RollingUpgrades
from emulator.estate.schedule import Schedule
from emulator.estate.upgrade_courses import Course


class Publishing:
    """Publishes images, and lets their rollouts begin when each region's turn comes."""

    def __init__(
        self,
        estate: Estate,
        images: ImageCatalogue,
        schedule: Schedule,
        hooks: LifecycleHooks,
        upgrades: RollingUpgrades,
    ) -> None:
        self._estate = estate
        self._images = images
        self._schedule = schedule
        self._hooks = hooks
        self._upgrades = upgrades

    def publish(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """Publish an image in phases; answer when it reaches each region.

        ``image`` is publisher, offer and sku, or the ``id`` of a gallery's definition; ``regions`` the hours from now
        after which each has the ``version``; ``rollout_after_hours`` how much later Azure begins to upgrade there,
        and ``spread_hours`` over how long; ``course`` and ``courses`` (by scale set id) how upgrades go;
        ``failing`` and ``stalling`` the shares of scale sets, dealt out evenly, for which they do not go well.
        """
        image, version = dict(asked["image"]), str(asked["version"])
        now = self._estate.clock.now()
        arrivals = {region: now + timedelta(hours=float(hours)) for region, hours in asked["regions"].items()}
        if "id" in image:
            self._put_version(image["id"], version, asked)
        for region, moment in arrivals.items():
            self._schedule.at(moment, self._arrival(image, version, region, asked))
        return {region: iso(moment) for region, moment in arrivals.items()}

    def _put_version(self, definition: str, version: str, asked: Mapping[str, Any]) -> None:
        regions = [{"name": region, "regionalReplicaCount": 1} for region in asked["regions"]]
        summary = [
            {"region": region, "state": "Replicating", "details": "", "progress": 10} for region in asked["regions"]
        ]
        location = str(asked.get("location") or next(iter(asked["regions"])))
        properties = {
            "provisioningState": "Creating",
            "publishingProfile": {"publishedDate": iso(self._estate.clock.now()), "targetRegions": regions},
            "replicationStatus": {"aggregatedState": "InProgress", "summary": summary},
        }
        self._estate.others.put(gallery.version_document(f"{definition}/versions/{version}", location, properties))

    def _arrival(self, image: Mapping[str, Any], version: str, region: str, asked: Mapping[str, Any]) -> Any:
        def arrive() -> None:
            if "id" in image:
                self._replicated(f"{image['id']}/versions/{version}", region)
            else:
                self._images.publish(
                    location=region,
                    publisher=image["publisher"],
                    offer=image["offer"],
                    sku=image["sku"],
                    version=version,
                )
            begins = self._estate.clock.now() + timedelta(hours=float(asked.get("rollout_after_hours", 24)))
            self._schedule.at(begins, lambda: self._begin(image, version, region, asked))

        return arrive

    def _replicated(self, version_id: str, region: str) -> None:
        document = self._estate.others.get(version_id)
        if document is None:
            return
        summary = document["properties"]["replicationStatus"]["summary"]
        for item in summary:
            if plain(item["region"]) == plain(region):
                item |= {"state": "Completed", "progress": 100}
        if all(item["state"] == "Completed" for item in summary):
            document["properties"]["replicationStatus"]["aggregatedState"] = "Completed"
        document["properties"]["provisioningState"] = "Succeeded"
        self._estate.others.put(document)

    def _begin(self, image: Mapping[str, Any], version: str, region: str, asked: Mapping[str, Any]) -> None:
        """Give every scale set of a region that Azure upgrades by itself its turn."""
        spread = float(asked.get("spread_hours", 12))
        for document in self._estate.documents():
            if not _is_upgraded(document, image, region):
                continue
            resource_id = str(document["id"])
            place = _place(resource_id, version)
            course = self._course(resource_id, place, asked)
            if course.skipped:
                continue
            turn = self._estate.clock.now() + timedelta(hours=spread * place + course.delay_hours)
            self._schedule.at(turn, self._turn(resource_id, version, course))

    def _course(self, resource_id: str, place: float, asked: Mapping[str, Any]) -> Course:
        own = {key.lower(): facts for key, facts in (asked.get("courses") or {}).items()}
        facts = {**(asked.get("course") or {}), **own.get(resource_id.lower(), {})}
        if resource_id.lower() not in own:
            failing, stalling = float(asked.get("failing", 0)), float(asked.get("stalling", 0))
            luck = place * 1000 % 1
            if luck < failing:
                facts["fails_in_batch"] = 2
            elif luck < failing + stalling:
                facts["stalls_after"] = 1
        window = self._window_of(resource_id)
        return Course(**facts) if window is None else replace(Course(**facts), window=window)

    def _window_of(self, resource_id: str) -> Mapping[str, Any] | None:
        prefix = f"{resource_id}/providers/Microsoft.Maintenance/configurationAssignments/"
        for item in self._estate.others.below(prefix):
            found = self._estate.others.get(str(item["properties"].get("maintenanceConfigurationId")))
            window = None if found is None else found["properties"].get("maintenanceWindow")
            if isinstance(window, Mapping):
                return window
        return None

    def _turn(self, resource_id: str, version: str, course: Course) -> Any:
        def begin() -> None:
            document = self._estate.get(resource_id)
            if document is None or not _is_automatic(document):
                return
            now = self._estate.clock.now()
            if _automatic_policy(document).get("osRollingUpgradeDeferral") is True:
                if course.approved_after_hours is not None:
                    approval = now + timedelta(hours=course.approved_after_hours)
                    self._schedule.at(approval, lambda: self._start(resource_id, version, course))
            elif not self._hooks.ask(document, now, lambda: self._start(resource_id, version, course)):
                self._start(resource_id, version, course)

        return begin

    def _start(self, resource_id: str, version: str, course: Course) -> None:
        document = self._estate.get(resource_id)
        if document is None or is_pinned(reference_of(document)):
            return
        now = self._estate.clock.now()
        window = course.opening(now)
        if window is not None and not window[0] <= now < window[1]:
            self._schedule.at(window[0], lambda: self._start(resource_id, version, course))
            return
        target = {**reference_of(document), "exactVersion": version}
        self._upgrades.start(resource_id, target=target, course=course)


def _automatic_policy(document: Mapping[str, Any]) -> Mapping[str, Any]:
    policy = (document.get("properties") or {}).get("upgradePolicy") or {}
    automatic = policy.get("automaticOSUpgradePolicy") if isinstance(policy, Mapping) else None
    return automatic if isinstance(automatic, Mapping) else {}


def _is_automatic(document: Mapping[str, Any]) -> bool:
    return _automatic_policy(document).get("enableAutomaticOSUpgrade") is True


def _is_upgraded(document: Mapping[str, Any], image: Mapping[str, Any], region: str) -> bool:
    """Whether Azure upgrades a scale set by itself when an image is published in a region."""
    reference = reference_of(document)
    if plain(str(document.get("location", ""))) != plain(region) or is_pinned(reference) or not _is_automatic(document):
        return False
    if "id" in image:
        return str(reference.get("id", "")).lower() == str(image["id"]).lower()
    return all(
        str(reference.get(name, "")).lower() == str(image[name]).lower() for name in ("publisher", "offer", "sku")
    )


def _place(resource_id: str, version: str) -> float:
    """Answer a number from 0 to 1 that belongs to a scale set and a version."""
    parts = parse_id(resource_id)
    text = f"{parts.subscription}/{parts.name}/{version}".lower()
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:12], 16) / 16**12
