"""Posture: the facts about one scale set that decide how upgrades reach it, as one scan read them.

``None`` always means *not read*: the block that holds the fact was missing, or the value had the wrong type. A property
that is absent from a block that was read has Azure's default here. Azure's spelling is translated in
``reading/`` and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scanner.facts.evidence import Evidence, Reported
from scanner.facts.tags import Tags

type Number = int | float


class OrchestrationMode(StrEnum):
    """``orchestrationMode``. https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-orchestration-modes."""

    UNIFORM = "uniform"
    FLEXIBLE = "flexible"


class UpgradeMode(StrEnum):
    """``upgradePolicy.mode``. https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-upgrade-policy."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    ROLLING = "rolling"


class OsType(StrEnum):
    """The guest's operating system."""

    WINDOWS = "windows"
    LINUX = "linux"


class PatchMode(StrEnum):
    """``patchSettings.patchMode``. https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching."""

    MANUAL = "manual"
    AUTOMATIC_BY_OS = "automatic_by_os"
    AUTOMATIC_BY_PLATFORM = "automatic_by_platform"
    IMAGE_DEFAULT = "image_default"


class HealthProtocol(StrEnum):
    """How the Application Health extension asks the application."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"


class Durability(StrEnum):
    """Durability of a classic Service Fabric node type."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class Switch(StrEnum):
    """A flag whose absence means something of its own."""

    ON = "on"
    OFF = "off"
    ABSENT = "absent"


class ImageSource(StrEnum):
    """Where the model's image comes from."""

    PLATFORM = "platform"
    GALLERY = "gallery"
    SHARED_GALLERY = "shared-gallery"
    COMMUNITY_GALLERY = "community-gallery"
    MANAGED_IMAGE = "managed-image"
    VHD = "vhd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The image of the model, in lower case. https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade."""

    source: ImageSource
    name: str
    """Publisher, offer and SKU with slashes between; a resource id; or the address of a VHD without its query."""
    version: str | None = None
    """``latest`` or a version; ``None``: not reported, or images of this source have none."""
    owner: str = ""
    """Publisher, gallery id, or unique name of a shared or community gallery: what an approved list names."""

    @property
    def pinned(self) -> bool | None:
        """Whether the model fixes a version; ``False`` for a source without versions, ``None`` if it was not reported."""
        if self.source in {ImageSource.MANAGED_IMAGE, ImageSource.VHD}:
            return False
        return None if self.version is None else self.version != "latest"

    def __str__(self) -> str:
        """One canonical line, such as ``platform:canonical/ubuntu-24_04-lts/server-arm64/latest``."""
        return f"{self.source}:{self.name}" if self.version is None else f"{self.source}:{self.name}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An extension of the model. Its settings are never kept: they may hold secrets."""

    path: str
    """ARM path of the extension's ``properties``."""
    name: str | None = None
    """By which others wait for it."""
    publisher: str | None
    type: str | None
    automatic_upgrade: Switch | None
    """``enableAutomaticUpgrade``; absence is not ``false``, as the default changed with API 2025-04-01."""
    has_predecessor: bool | None
    """Whether ``provisionAfterExtensions`` names another extension."""
    is_application_health: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleHook:
    """A lifecycle hook of the model; ``default_action`` is ``approve`` (also when absent), ``reject`` or not read."""

    type: str | None
    default_action: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """What one scan read of one scale set."""

    scale_set_id: str
    """As Azure spelled it; its case changes between calls, so compare ``key``."""
    name: str
    subscription_id: str
    """Lower case."""
    resource_group: str
    location: str | None = None
    """Lower case, without spaces."""
    unique_id: str | None = None
    api_version: str | None = None

    tags: Mapping[str, str] = field(default_factory=Tags)
    tags_read: bool = True
    """``False``: ``tags`` had the wrong type. Absent tags were read: there are none."""
    unreadable_tags: frozenset[str] = frozenset()
    """Names, in lower case, of tags whose value is no text."""

    managed_by: str | None = None
    """The service that owns the rollout; ``None``: no sign of one."""
    managed_by_evidence: Evidence | None = None
    service_fabric: bool = False
    """A node type of a classic Service Fabric cluster."""
    durability: Durability | None = None

    orchestration_mode: OrchestrationMode | None = None
    upgrade_mode: UpgradeMode | None = None
    automatic_os_upgrade: bool | None = None
    automatic_rollback_disabled: bool | None = None
    use_rolling_upgrade_policy: bool | None = None
    os_rolling_upgrade_deferral: bool | None = None
    max_batch_instance_percent: Number | None = None
    max_unhealthy_instance_percent: Number | None = None
    max_unhealthy_upgraded_instance_percent: Number | None = None
    pause_between_batches_seconds: Number | None = None
    max_surge: bool | None = None
    overprovision: bool | None = None
    """``None`` also when absent: what Azure then does differs between API versions."""
    capacity: Number | None = None
    """Instances asked for. Autoscale moves it, so it is no fact to compare."""

    os_type: OsType | None = None
    image: Image | None = None
    service_artifact_reference: str | None = None
    """Resource id in lower case; empty: there is none."""

    health_probe: bool | None = None
    """A load balancer probe; a source of health on Uniform only."""
    application_health: bool | None = None
    application_health_protocol: HealthProtocol | None = None
    external_health_policy: bool | None = None
    automatic_repairs: bool | None = None

    windows_automatic_updates: Switch | None = None
    windows_patch_mode: PatchMode | None = None
    linux_patch_mode: PatchMode | None = None
    platform_patching: bool | None = None
    """Whether either operating system's ``patchMode`` is AutomaticByPlatform."""

    extensions: tuple[Extension, ...] | None = None
    lifecycle_hooks: tuple[LifecycleHook, ...] | None = None

    reported: Reported = field(default_factory=Reported)
    """Values as reported, by ARM path. Only paths of the rules are here, and nothing that could hold a secret."""

    @property
    def key(self) -> str:
        """The resource id in lower case: the scale set's identity."""
        return self.scale_set_id.lower()

    def evidence(self, *paths: str) -> tuple[Evidence, ...]:
        """Make evidence of the values that were reported under these ARM paths (``None``: not reported)."""
        return tuple(map(self.reported.__getitem__, paths))

    def has_tag(self, name: str) -> bool | None:
        """Whether the scale set has this tag, with a value."""
        if name in self.tags:
            return True
        return False if self.tags_read and name.lower() not in self.unreadable_tags else None
