"""The week that the demo plays: what happens, and which events must come of it, and no others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.scale_sets import APPLICATIONS, OTHER_SUBSCRIPTION, SHOP, lay_out, publish_noble, scale_set_id
from emulator.client.client import Control
from emulator.client.estate import PIPELINE, PORTAL_USER, Who
from emulator.endpoint.faults import FaultKind

OS_UPGRADE = "properties.upgradePolicy.automaticOSUpgradePolicy"
BATCH = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"
IMAGE = "properties.virtualMachineProfile.storageProfile.imageReference"


@dataclass(frozen=True, slots=True)
class Expected:
    """One event that a step must bring: type, scale set, and rule or field."""

    event_type: str
    scale_set: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One moment of the week: what happens, the scan after it, and what must come of it."""

    at: datetime
    title: str
    happens: Callable[[Control], object] = lambda _control: None
    expected: Sequence[Expected] = ()
    status: str = "complete"
    is_killed: bool = False
    """Kill the scan when it starts to publish: after its commit."""
    is_snapshot: bool = False
    """Write the compliance snapshot instead of scanning."""


def prepare(control: Control, scale_sets: int, seed: int) -> None:
    """Lay out the estate: a synthetic fleet, and the story's own scale sets in two subscriptions."""
    own = len(SHOP) + 1 + len(APPLICATIONS)
    if scale_sets > own:
        control.create_fleet(seed=seed, subscriptions=3, scale_sets=scale_sets - own)
    lay_out(control)


def _set(name: str, paths: Mapping[str, Any], by: Who = PORTAL_USER) -> Callable[[Control], object]:
    return lambda control: control.change(scale_set_id(name), paths, by=by)


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def _before(time: timedelta, happens: Callable[[Control], object]) -> Callable[[Control], object]:
    """Let something happen some time before its scan, so that the scan sees what has come of it by then."""

    def happen(control: Control) -> None:
        at = control.now()
        control.set_clock(at - time, frozen=False)
        happens(control)
        control.set_clock(at, frozen=False)

    return happen


def _put_right(control: Control) -> None:
    control.change(scale_set_id("shop-search"), {BATCH: 20}, by=PIPELINE)
    control.resume_upgrade(scale_set_id("mail-north"))


