"""What changes and fails beside the scale sets of a generated timeline: images, galleries, probes, windows, schedules."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from scanner.ports.tables import Beside
from scanner.times import iso
from tests.fakes.azure import FakeAzure
from tests.fakes.world import START, FakeWorld
from tests.generated.timeline import SCALE_SETS, Change, Step
from tests.scale_sets import scale_set_id

PLATFORM = "westeurope|canonical/0001-com-ubuntu-server-jammy/22_04-lts-gen2"
_GROUP = "/subscriptions/5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01/resourceGroups/rg-shop/providers"
GALLERY = f"{_GROUP}/Microsoft.Compute/galleries/shop/images/web"
SHARED = "/SharedGalleries/s-1/Images/Web"
PROBE = f"{_GROUP}/Microsoft.Network/loadBalancers/lb/probes/p"
SCHEDULE = f"{_GROUP}/Microsoft.Maintenance/maintenanceConfigurations"


def world_with_all(world: FakeWorld) -> FakeWorld:
    """Give some scale sets another image, a probe, a window or a schedule."""
    keys = [scale_set_id(*each).lower() for each in SCALE_SETS]
    for number, key in enumerate(keys):
        profile = world.azure.documents[key]["properties"]["virtualMachineProfile"]
        if number % 5 == 1:
            profile["storageProfile"]["imageReference"] = {"id": GALLERY}
        if number % 5 == 2:
            profile["storageProfile"]["imageReference"] = {"sharedGalleryImageId": SHARED}
        if number % 5 == 3:
            profile["extensionProfile"] = {}
            profile["networkProfile"] = {"healthProbe": {"id": PROBE}}
        if number % 5 == 4:
            _as_flexible(world.azure.documents[key])
    azure = world.azure
    azure.images.platform[PLATFORM] = [_version("22.04.202609010", "Active")]
    azure.images.shared["westeurope/s-1/web"] = [{"name": "1.0.0", "properties": {}}]
    azure.images.definitions["westeurope/s-1/web"] = {"properties": {}}
    azure.tables.put(Beside.GALLERY_IMAGES, {"id": GALLERY, "properties": {}}, _gallery_version("1.0.0", "westeurope"))
    _put_probe(azure, "Http")
    _put_configurations(azure, "05:00")
    for number in (0, 5):
        _assign(azure, scale_set_id(*SCALE_SETS[number]), "window", is_assigned=True)
    return world


def with_beside(steps: list[Step], seed: int) -> list[Step]:
    """Add to each step of a timeline what happens beside the scale sets, and what cannot be read."""
    chance = random.Random(seed + 10_000)  # noqa: S311 - repeatable, no secret
    return [replace(step, changes=(*step.changes, *_changes(chance, number))) for number, step in enumerate(steps)]


def _changes(chance: random.Random, number: int) -> tuple[Change, ...]:
    if not number:
        return ()
    chosen = [chance.choice(list(_kinds(chance, number))) for _ in range(chance.randint(0, 2))]
    images_fail = chance.random() < 0.15
    broken = {each for each in Beside if chance.random() < 0.1}
    torn = {each for each in Beside if chance.random() < 0.05}

    def fail(azure: FakeAzure) -> None:
        azure.images.is_broken = images_fail
        azure.tables.broken, azure.tables.breaks_after_a_page = set(broken), set(torn)

    return (*chosen, fail)


def _kinds(chance: random.Random, number: int) -> Iterator[Change]:
    """Offer one change of each kind, with its values drawn."""
    state = chance.choice(["Active", "Deprecated", "ScheduledForDeprecation"])
    place, protocol = chance.choice(["westeurope", "northeurope"]), chance.choice(["Http", "Tcp", "Udp"])
    duration, target = chance.choice(["05:00", "02:00", "?"]), scale_set_id(*chance.choice(SCALE_SETS))
    guest, flag = scale_set_id(*SCALE_SETS[4]), chance.random() < 0.5
    ran = iso(START - timedelta(days=chance.randint(20, 29)))
    yield lambda azure: azure.images.platform[PLATFORM].append(_version(f"22.04.2026110{number:02}", state))
    yield _withdraw
    yield lambda azure: _share(azure, f"1.{number}.0")
    yield lambda azure: _unshare(azure) if flag else None
    yield lambda azure: azure.tables.put(Beside.GALLERY_IMAGES, _gallery_version(f"1.{number}.0", place))
    yield lambda azure: _put_probe(azure, protocol)
    yield lambda azure: _put_configurations(azure, duration)
    yield lambda azure: _assign(azure, target, "window", is_assigned=flag)
    yield lambda azure: _assign(azure, guest.rpartition("/providers")[0], "guests", is_assigned=flag)
    yield lambda azure: azure.tables.put(Beside.PATCH_RUNS, {"id": guest, "lastRun": ran})


def _withdraw(azure: FakeAzure) -> None:
    if len(azure.images.platform[PLATFORM]) > 1:
        azure.images.platform[PLATFORM].pop()


def _share(azure: FakeAzure, version: str) -> None:
    azure.images.shared.setdefault("westeurope/s-1/web", []).append({"name": version, "properties": {}})


def _unshare(azure: FakeAzure) -> None:
    azure.images.shared.pop("westeurope/s-1/web", None)


def _as_flexible(document: dict[str, Any]) -> None:
    properties = document["properties"]
    properties["orchestrationMode"] = "Flexible"
    properties["upgradePolicy"]["automaticOSUpgradePolicy"] = {"enableAutomaticOSUpgrade": False}
    settings = {"bypassPlatformSafetyChecksOnUserSchedule": True}
    patching = {"patchMode": "AutomaticByPlatform", "automaticByPlatformSettings": settings}
    properties["virtualMachineProfile"]["osProfile"] = {"linuxConfiguration": {"patchSettings": patching}}


def _version(name: str, state: str) -> dict[str, Any]:
    end = iso(START + timedelta(days=92))
    status = {"imageState": state, **({"scheduledDeprecationTime": end} if state.startswith("Scheduled") else {})}
    return {"name": name, "properties": {"imageDeprecationStatus": status}}


def _gallery_version(name: str, place: str) -> dict[str, Any]:
    profile = {"publishedDate": iso(START), "targetRegions": [{"name": place}]}
    properties = {"provisioningState": "Succeeded", "publishingProfile": profile}
    return {"id": f"{GALLERY}/versions/{name}", "properties": properties}


def _put_probe(azure: FakeAzure, protocol: str) -> None:
    probe = {"id": PROBE, "properties": {"protocol": protocol}}
    azure.tables.kept[Beside.PROBES] = [{"id": PROBE.rpartition("/probes")[0], "probes": [probe]}]


def _put_configurations(azure: FakeAzure, duration: str) -> None:
    window = {"startDateTime": "2026-01-01 22:00", "duration": duration, "timeZone": "UTC", "recurEvery": "Day"}
    azure.tables.kept[Beside.CONFIGURATIONS] = [
        {"id": f"{SCHEDULE}/window", "properties": {"maintenanceScope": "OSImage", "maintenanceWindow": window}},
        {"id": f"{SCHEDULE}/guests", "properties": {"maintenanceScope": "InGuestPatch"}},
    ]


def _assign(azure: FakeAzure, target: str, name: str, *, is_assigned: bool) -> None:
    row = {
        "id": f"{target}/providers/Microsoft.Maintenance/configurationAssignments/{name}",
        "properties": {"maintenanceConfigurationId": f"{SCHEDULE}/{name}"},
    }
    others = [each for each in azure.tables.kept.get(Beside.ASSIGNMENTS, []) if each["id"] != row["id"]]
    azure.tables.kept[Beside.ASSIGNMENTS] = [*others, *([row] if is_assigned else [])]
