"""Generated timelines: a fleet, and what people and Azure do to it and to our view of it, scan by scan.

A seed names a timeline. It is the same whatever plays it: chance is drawn before anything is scanned.
"""

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from scanner.events.scan_record import ScanRecord
from scanner.facts.evidence import JsonValue
from scanner.ports.event import Table
from scanner.times import iso
from tests.fakes.azure import FakeAzure, Faults
from tests.fakes.instances import InstanceFaults
from tests.fakes.view import FleetView, read_view
from tests.fakes.world import START, FakeWorld
from tests.scale_sets import document, scale_set_id

SUBSCRIPTIONS = tuple(f"5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a0{number}" for number in (1, 2, 3))
SCALE_SETS = tuple((f"web-{number}", SUBSCRIPTIONS[number % 3]) for number in range(10))
GROUP = "rg-shop"
APPLICATIONS: Sequence[tuple[str, str, str, str]] = (
    ("shop", "production", "broad", "westeurope"),
    ("shop", "test", "canary", "westeurope"),
    ("shop", "production", "broad", "northeurope"),
    ("search", "production", "early", "westeurope"),
    ("search", "production", "canary", "westeurope"),
    ("shop", "production", "early", "westeurope"),
    ("pay", "staging", "", "westeurope"),
    ("pay", "prod", "broad", "westeurope"),
)
"""Application, environment, ring and region of the first scale sets; the others belong to none."""
OWNER = "/subscriptions/x/resourceGroups/y/providers/Microsoft.ContainerService/managedClusters/z"
SCANS = 14
AGE = 4
"""An old answer is what was true before the changes of the last so many scans."""

PIPELINE = "aaaaaaaa-0000-0000-0000-000000000001"
WHO: Sequence[Mapping[str, str]] = (
    {"changedBy": "eve@contoso.com", "changedByType": "User", "clientType": "Azure Portal"},
    {"changedBy": PIPELINE, "changedByType": "Application", "clientType": "Unspecified"},
    {"changedBy": "System", "changedByType": "System", "clientType": "Unspecified"},
)

