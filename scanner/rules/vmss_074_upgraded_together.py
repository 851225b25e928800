"""Nothing keeps the upgrades of two scale sets of one application apart.

Azure upgrades the batches of one scale set one after another, and promises nothing between two scale sets in one region
that share a zone or use none. Two scale sets of one application and environment, or of one Service Fabric cluster, with
automatic OS image upgrade and the same image can lose instances at the same time. Two things keep them apart: separate
maintenance configurations for OS images, and a lifecycle hook `UpgradeAutoOSScheduling`. Scale sets in different single
zones with a platform image are never upgraded at once. That two upgrades did coincide is not said here. The others are
as the scan before left them.
"""

from collections.abc import Iterator
from typing import Literal

from scanner.facts.card import Card
from scanner.facts.evidence import Evidence
from scanner.facts.group import Group, Member, Upgrading
from scanner.rules.cards import group_of, labels
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.fleet import keep_apart
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity

type Kept = Literal["together", "unknown", "apart", "unrelated"]


def check(member: Member, criteria: Criteria) -> Answer:
    """Look for another scale set that may be upgraded at the same time."""
    card, tags = member.card, criteria.policy.tags
    evidence = (*labels(card, criteria, tags.application, tags.environment), Evidence("location", card.region))
    if card.automatic_os_upgrade is None:
        return Answer(Outcome.UNKNOWN, "Automatic OS image upgrade was not read.", evidence)
    if not card.automatic_os_upgrade:
        return Answer(Outcome.NOT_APPLICABLE, "Automatic OS image upgrade is off.", evidence)
    application = group_of(member, criteria)
    groups: list[tuple[Group, str | None]] = []
    if isinstance(application, Group):
        groups.append((application, card.environment))
    if card.cluster and member.cluster is not None:
        groups.append((member.cluster, None))
    if isinstance(application, Answer) and not groups:
        return application
    found = {name: kept for group, environment in groups for name, kept in _others(card, group, environment)}
    return _told(found, evidence)


def _told(found: dict[str, Kept], evidence: tuple[Evidence, ...]) -> Answer:
    named = {kept: sorted(name for name, each in found.items() if each == kept) for kept in set(found.values())}
    if "together" in named:
        names = named["together"]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        evidence = (*evidence, Evidence("upgraded_together", ", ".join(names[:5])))
        return Answer(Outcome.FAILED, f"Nothing keeps its upgrades and those of {names[0]}{more} apart.", evidence)
    if "unknown" in named:
        reason = f"What keeps its upgrades and those of {named['unknown'][0]} apart was not read."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    if "apart" in named:
        return Answer(Outcome.PASSED, f"Its upgrades and those of {named['apart'][0]} are kept apart.", evidence)
    return Answer(Outcome.NOT_APPLICABLE, "No other scale set shares its place and image.", evidence)


def _others(card: Card, group: Group, environment: str | None) -> Iterator[tuple[str, Kept]]:
    """Yield one example of each kind of other scale set in the region, and what keeps it apart."""
    for (where, region), place in group.places.items():
        if region != card.region or (environment is not None and where != environment):
            continue
        for alike, examples in place.upgrading.items():
            names = [name for key, name in sorted(examples.items()) if key != card.key]
            if names:
                yield names[0], _kept(card, alike)


def _kept(card: Card, other: Upgrading) -> Kept:
    if card.image != other.image:
        return "unknown" if None in (card.image, other.image) else "unrelated"
    zones = _zones(card, other)
    if zones == "unrelated":
        return "unrelated"
    if card.has_scheduling_hook or other.has_scheduling_hook or _separate_windows(card.windows, other.windows):
        return "apart"
    hooks = (card.has_scheduling_hook, other.has_scheduling_hook)
    unread = None in (card.image, card.windows, other.windows, *hooks) or zones == "unknown"
    return "unknown" if unread else "together"


def _zones(card: Card, other: Upgrading) -> Kept:
    """Tell scale sets in different zones: Azure upgrades one zone after another with a platform image only."""
    if card.zones is None or other.zones is None:
        return "unknown"
    if not card.zones or not other.zones or set(card.zones) & set(other.zones):
        return "together"
    return "unrelated" if card.is_platform else "unknown" if card.is_platform is None else "unrelated"


def _separate_windows(own: tuple[str, ...] | None, other: tuple[str, ...] | None) -> bool:
    """Tell windows of different maintenance configurations."""
    return bool(own) and bool(other) and not set(own or ()) & set(other or ())


RULE = Rule(
    id="VMSS-074",
    name="upgraded-together",
    severity=Severity.LOW,
    title="Scale sets of one application in one place are not upgraded at the same time.",
    rationale="Two tiers that lose instances at once can take the application down although each keeps its limits.",
    remediation=keep_apart,
    arm_properties=(
        "properties.upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade",
        "properties.virtualMachineProfile.storageProfile.imageReference",
        "location",
        "zones",
        "tags",
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-maintenance-control",
    ),
    check=check,
    documentation=__doc__ or "",
)
