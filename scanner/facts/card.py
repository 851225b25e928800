"""The card of a scale set: the few facts by which the scale sets of one application are compared with each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.facts.posture import ImageSource, OrchestrationMode, Posture

SCHEDULING_HOOK = "upgradeautoosscheduling"
"""The type of the lifecycle hook that decides when an automatic OS image upgrade begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is compared of one scale set. ``None``: not read. Names of tags' values are in lower case."""

    key: str
    name: str
    region: str
    application: str | None
    """Empty: it has no such tag."""
    environment: str | None
    ring: str | None
    cluster: str = ""
    """Endpoint of its classic Service Fabric cluster, in lower case; empty: there is none."""
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    """What environments and regions are compared in, by name, always in the same order."""
    image: str | None = None
    """Source and name of its image, without a version."""
    is_platform: bool | None = None
    automatic_os_upgrade: bool | None = None
    zones: tuple[str, ...] | None = None
    """Empty: it uses no zones."""
    running: str | None = None
    """The newest version of the image that its instances run; empty: it has no instances."""
    has_scheduling_hook: bool | None = None
    windows: tuple[str, ...] | None = None
    """Ids of the maintenance configurations of OS images that are assigned to it."""

    def to_json(self) -> JsonValue:
        """Write all but the key and the name, which stand beside it."""
        return {
            "region": self.region,
            "labels": [self.application, self.environment, self.ring],
            "cluster": self.cluster,
            "settings": dict(self.settings),
            "image": self.image,
            "is_platform": self.is_platform,
            "automatic_os_upgrade": self.automatic_os_upgrade,
            "zones": None if self.zones is None else list(self.zones),
            "running": self.running,
            "hook": self.has_scheduling_hook,
            "windows": None if self.windows is None else list(self.windows),
        }


def read_card(key: str, name: str, body: Any) -> Card:
    """Read what ``to_json`` wrote. Raises ``ValueError``, ``KeyError``, ``TypeError`` or ``AttributeError``."""
    application, environment, ring = body["labels"]
    zones, windows = body["zones"], body["windows"]
    return Card(
        key=key,
        name=name,
        region=str(body["region"]),
        application=application,
        environment=environment,
        ring=ring,
        cluster=str(body["cluster"]),
        settings=dict(body["settings"]),
        image=body["image"],
        is_platform=body["is_platform"],
        automatic_os_upgrade=body["automatic_os_upgrade"],
        zones=None if zones is None else tuple(map(str, zones)),
        running=body["running"],
        has_scheduling_hook=body["hook"],
        windows=None if windows is None else tuple(map(str, windows)),
    )


def settings_of(posture: Posture) -> dict[str, JsonValue]:
    """Read what environments and regions are compared in."""
    return {
        "upgrade_mode": None if posture.upgrade_mode is None else posture.upgrade_mode.value,
        "automatic_os_upgrade": posture.automatic_os_upgrade,
        "image": image_stream(posture),
        "health": _health(posture),
        "max_batch_instance_percent": posture.max_batch_instance_percent,
        "max_unhealthy_instance_percent": posture.max_unhealthy_instance_percent,
        "max_unhealthy_upgraded_instance_percent": posture.max_unhealthy_upgraded_instance_percent,
        "pause_between_batches_seconds": posture.pause_between_batches_seconds,
    }


def image_stream(posture: Posture) -> str | None:
    """Name the image without its version: two scale sets with the same name get the same versions."""
    image = posture.image
    return None if image is None else f"{image.source}:{image.name}"


def is_platform(posture: Posture) -> bool | None:
    """Say whether the image is one that Azure publishes region by region."""
    return None if posture.image is None else posture.image.source is ImageSource.PLATFORM


def has_scheduling_hook(posture: Posture) -> bool | None:
    """Say whether a lifecycle hook decides when an upgrade begins."""
    hooks = posture.lifecycle_hooks
    if hooks is None:
        return None
    types = [None if hook.type is None else hook.type.lower() for hook in hooks]
    if SCHEDULING_HOOK in types:
        return True
    return None if None in types else False


def _health(posture: Posture) -> str | None:
    """Name the kind of health signal; a load balancer probe is one on Uniform only."""
    extension, probe = posture.application_health, posture.health_probe
    if posture.orchestration_mode is OrchestrationMode.FLEXIBLE:
        probe = False
    if extension:
        protocol = posture.application_health_protocol
        return None if protocol is None else f"extension ({protocol.value})"
    if extension is None:
        return None
    if probe:
        return "probe"
    if probe is None:
        return None
    return {True: "external policy", False: "none", None: None}[posture.external_health_policy]
