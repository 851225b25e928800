"""What the rules measure a scale set by: tag names, thresholds and lists. ``policy.toml`` sets them; these are the defaults."""

from dataclasses import dataclass, field
from enum import StrEnum


class FlexibleOsUpgrade(StrEnum):
    """What VMSS-001 answers for a Flexible scale set without the flag: Azure's own pages disagree on the preview."""

    UNKNOWN = "unknown"
    EVALUATE = "evaluate"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagNames:
    """Names of the tags that are read; compared without case."""

    environment: str = "environment"
    application: str = "application"
    ring: str = "ring"
    owner: str = "owner"
    workload: str = "workload"
    patch_cadence: str = "patch-cadence"


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingLimits:
    """Limits of the rolling upgrade policy."""

    max_batch_percent: int = 20
    """VMSS-020. Percent of the instances."""
    max_capacity_share_percent: int = 34
    """VMSS-021. Percent of the capacity that one batch may be."""
    min_pause_seconds: int = 60
    """VMSS-022. Seconds between two batches."""
    max_unhealthy_percent: int = 20
    """VMSS-023. Percent of the instances; both unhealthy thresholds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedImages:
    """Sources that images may come from (VMSS-032), in lower case; with both lists empty every source may be used."""

    publishers: frozenset[str] = frozenset()
    galleries: frozenset[str] = frozenset()
    """Resource ids of galleries, or names of galleries, shared galleries and community galleries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """Everything about a rule that an operator may set, but for its severity."""

    tags: TagNames = field(default_factory=TagNames)
    production_environments: frozenset[str] = frozenset({"production", "prod"})
    """VMSS-012. Lower case."""
    stateful_workloads: frozenset[str] = frozenset({"stateful"})
    """VMSS-013. Lower case."""
    flexible_auto_os_upgrade: FlexibleOsUpgrade = FlexibleOsUpgrade.UNKNOWN
    """VMSS-001."""
    rolling: RollingLimits = field(default_factory=RollingLimits)
    approved_images: ApprovedImages = field(default_factory=ApprovedImages)
