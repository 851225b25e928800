"""Who owns a resource group, believed only when Azure has said it twice: one answer may leave an owner out."""

from dataclasses import dataclass

from scanner.state.glance import Glance
from scanner.state.state import Claim


@dataclass(frozen=True, slots=True)
class GroupOwner:
    """The owner that a scale set is judged with, and another one that Azure named once."""

    believed: str | None = None
    """``managedBy`` of the resource group; ``None``: it has none."""
    claim: Claim | None = None


def weigh(said: str | None, known: Glance | None, *, is_listed: bool, scan_id: str) -> GroupOwner:
    """Choose what to believe of a resource group of which this scan was told ``said``.

    What is said of a scale set that is new is believed; a change needs the same answer in a second scan. While the
    groups of its subscription are not listed, nothing was said.
    """
    if known is None or known.removed_at is not None:
        return GroupOwner(said)
    if not is_listed:
        return GroupOwner(known.group_owner, known.owner_claim)
    if said == known.group_owner:
        return GroupOwner(said)
    claim = Claim(said or "", scan_id)
    if known.owner_claim is not None and is_second(claim, known.owner_claim):
        return GroupOwner(said)
    return GroupOwner(known.group_owner, claim)


def is_second(claim: Claim, known: Claim) -> bool:
    """Tell whether another scan has claimed the same before."""
    return claim.fingerprint == known.fingerprint and claim.scan_id != known.scan_id
