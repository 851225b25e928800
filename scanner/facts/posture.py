"""Posture: the facts about one scale set that decide how upgrades reach it, as one scan read them.

``None`` always means *not read*: the block that holds the fact was missing, or the value had the wrong type. A property
that is absent from a block that was read has Azure's default here. Azure's spelling is translated in
``reading/`` and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scanner.facts.arm_paths import EXTENSIONS
from scanner.facts.evidence import Evidence, Reported
from scanner.facts.extensions import Credentials, Extension, HealthExtension, HealthProtocol, Switch
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
    ABSENT = "absent"
    """Not set: AutomaticByOS on Windows, ImageDefault on Linux."""


class Durability(StrEnum):
    """Durability of a classic Service Fabric node type."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


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
class Guest:
    """What the configuration of the guest's own operating system says about patching it.

    https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching.
    """

    patch_mode: PatchMode | None = None
    """``ABSENT`` where it is not set; ``None`` also where the operating system is not known."""
    automatic_updates: Switch | None = None
    """``enableAutomaticUpdates`` of Windows; absent where there is no Windows configuration in an OS profile."""
    agent: bool | None = None
    """``provisionVMAgent``."""
    extension_operations: bool | None = None
    """``allowExtensionOperations``."""
    customer_schedule: bool | None = None
    """``bypassPlatformSafetyChecksOnUserSchedule``: a schedule of the customer's decides, instead of the platform."""


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
    address: str = ""
    """Where a plan declares it, as the plan says it; empty: Azure reported it."""
    location: str | None = None
    """Lower case, without spaces."""
    zones: tuple[str, ...] | None = None
    """Empty: it uses no availability zones."""
    unique_id: str | None = None
    api_version: str | None = None

    tags: Mapping[str, str] = field(default_factory=Tags)
    tags_read: bool = True
    """``False``: ``tags`` had the wrong type, or the column is not in a row of Resource Graph."""
    unreadable_tags: frozenset[str] = frozenset()
    """Names, in lower case, of tags whose value is no text, or that stand twice with two values."""

    managed_by: str | None = None
    """The service that owns the rollout; ``None``: no sign of one."""
    managed_by_evidence: Evidence | None = None
    service_fabric: bool = False
    """A node type of a classic Service Fabric cluster."""
    durability: Durability | None = None
    cluster_endpoint: str = ""
    """Endpoint of its classic Service Fabric cluster, in lower case; empty: there is none, or it was not read."""

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
    canonical_image: bool | None = None
    """Whether it is a platform image of Canonical's; known of some images that were not read otherwise."""
    service_artifact_reference: str | None = None
    """Resource id in lower case; empty: there is none."""

    health_probe: bool | None = None
    """A load balancer probe; a source of health on Uniform only."""
    application_health: bool | None = None
    """Whether there is an Application Health extension, able to report or not."""
    application_health_protocol: HealthProtocol | None = None
    health_extensions: tuple[HealthExtension, ...] = ()
    """Those that were read."""
    external_health_policy: bool | None = None
    automatic_repairs: bool | None = None

    windows_automatic_updates: Switch | None = None
    """``None`` also without a Windows configuration: the image decides then, and it is not in the model."""
    guest: Guest = field(default_factory=Guest)
    platform_patching: bool | None = None
    """Whether either operating system's ``patchMode`` is AutomaticByPlatform."""

    extensions: tuple[Extension, ...] | None = None
    credentials: Credentials = field(default_factory=lambda: Credentials(unread=(EXTENSIONS,)))
    """The signatures in public settings of extensions and in references of gallery applications, by when they end."""
    has_identity: bool | None = None
    """Whether the scale set has a managed identity."""
    lifecycle_hooks: tuple[LifecycleHook, ...] | None = None

    reported: Reported = field(default_factory=Reported)
    """Values as reported, by ARM path. Only paths of the rules are here, and nothing that could hold a secret."""

    @property
    def key(self) -> str:
        """The resource id in lower case: the scale set's identity."""
        return self.scale_set_id.lower()

    def evidence(self, *paths: str) -> tuple[Evidence, ...]:
        """Make evidence of the values that were reported under these ARM paths (``None``: not reported)."""
        reported = self.reported
        return tuple([reported[path] for path in paths])

    def has_tag(self, name: str) -> bool | None:
        """Whether the scale set has this tag, with a value."""
        if name in self.tags:
            return True
        return False if self.tags_read and name.lower() not in self.unreadable_tags else None
