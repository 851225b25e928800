"""Each log alert from end to end: a change, scans by the real scanner, and evaluations between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from emulator.endpoint.faults import FaultKind
from tests.infra.declared import alert_rule
from tests.infra.log_analytics import Alert, evaluate
from tests.scale_sets import OS_UPGRADE, OTHER, SUBSCRIPTION, scale_set_id
from tests.world import World

QUARTER = timedelta(minutes=15)
FLAG = f"{OS_UPGRADE}.enableAutomaticOSUpgrade"
MODE = "properties.upgradePolicy.mode"
TAG = "upgrade-posture-exempt"


@dataclass(slots=True, kw_only=True)
class Watch:
    """One alert rule, evaluated between the scans of a world.

    Azure looks every quarter of an hour. Transitions are looked at in the first two after each scan, as nothing arrives
    later, and from the change on; states in all four, always.
    """

    world: World
    rule: str
    evaluations: list[list[Alert]] = field(default_factory=list)

    def hour(self, *, snapshot: bool = False, before: bool = False) -> None:
        """Scan, and evaluate until the next scan; ``before`` anything has happened there are no transitions to look for."""
        rule = alert_rule(self.rule, every=60)
        self.world.scan()
        if snapshot:
            self.world.snapshot()
        if before and rule.kind == "transition":
            return
        for turn in range(1, 5 if rule.kind == "state" else 3):
            self.world.control.set_clock(self.world.clock + turn * QUARTER - timedelta(minutes=1), frozen=False)
            self.evaluations.append(evaluate(rule, self.world.control.query(rule.query)))

    @property
    def fired(self) -> list[Alert]:
        """Every alert of every evaluation."""
        return [alert for found in self.evaluations for alert in found]


def about(what: str, subject: str) -> Mapping[str, str]:
    """Fill in what an e-mail about shop-web shows."""
    return {
        "What": what,
        "Subject": subject,
        "Subscription": SUBSCRIPTION,
        "Workload": "(no application) / production",
        "Owner": "team-shop",
    }


WEB = scale_set_id("shop-web").lower()


def weaken(watch: Watch) -> None:
    """Switch automatic OS upgrade off between two scans."""
    watch.hour(before=True)
    watch.world.edit("shop-web", {FLAG: False})
    watch.hour()
    watch.hour()


def exempt(days: int, *, snapshots: int) -> Callable[[Watch], None]:
    """Agree an exemption that ends in some days, and take snapshots."""

    def run(watch: Watch) -> None:
        until = (watch.world.clock + timedelta(days=days)).date().isoformat()
        tag = f"rules=VMSS-001; until={until}; reason=vendor image; owner=anna"
        watch.world.control.edit_tags(scale_set_id("shop-web"), {TAG: tag})
        watch.world.edit("shop-web", {FLAG: False})
        for _ in range(snapshots):
            watch.hour(snapshot=True)

    return run


def lose(watch: Watch) -> None:
    """Let a subscription drop out of the answers of Azure Resource Graph, without an error."""
    watch.hour(before=True)
    watch.world.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    watch.hour()
    watch.hour()


def outage(watch: Watch) -> None:
    """Change something while Log Analytics takes nothing at all, for three scans; then let it take everything."""
    watch.hour(before=True)
    watch.world.edit("shop-web", {FLAG: False})
    watch.world.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    watch.world.control.add_fault("ingestion", FaultKind.STATUS, status=400, count=None)
    for _ in range(3):
        watch.hour()
    watch.world.control.clear_faults()
    watch.world.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    watch.hour()
    watch.hour()


def replay(watch: Watch) -> None:
    """Send everything again a few hours after it was told."""
    weaken(watch)
    assert watch.world.store.replay(watch.world.clock - timedelta(days=1)) > 0
    watch.hour()
    watch.hour()


@pytest.fixture
def fleet(world: World) -> World:
    """Put a scale set into each of the two subscriptions."""
    world.add("shop-web")
    world.add("staging", subscription=OTHER)
    return world


HIGH = ("high-finding-opened", "VMSS-001")
DRIFT = ("posture-weakened", "automatic_os_upgrade, upgrades_itself")


@pytest.mark.parametrize(
    ("timeline", "rule", "subject"),
    [
        pytest.param(weaken, *HIGH, id="a high finding"),
        pytest.param(outage, *HIGH, id="a high finding during an outage"),
        pytest.param(replay, *DRIFT, id="a weaker posture, replayed"),
        pytest.param(exempt(7, snapshots=3), "exemption-expiring", "VMSS-001", id="an exemption of a week"),
    ],
)
def test_scale_set_is_told_once(fleet: World, timeline: Callable[[Watch], None], rule: str, subject: str) -> None:
    """What happened to a scale set fires in one evaluation of all, at the scale set, with its tags."""
    watch = Watch(world=fleet, rule=rule)
    timeline(watch)
    (alert,) = watch.fired
    assert alert == Alert(target=WEB, dimensions=about(alert.dimensions["What"], subject))
    assert "shop-web: " in alert.dimensions["What"]


@pytest.mark.parametrize("timeline", [lose, outage], ids=["heard of at once", "heard of after an outage"])
def test_lost_subscription_is_told_once(fleet: World, timeline: Callable[[Watch], None]) -> None:
    """A subscription that is not read any more fires in one evaluation of all, by its id."""
    watch = Watch(world=fleet, rule="coverage-lost")
    timeline(watch)
    assert watch.fired == [
        Alert(
            target=None,
            dimensions={"What": f"1 subscription is no longer read: {OTHER}", "Subscription": OTHER},
        )
    ]


def test_missing_scans_are_one_lasting_state(fleet: World) -> None:
    """The alert on missing scans begins once, lasts without a break, and ends with the next scan that reads something."""
    watch = Watch(world=fleet, rule="nothing-read")
    outage(watch)
    lasting = [bool(found) for found in watch.evaluations]
    assert lasting.count(True) > 1
    begin, end = lasting.index(True), len(lasting) - lasting[::-1].index(True)
    assert all(lasting[begin:end])
    assert (begin, end) == (9, 16)
    assert set(map(len, watch.evaluations)) == {0, 1}
    assert watch.fired[0] == Alert(target=None, dimensions={})


def test_refused_events_are_one_lasting_state(fleet: World) -> None:
    """The alert on refused events lasts from the first scan that had some to the first that has none."""
    watch = Watch(world=fleet, rule="ingestion-refused")
    watch.hour()
    fleet.edit("shop-web", {FLAG: False})
    fleet.control.add_fault("ingestion", FaultKind.STATUS, contains="VmssPostureEvents", status=400, count=None)
    watch.hour()
    watch.hour()
    fleet.control.clear_faults()
    watch.hour()
    text = "The last scan had events refused by Log Analytics; they wait in the outbox."
    told = [Alert(target=None, dimensions={"What": text})]
    assert watch.evaluations == [[]] * 4 + [told] * 8 + [[]] * 4


def quiet(watch: Watch) -> None:
    """Scan and snapshot a fleet in which nothing happens."""
    for _ in range(2):
        watch.hour(snapshot=True)


def open_a_low_one(watch: Watch) -> None:
    """Break a rule that is not of severity high."""
    watch.hour(before=True)
    watch.world.control.edit_tags(scale_set_id("shop-web"), {"owner": ""})
    watch.hour()


def strengthen(watch: Watch) -> None:
    """Put a weak posture right."""
    watch.world.edit("shop-web", {FLAG: False, MODE: "Manual"})
    watch.world.scan()
    watch.world.clock += timedelta(hours=1)
    watch.world.edit("shop-web", {FLAG: True, MODE: "Rolling"})
    watch.hour()


def fail_to_read(watch: Watch) -> None:
    """Let Azure Resource Graph refuse a scan: it fails, so it lost no subscription."""
    watch.hour(before=True)
    watch.world.control.add_fault("graph", FaultKind.STATUS, status=400, count=1)
    with pytest.raises(Exception, match=r".+"):
        watch.hour()
    watch.hour()


def throttle(watch: Watch) -> None:
    """Let Log Analytics throttle once: what was not taken at first is taken when it is sent again."""
    watch.hour(before=True)
    watch.world.edit("shop-web", {FLAG: False})
    watch.world.control.add_fault("ingestion", FaultKind.STATUS, status=429, retry_after=0, count=1)
    watch.hour()


def miss_one(watch: Watch) -> None:
    """Let one scan miss a subscription, and the next one read it again."""
    watch.hour(before=True)
    watch.world.control.add_fault("graph", FaultKind.VANISH, ids=(OTHER,), count=None)
    watch.hour()
    watch.world.control.clear_faults()
    watch.hour()


@pytest.mark.parametrize(
    ("timeline", "rule"),
    [
        pytest.param(quiet, "high-finding-opened", id="no finding"),
        pytest.param(open_a_low_one, "high-finding-opened", id="a finding of another severity"),
        pytest.param(exempt(90, snapshots=2), "high-finding-opened", id="a high finding that is exempt"),
        pytest.param(quiet, "posture-weakened", id="no drift"),
        pytest.param(strengthen, "posture-weakened", id="a stronger posture"),
        pytest.param(quiet, "exemption-expiring", id="no exemption"),
        pytest.param(exempt(90, snapshots=2), "exemption-expiring", id="an exemption of three months"),
        pytest.param(quiet, "nothing-read", id="every scan reads something"),
        pytest.param(lose, "nothing-read", id="a subscription is lost"),
        pytest.param(quiet, "scans-partial", id="every scan complete"),
        pytest.param(miss_one, "scans-partial", id="one scan incomplete"),
        pytest.param(quiet, "snapshot-missing", id="snapshots are taken"),
        pytest.param(quiet, "collection-errors", id="no errors"),
        pytest.param(quiet, "coverage-lost", id="every subscription read"),
        pytest.param(fail_to_read, "coverage-lost", id="a scan that failed"),
        pytest.param(quiet, "ingestion-refused", id="every event accepted"),
        pytest.param(throttle, "ingestion-refused", id="throttled and accepted"),
    ],
)
def test_alert_stays_silent(fleet: World, timeline: Callable[[Watch], None], rule: str) -> None:
    """What is close to an alert and is none fires in no evaluation."""
    watch = Watch(world=fleet, rule=rule)
    timeline(watch)
    assert len(watch.evaluations) >= 2
    assert watch.fired == []
