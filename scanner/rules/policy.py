"""The policy: what an operator expects of the fleet. ``policy.toml`` sets it; what it leaves out has the default here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType

from scanner.facts.evidence import Evidence
from scanner.facts.people import Naming
from scanner.rules.policy_keys import REQUIRED, declare
from scanner.rules.policy_kinds import Day, Galleries, Names, OneOf, Order, SomeOf, TagName, Text, WholeNumber
from scanner.rules.policy_tables import ByRule, Rows, Subscriptions, Table
from scanner.rules.verdict import Severity


class FlexibleOsUpgrade(StrEnum):
    """What VMSS-001 answers for a Flexible scale set without the flag: Azure's own pages disagree on the preview."""

    UNKNOWN = "unknown"
    EVALUATE = "evaluate"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagNames:
    """Names of the tags that are read; compared without case."""

    environment: str = declare(TagName(), "environment", "The environment, for the reports too.", "VMSS-012")
    application: str = declare(TagName(), "application", "The application, for the reports.")
    ring: str = declare(TagName(), "ring", "The ring of a rollout, for the reports.")
    owner: str = declare(TagName(), "owner", "The owner, for the reports too.", "VMSS-080")
    workload: str = declare(TagName(), "workload", "What runs on the scale set.", "VMSS-013")
    patch_cadence: str = declare(TagName(), "patch-cadence", "How often people patch it.", "VMSS-011")
    managed_by: str = declare(TagName(), "managed-by", "What manages it, such as `terraform`.", "VMSS-083")


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingLimits:
    """Limits of the rolling upgrade policy."""

    max_batch_percent: int = declare(
        WholeNumber(5, 100), 20, "The largest `maxBatchInstancePercent`, in percent of the instances.", "VMSS-020"
    )
    max_capacity_share_percent: int = declare(
        WholeNumber(1, 100), 34, "How much of the capacity one batch may be, in percent.", "VMSS-021"
    )
    min_pause_seconds: int = declare(
        WholeNumber(0, 86_400), 60, "The shortest pause between two batches, in seconds.", "VMSS-022"
    )
    max_unhealthy_percent: int = declare(
        WholeNumber(0, 100), 20, "The largest of both unhealthy thresholds, in percent.", "VMSS-023"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedImages:
    """Sources that images may come from, in lower case; with both lists empty every source may be used."""

    publishers: frozenset[str] = declare(
        Names(), frozenset(), 'Publishers of platform images, such as "Canonical".', "VMSS-032"
    )
    galleries: frozenset[str] = declare(
        Galleries(),
        frozenset(),
        "Resource ids of galleries, or names of galleries, shared galleries and community galleries.",
        "VMSS-032",
    )


class ImageUse(StrEnum):
    """What a verified image is used for."""

    OS_UPGRADE = "os_upgrade"
    GUEST_PATCHING = "guest_patching"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedImage:
    """A platform image that an operator vouches for, although it is on no published list."""

    publisher: str = declare(Text(folded=True), REQUIRED, "The whole publisher, without case.")
    offer: str = declare(Text(folded=True), REQUIRED, "The whole offer, without case.")
    sku: str = declare(Text(folded=True), REQUIRED, "The whole SKU, without case.")
    uses: frozenset[ImageUse] = declare(
        SomeOf(ImageUse), REQUIRED, "What Azure does with this image, as the operator has seen.", name="for"
    )
    reason: str = declare(Text(), REQUIRED, "How that was found out.")
    owner: str = declare(Text(), REQUIRED, "Who vouches for it.")
    until: date = declare(Day(), REQUIRED, "The last day on which it holds, in UTC.")

    @property
    def name(self) -> str:
        """Publisher, offer and SKU with slashes between, as an image is named."""
        return f"{self.publisher}/{self.offer}/{self.sku}"

    @property
    def ends_at(self) -> datetime:
        """The first moment at which it no longer holds."""
        return datetime.combine(self.until, time(), UTC) + timedelta(days=1)

    @property
    def evidence(self) -> Evidence:
        """Name the entry of the policy."""
        return Evidence("policy.verified_images", f"{self.name} until {self.until} by {self.owner}: {self.reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionLimits:
    """Limits of exemptions."""

    longest_days: int = declare(
        WholeNumber(0, 3_660),
        0,
        "How many days from today an exemption may still hold; one that ends later is not valid. 0: no limit.",
        "VMSS-082",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything about the rules that an operator may set. A key is declared here and nowhere else."""

    flexible_auto_os_upgrade: FlexibleOsUpgrade = declare(
        OneOf(FlexibleOsUpgrade),
        FlexibleOsUpgrade.UNKNOWN,
        'A Flexible scale set without automatic OS image upgrade, which is a preview there. "unknown": Azure\'s pages'
        ' disagree, so it is not a finding. "evaluate": off is a finding. "not_applicable": never asked for.',
        "VMSS-001",
    )
    production_environments: frozenset[str] = declare(
        Names(), frozenset({"production", "prod"}), "Values of the environment tag that mean production.", "VMSS-012"
    )
    environment_order: tuple[str, ...] = declare(
        Order(),
        ("dev", "test", "staging", "production"),
        "Values of the environment tag, in the order in which a release reaches them. Every value of"
        " production_environments counts as production. Of a value that is on no list the order is not known.",
        "VMSS-070",
        "VMSS-073",
    )
    ring_order: tuple[str, ...] = declare(
        Order(),
        ("canary", "early", "broad"),
        "Values of the ring tag, in the order in which a release reaches them.",
        "VMSS-072",
        "VMSS-073",
    )
    stateful_workloads: frozenset[str] = declare(
        Names(), frozenset({"stateful"}), "Values of the workload tag that mean that instances hold state.", "VMSS-013"
    )
    stalled_after_hours: int = declare(
        WholeNumber(1, 8_760),
        6,
        "For how many hours no instance may finish while a rolling upgrade is under way. The pause between two batches comes"
        " on top.",
        "VMSS-061",
    )
    pipelines: frozenset[str] = declare(
        Names(),
        frozenset(),
        "Client or object ids of the pipelines that change scale sets. What they switch off for a run is told one scan"
        " later.",
        "VMSS-083",
    )
    code_managers: frozenset[str] = declare(
        Names(),
        frozenset({"arm", "bicep", "code", "iac", "opentofu", "pipeline", "pulumi", "terraform"}),
        "Values of the managed-by tag that mean that code manages a scale set.",
        "VMSS-083",
    )
    changed_by: Naming = declare(
        OneOf(Naming),
        Naming.NAME,
        'How the people who change scale sets are named in all that is kept and sent. "name": as Azure names them.'
        ' "pseudonym": always the same text for the same person, which only this deployment can make. "none": not at all.'
        " Ids of pipelines stay.",
        "VMSS-083",
    )
    behind_model_grace_hours: int = declare(
        WholeNumber(0, 8_760),
        24,
        "How long instances may be behind the scale set's model, in hours.",
        "VMSS-010",
    )
    image_sla_platform_days: int = declare(
        WholeNumber(1, 366),
        21,
        "How long an instance may run an older version of a platform image than the newest one of its region, in days:"
        " Azure rolls out region by region, and every month.",
        "VMSS-016",
        "VMSS-033",
        "VMSS-034",
    )
    image_sla_gallery_days: int = declare(
        WholeNumber(1, 366),
        7,
        "The same for images of galleries, shared galleries and community galleries.",
        "VMSS-016",
        "VMSS-033",
        "VMSS-034",
    )
    tags: TagNames = declare(Table(TagNames), TagNames(), "Names of the tags that are read.")
    rolling: RollingLimits = declare(Table(RollingLimits), RollingLimits(), "Limits of the rolling upgrade policy.")
    approved_images: ApprovedImages = declare(
        Table(ApprovedImages),
        ApprovedImages(),
        "Where images may come from. With both lists empty, every source may be used.",
    )
    severities: Mapping[str, Severity] = declare(
        ByRule(Severity),
        MappingProxyType({}),
        "How much a finding matters, by rule id or name, where it is not the rule's own severity.",
    )

    exemptions: ExemptionLimits = declare(Table(ExemptionLimits), ExemptionLimits(), "Limits of exemptions.")
    verified_images: tuple[VerifiedImage, ...] = declare(
        Rows(VerifiedImage),
        (),
        "Platform images that Azure upgrades or patches although they are on no published list; for each an owner"
        " vouches, with a reason and an end.",
        "VMSS-002",
        "VMSS-011",
        "VMSS-014",
    )
    retired_subscriptions: Mapping[str, str] = declare(
        Subscriptions(),
        MappingProxyType({}),
        "Subscriptions that are gone for good, each with a note: their findings are withdrawn, and scans no longer"
        " report them as not read. One that can be read again is watched again.",
    )

    def place_in_order(self, environment: str) -> int | None:
        """Say where an environment stands in the order of a release; ``None``: it is on no list."""
        name = environment.lower()
        if name in self.production_environments:
            in_order = [self.environment_order.index(each) for each in self._production_in_order()]
            return min(in_order, default=len(self.environment_order))
        return self.environment_order.index(name) if name in self.environment_order else None

    def _production_in_order(self) -> list[str]:
        return [name for name in self.environment_order if name in self.production_environments]

    def severity_of(self, rule_id: str, own: Severity) -> Severity:
        """Say how much a finding of a rule matters, whose own severity this is."""
        return self.severities.get(rule_id, own)