STORY: tuple[Step, ...] = (
    Step(
        at=_at(9, 10),
        title="Monday: a person sets shop-web to Manual in the portal",
        happens=_set("shop-web", {"properties.upgradePolicy.mode": "Manual"}),
        expected=[Expected("posture.drifted", "shop-web", "upgrade_mode")],
    ),
    Step(
        at=_at(9, 11, 25),
        title="Monday: a new image of Ubuntu is published in its first region; Azure begins with the canary of mail",
        happens=_before(timedelta(minutes=25), publish_noble),
        expected=[Expected("rollout.started", "mail-canary")],
    ),
    Step(
        at=_at(9, 16),
        title="Monday: a pipeline switches automatic OS upgrade off on shop-orders",
        happens=_set("shop-orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False}, by=PIPELINE),
        expected=[
            Expected("rollout.completed", "mail-canary"),
            Expected("posture.drifted", "shop-orders", "automatic_os_upgrade"),
            Expected("posture.drifted", "shop-orders", "upgrades_itself"),
            Expected("finding.opened", "shop-orders", "VMSS-001"),
        ],
    ),
    Step(
        at=_at(10, 9),
        title="Tuesday: the image of shop-billing is pinned to a version",
        happens=_set("shop-billing", {f"{IMAGE}.version": "22.04.202610200"}),
        expected=[
            Expected("posture.drifted", "shop-billing", "image"),
            Expected("posture.drifted", "shop-billing", "image_pinned"),
            Expected("posture.drifted", "shop-billing", "upgrades_itself"),
            Expected("finding.opened", "shop-billing", "VMSS-002"),
            Expected("finding.opened", "shop-billing", "VMSS-030"),
            Expected("rollout.started", "shop-billing"),
        ],
    ),
    Step(
        at=_at(10, 13),
        title="Tuesday: the image reaches production, that of media before its canary; in the east Azure rolls it back",
        expected=[
            Expected("finding.opened", "mail-east", "VMSS-060"),
            Expected("finding.opened", "mail-east", "VMSS-062"),
            Expected("rollout.rolled_back", "mail-east"),
            Expected("rollout.started", "mail-north"),
            Expected("rollout.completed", "mail-west"),
            Expected("finding.opened", "media-web", "VMSS-072"),
            Expected("rollout.completed", "media-web"),
            Expected("rollout.completed", "shop-billing"),
        ],
    ),
    Step(
        at=_at(10, 15),
        title="Tuesday: the batch of shop-search is raised to 100 %",
        happens=_set("shop-search", {BATCH: 100}),
        expected=[
            Expected("posture.drifted", "shop-search", "max_batch_instance_percent"),
            Expected("finding.opened", "shop-search", "VMSS-020"),
            Expected("finding.opened", "shop-search", "VMSS-021"),
        ],
    ),
    Step(
        at=_at(11, 9),
        title="Wednesday: mail hangs in the north since yesterday; the owner of shop-orders tags an exemption until Thursday",
        happens=lambda control: control.edit_tags(
            scale_set_id("shop-orders"),
            {"upgrade-posture-exempt": "rules=VMSS-001; until=2026-11-12; reason=load test; owner=team-shop"},
        ),
        expected=[
            Expected("finding.opened", "mail-north", "VMSS-061"),
            Expected("rollout.stalled", "mail-north"),
            Expected("finding.exempted", "shop-orders", "VMSS-001"),
        ],
    ),
    Step(
        at=_at(11, 15),
        title="Wednesday: a pipeline puts the batch of shop-search right; what hung in north goes on",
        happens=_put_right,
        expected=[
            Expected("posture.drifted", "shop-search", "max_batch_instance_percent"),
            Expected("finding.resolved", "shop-search", "VMSS-020"),
            Expected("finding.resolved", "shop-search", "VMSS-021"),
        ],
    ),
    Step(
        at=_at(12, 9),
        title="Thursday: mail is done in the north; the staging subscription cannot be read for one scan",
        happens=lambda control: control.add_fault("graph", FaultKind.VANISH, ids=(OTHER_SUBSCRIPTION,), count=None),
        expected=[
            Expected("finding.resolved", "mail-north", "VMSS-061"),
            Expected("rollout.completed", "mail-north"),
        ],
        status="partial",
    ),
    Step(
        at=_at(13, 9),
        title="Friday: it can be read again, and the exemption of shop-orders has ended",
        happens=lambda control: control.clear_faults(),
        expected=[
            Expected("finding.opened", "shop-orders", "VMSS-001"),
            Expected("finding.opened", "shop-orders", "VMSS-081"),
        ],
    ),
    Step(
        at=_at(13, 14),
        title="Friday: rollback is switched off on shop-payments; the scan is killed between commit and publish",
        happens=_set("shop-payments", {f"{OS_UPGRADE}.disableAutomaticRollback": True}),
        is_killed=True,
    ),
    Step(
        at=_at(13, 15),
        title="Friday: the next scan finds the events in the outbox",
        expected=[
            Expected("posture.drifted", "shop-payments", "automatic_rollback_disabled"),
            Expected("finding.opened", "shop-payments", "VMSS-004"),
        ],
    ),
    Step(
        at=_at(14, 9),
        title="Saturday: shop-billing is deleted; one scan without it proves nothing",
        happens=lambda control: control.delete_scale_set(scale_set_id("shop-billing")),
    ),
    Step(
        at=_at(14, 10),
        title="Saturday: a second scan without it, and Azure confirms: it is gone",
        expected=[
            Expected("scale_set.removed", "shop-billing"),
            Expected("finding.withdrawn", "shop-billing", "VMSS-002"),
            Expected("finding.withdrawn", "shop-billing", "VMSS-030"),
        ],
    ),
    Step(
        at=_at(15, 6),
        title="Sunday: the compliance snapshot is written",
        expected=[Expected("snapshot.completed")],
        is_snapshot=True,
    ),
)
FIRST_SCAN = _at(9, 6)
SECOND_SCAN = _at(9, 7)
COMPARING_RULES = frozenset({"VMSS-070", "VMSS-071", "VMSS-072", "VMSS-073", "VMSS-074"})
"""What the second scan may find where nothing has changed: it compares with what the first one left of the others."""