type Change = Callable[[FakeAzure], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens before a scan, how long after the last one it is, and what it is shown."""

    after: timedelta
    changes: tuple[Change, ...]
    faults: Faults
    record: Mapping[str, str] | None = None
    """Who made the changes, as Azure records it; ``None``: it has no record of them."""
    is_late: bool = False
    """Whether Azure has the record only by the next scan."""
    rollouts: tuple[Callable[[FakeWorld], object], ...] = ()
    """Rollouts that begin, move or end."""
    rollouts_are_silent: bool = False
    """Compute says nothing of rollouts."""
    instances: tuple[Callable[[FakeWorld], object], ...] = ()
    """Instances that change."""
    instance_faults: InstanceFaults = field(default_factory=InstanceFaults)


@dataclass(frozen=True, slots=True)
class Played:
    """What a timeline left."""

    rows: list[Mapping[str, JsonValue]]
    """Event rows, as Log Analytics received them, with each id once."""
    view: FleetView
    records: list[ScanRecord]


def timeline(seed: int, scans: int = SCANS) -> list[Step]:
    """Make the timeline of a seed."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    return [_step(chance, number) for number in range(scans)]


def new_world(world: FakeWorld) -> FakeWorld:
    """Put the fleet into an empty world, in which one application is a pipeline, and some are several scale sets."""
    policy = replace(
        world.criteria.policy,
        pipelines=frozenset({PIPELINE}),
        environment_order=("test", "staging", "production"),
        ring_order=("canary", "early", "broad"),
    )
    world.criteria = replace(world.criteria, policy=policy)
    for subscription in SUBSCRIPTIONS:
        world.azure.put_subscription(subscription, subscription[-2:])
    for number, (name, subscription) in enumerate(SCALE_SETS):
        made = made_anew(name, subscription)
        made["properties"]["uniqueId"] = f"u{number}"
        made["tags"]["managed-by"] = "terraform" if number % 2 else "hand"
        world.azure.put_scale_set(made)
    return world


def made_anew(name: str, subscription: str) -> dict[str, Any]:
    """Make the document of a scale set, with the tags and the region of its application."""
    made = document(name, subscription) | {"zones": None}  # a column that Resource Graph answers
    number = SCALE_SETS.index((name, subscription))
    if number < len(APPLICATIONS):
        application, environment, ring, made["location"] = APPLICATIONS[number]
        made["tags"] |= {"application": application, "environment": environment, "ring": ring}
    return made


def play(
    steps: list[Step], world: FakeWorld, scan: Callable[[FakeWorld, timedelta], ScanRecord] | None = None
) -> Played:
    """Play a timeline on a world with the fleet in it."""
    records = []
    past: list[dict[str, dict[str, Any]]] = []
    late: list[dict[str, Any]] = []
    for number, step in enumerate(steps):
        past.append(copy.deepcopy(world.azure.documents))
        world.azure.changes += late
        for change in step.changes:
            change(world.azure)
        told = recorded(past[-1], world.azure.documents, step, world.clock, number)
        late = told if step.is_late else []
        world.azure.changes += [] if step.is_late else told
        for move in step.rollouts:
            move(world)
        world.rollouts.faults.is_silent = step.rollouts_are_silent
        for move in step.instances:
            move(world)
        world.instances.faults = copy.deepcopy(step.instance_faults)
        world.azure.faults = copy.deepcopy(step.faults)
        world.azure.faults.stale = {
            key: old for key in step.faults.stale if (old := past[-AGE:][0].get(key)) is not None
        }
        if scan is None:
            records.append(world.scan(after=step.after).record)
        else:
            records.append(scan(world, step.after))
    rows = {str(row["EventId"]): row for row in world.received.rows[Table.EVENTS]}
    return Played(list(rows.values()), read_view(world.store), records)


def open_findings(rows: list[Mapping[str, JsonValue]]) -> Counter[tuple[str, str]]:
    """Rebuild the open findings from events alone: how often each is open, by scale set and rule."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        finding = (str(row["ScaleSetId"]), str(row.get("RuleId")))
        match row["EventType"]:
            case "finding.opened":
                counts[finding] += 1
            case "finding.resolved" | "finding.exempted" | "finding.withdrawn":
                counts[finding] -= 1
    return counts


def recorded(
    before: Mapping[str, Any], after: Mapping[str, Any], step: Step, scanned_at: datetime, number: int
) -> list[dict[str, Any]]:
    """Write what a step changed as Azure records it: a minute after the scan before, or just before the next."""
    if step.record is None:
        return []
    at = scanned_at + (timedelta(minutes=1) if number % 2 else step.after - timedelta(minutes=1))
    rows = []
    for key, present in after.items():
        values = dict(_differences(before.get(key, present), present))
        if values:
            rows.append(_change_row(present["id"], values, step.record, at, number))
    return rows


def _differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, str | None]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {**before, **after}:
            yield from _differences(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif before != after and before is not None:
        yield path, None if after is None else str(after)


def _change_row(
    scale_set_id: str, values: Mapping[str, str | None], who: Mapping[str, str], at: datetime, number: int
) -> dict[str, Any]:
    attributes = {"timestamp": iso(at), "operation": "write", "correlationId": f"c{number}", **who}
    return {
        "id": f"{scale_set_id}/providers/Microsoft.Resources/changes/{number}",
        "properties": {
            "targetResourceId": scale_set_id,
            "changeType": "Update",
            "changeAttributes": attributes,
            "changes": {path: {"previousValue": "x", "newValue": value} for path, value in values.items()},
        },
    }


def _step(chance: random.Random, number: int) -> Step:
    changes = tuple(_change(chance) for _ in range(chance.randint(0, 3))) if number else ()
    hours = chance.choice([1, 5, 20])
    after = timedelta(hours=-3) if number and chance.random() < 0.05 else timedelta(hours=hours)
    faults = _faults(chance) if number else Faults()
    record = chance.choice([None, *WHO])
    is_late = chance.random() < 0.2
    return Step(
        after=after,
        changes=changes,
        faults=faults,
        record=record,
        is_late=is_late,
        rollouts=tuple(_rollout(chance) for _ in range(chance.randint(0, 2))),
        rollouts_are_silent=bool(number) and chance.random() < 0.1,
        instances=tuple(_instances(chance) for _ in range(chance.randint(0, 3))),
        instance_faults=_instance_faults(chance) if number else InstanceFaults(),
    )


def _rollout(chance: random.Random) -> Callable[[FakeWorld], object]:
    """Begin a rollout of a scale set, or let the latest one come further; mostly its instances show it."""
    key, is_os, is_shown = _key(chance.choice(SCALE_SETS)), chance.random() < 0.7, chance.random() < 0.8
    code = chance.choice(["RollingForward", "RollingForward", "RollingBack", "Completed", "Faulted", "Cancelled"])
    done, rolled_back = chance.randint(0, 10), chance.random() < 0.3

    def move(world: FakeWorld) -> None:
        upgrades = world.rollouts.upgrades.setdefault(key, [])
        if not upgrades or upgrades[-1]["code"] not in ("RollingForward", "RollingBack"):
            began = max([world.clock, *[each["started"] for each in upgrades]]) + timedelta(minutes=2)
            upgrades.append({"started": began, "is_os": is_os, "code": "RollingForward", "successful": 0})
        elif rolled_back and code in ("Faulted", "Cancelled"):
            upgrades[-1].update(code=code, rollback={"successfullyRolledbackInstanceCount": 1 + done})
        else:
            upgrades[-1].update(code=code, successful=done)
        if is_shown:
            world.instances.set_instances(key, {"count": 1 + done, "exact_version": "1.0.0"})

    return move


def _instances(chance: random.Random) -> Callable[[FakeWorld], object]:
    """Let the instances of a scale set be other ones: versions, the model, protection, health, repairs, or none."""
    key = _key(chance.choice(SCALE_SETS))
    runs = [
        {
            "count": chance.randint(1, 6),
            "exact_version": chance.choice(["1.0.0", "1.1.0", "1.10.0", ""]),
            "latest_model": chance.random() < 0.6,
            "protect_from_actions": chance.random() < 0.2,
            "skip_upgrade": chance.choice(["", "", "true"]),
            "health": chance.choice(["", "healthy", "healthy", "unhealthy", "initializing"]),
            "power": chance.choice(["running", "running", "deallocated", "stopped"]),
        }
        for _ in range(chance.randint(0, 3))
    ]
    repairs = chance.choice(["Running", "Suspended", "NotRunning"])

    def move(world: FakeWorld) -> None:
        world.instances.set_instances(key, *runs)
        world.instances.set_repairs(key, repairs)

    return move


def _instance_faults(chance: random.Random) -> InstanceFaults:
    return InstanceFaults(
        uncounted={name for name in SUBSCRIPTIONS if chance.random() < 0.1},
        hides_columns=chance.random() < 0.3,
        is_silent=chance.random() < 0.15,
    )


def _faults(chance: random.Random) -> Faults:
    faults = Faults()
    if chance.random() < 0.1:
        gone = chance.choice(SUBSCRIPTIONS)
        faults.without_coverage_of = {gone}
        if chance.random() < 0.5:
            faults.hidden.update(_key(each) for each in SCALE_SETS if each[1] == gone)
    faults.hidden.update(_some(chance, 0.05))
    faults.capitals = _some(chance, 0.3)
    faults.unreadable = _some(chance, 0.02)
    faults.stale = {key: {} for key in _some(chance, 0.1)}
    faults.compute_is_silent = chance.random() < 0.1
    if chance.random() < 0.05:
        faults.without_owner = {f"/subscriptions/{each}/resourcegroups/{GROUP}" for each in SUBSCRIPTIONS}
    faults.without_changes = chance.random() < 0.1
    if chance.random() < 0.03:
        faults.fails_after = chance.randint(0, 10)
    return faults


def _some(chance: random.Random, share: float) -> set[str]:
    return {_key(each) for each in SCALE_SETS if chance.random() < share}


def _key(scale_set: tuple[str, str]) -> str:
    return scale_set_id(*scale_set).lower()


def _change(chance: random.Random) -> Change:
    name, subscription = chance.choice(SCALE_SETS)
    return chance.choice(list(_changes(chance, _key((name, subscription)), name, subscription)))


def _changes(chance: random.Random, key: str, name: str, subscription: str) -> Iterator[Change]:
    """Offer one change of each kind, with its values drawn."""
    mode = chance.choice(["Manual", "Automatic", "Rolling"])
    percent, flag, capacity = chance.choice([10, 20, 60, 100]), chance.random() < 0.5, chance.randint(0, 40)
    until = START.date() + timedelta(days=chance.randint(-1, 3))
    application, environment = chance.choice(["shop", "search", "pay"]), chance.choice(["test", "production", "?"])
    ring = chance.choice(["canary", "broad", ""])
    unique_id = f"u{chance.randint(100, 999)}"
    owned = chance.random() < 0.5

    def edit(change: Callable[[dict[str, Any]], object]) -> Change:
        return lambda azure: change(azure.documents[key]) if key in azure.documents else None  # type: ignore[return-value]

    def appear(azure: FakeAzure) -> None:
        if key not in azure.documents:
            azure.put_scale_set(made_anew(name, subscription))

    yield edit(lambda it: _policy(it).update(mode=mode))
    yield edit(lambda it: _policy(it).setdefault("rollingUpgradePolicy", {}).update(maxBatchInstancePercent=percent))
    yield edit(lambda it: _policy(it).setdefault("automaticOSUpgradePolicy", {}).update(enableAutomaticOSUpgrade=flag))
    yield edit(lambda it: it["sku"].update(capacity=capacity))
    yield edit(lambda it: it["properties"].pop("upgradePolicy", None))
    yield edit(lambda it: it.update(tags=_exempted(until)))
    yield edit(lambda it: it.update(tags={}))
    yield edit(lambda it: it.update(tags=_placed(application, environment, ring)))
    yield edit(lambda it: it.update(tags=_placed("shop", environment, ring)))
    yield edit(lambda it: it.update(tags="?"))
    yield edit(lambda it: it["properties"].update(uniqueId=unique_id))
    yield lambda azure: azure.delete_scale_set(key)
    yield appear
    yield lambda azure: azure.put_group(subscription, GROUP, managed_by=OWNER if owned else "")


def _policy(it: dict[str, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = it["properties"].setdefault("upgradePolicy", {})
    return policy


def _exempted(until: date) -> dict[str, str]:
    note = f"rules=VMSS-001,VMSS-020,VMSS-021; until={until}; reason=r; owner=o"
    return {"environment": "production", "owner": "team", "upgrade-posture-exempt": note}


def _placed(application: str, environment: str, ring: str) -> dict[str, str]:
    return {"application": application, "environment": environment, "ring": ring, "owner": "team"}
