"""A fleet whose changes come round: after a cycle it is as it was, and every cycle brings the same events.

So the events of an undisturbed cycle are what a disturbed one must bring, step by step: no more, and no fewer.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.client.client import Control
from tests.attack.verdict import Happened, Verdict, happened
from tests.attack.victims import Row, Run, Victim
from tests.scale_sets import IMAGE, OS_UPGRADE, OTHER, SUBSCRIPTION, document, scale_set_id

SETTLE = 3
"""Undisturbed scans after which a step's events have all arrived: a removal and a change for the better need two."""
PATIENCE = 180.0
"""Seconds after which a scan that should take one is given up."""
BATCH = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"
OWNER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-owner/providers/Microsoft.ContainerService/managedClusters/c"
THIRD = "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a03"
PLACES: Mapping[str, tuple[str, str, str, str]] = {
    "web": ("shop", "production", "broad", "westeurope"),
    "web-north": ("shop", "production", "broad", "northeurope"),
    "web-test": ("shop", "test", "canary", "westeurope"),
    "billing": ("shop", "test", "canary", "westeurope"),
    "orders": ("orders", "production", "broad", "westeurope"),
    "orders-batch": ("orders", "production", "broad", "westeurope"),
    "orders-test": ("orders", "test", "canary", "westeurope"),
    "find": ("search", "production", "broad", "westeurope"),
    "search": ("search", "test", "canary", "westeurope"),
    "payments": ("pay", "production", "broad", "westeurope"),
    "ledger": ("pay", "staging", "early", "westeurope"),
    "mail": ("mail", "production", "broad", "westeurope"),
    "mail-canary": ("mail", "production", "canary", "westeurope"),
}
"""Application, environment, ring and region of the scale sets of our own: what changes at one is told of another too."""
IN_THIRD = "web-test"
"""The one that lies in another subscription than those that it is compared with."""


def own(name: str) -> dict[str, Any]:
    """Make the document of a scale set of our own."""
    made = document(name, THIRD if name == IN_THIRD else SUBSCRIPTION)
    application, environment, ring, made["location"] = PLACES[name]
    made["tags"] |= {"application": application, "environment": environment, "ring": ring}
    return made


type Change = Callable[[Control], object]


def edit(name: str, values: Mapping[str, object]) -> Change:
    """Change properties of a scale set of our own."""
    return lambda control: control.change(scale_set_id(name), values)


def _many(path: str, value: object) -> Change:
    """Change every third of the synthetic scale sets: enough events for several transactions."""

    def change(control: Control) -> None:
        for resource_id in control.scale_set_ids()[::3]:
            if "/rg-shop/" not in resource_id and "rg-own" not in resource_id:
                control.change(resource_id, {path: value})

    return change


type Step = tuple[str, Change]
"""What is changed, in words, and the change."""

STEPS: Sequence[Step] = (
    ("a batch is raised", edit("web", {BATCH: 100})),
    ("automatic upgrade is switched off", edit("orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})),
    ("many batches are raised", _many(BATCH, 90)),
    ("an image is pinned", edit("billing", {f"{IMAGE}.version": "22.04.202610200"})),
    ("a scale set is deleted", lambda control: control.delete_scale_set(scale_set_id("search"))),
    ("a batch is lowered", edit("web", {BATCH: 20})),
    ("automatic upgrade is switched on", edit("orders", {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": True})),
    ("many batches are lowered", _many(BATCH, 20)),
    ("an owner's tag is taken away", lambda control: control.edit_tags(scale_set_id("payments"), {"owner": None})),
    ("an image is no longer pinned", edit("billing", {f"{IMAGE}.version": "latest"})),
    ("a scale set comes again", lambda control: control.put_scale_set(own("search"))),
    ("an owner's tag comes", lambda control: control.edit_tags(scale_set_id("payments"), {"owner": "team-shop"})),
)


COMPUTE_STEPS = (STEPS[4], STEPS[10])
"""A deletion and a return: what Compute is asked about."""
SHORT = (STEPS[0], STEPS[1], STEPS[5], STEPS[6])
"""Two changes there and back: a round that is soon played."""


def lay_out(control: Control, scale_sets: int) -> None:
    """Make the estate: a synthetic fleet, sets of our own, and a group that another service owns."""
    control.reset()
    control.set_limits(graph_queries=0)
    control.create_fleet(seed=5, subscriptions=3, scale_sets=scale_sets, instances=0)
    control.put_subscription(SUBSCRIPTION, "shop-production")
    control.put_subscription(OTHER, "shop-staging")
    control.put_subscription(THIRD, "shop-test")
    for resource_id in control.scale_set_ids():
        control.change(resource_id, {BATCH: 20})
        # Their applications would have news of what changes at several of them, and when depends on which scan sees it.
        control.edit_tags(resource_id, {"application": None})
    for name in PLACES:
        control.put_scale_set(own(name))
    control.put_scale_set(document("staging", OTHER))
    control.put_group(OTHER, "rg-shop", managed_by=OWNER)
    control.change(scale_set_id("staging", OTHER), {f"{OS_UPGRADE}.enableAutomaticOSUpgrade": False})


FLEET_RULES = {"VMSS-070", "VMSS-071", "VMSS-073", "VMSS-074"}
"""Rules that compare scale sets and have news in a cycle."""


def _rules(steps: Sequence[Counter[Happened]]) -> set[str]:
    return {detail for step in steps for _, _, detail in step}


@dataclass(slots=True)
class Cycle:
    """A victim and a fleet, step after step."""

    control: Control
    victim: Victim
    verdict: Verdict = field(default_factory=Verdict)
    steps: Sequence[Step] = STEPS
    settling: int = SETTLE
    """Undisturbed scans after each step."""
    expected: list[Counter[Happened]] = field(default_factory=list)
    """The events of each step of an undisturbed cycle."""
    _known: set[str] = field(default_factory=set)
    _step: int = 0
    _awaited: list[tuple[str, str]] = field(default_factory=list)
    """Ids of scans that ended, whose row must have come when the step is over."""

    def begin(self) -> None:
        """Scan for the first time, play one cycle to get every state into its round, and keep the next as what is right.

        Raises ``AssertionError`` where an undisturbed scan fails.
        """
        self.settle("the first scans")
        for keep in (False, True):
            for where, change in self.steps:
                change(self.control)
                self.settle(where)
                events = self.news()
                if keep:
                    self.expected.append(events)
        assert not self.verdict.wrong, self.verdict.findings
        assert all(step.total() for step in self.expected), f"a step without events: a larger fleet? {self.expected}"
        assert self.steps is not STEPS or _rules(self.expected) >= FLEET_RULES, (
            "too little is compared between scale sets"
        )
        self.verdict.figures.clear()

    def step(self, disturb: Callable[[str], None]) -> None:
        """Change something, disturb the scans that see it, let it settle, and compare."""
        where, change = self.steps[self._step % len(self.steps)]
        change(self.control)
        disturb(where)
        self.settle(where)
        self.verdict.compare(self.expected[self._step % len(self.steps)], self.news(), f"{self.victim.name}: {where}")
        self._step += 1

    def still(self, disturb: Callable[[str], None], where: str) -> None:
        """Disturb scans while nothing changes: nothing may be told."""
        disturb(where)
        self.settle(where)
        self.verdict.compare(Counter(), self.news(), f"{self.victim.name}: {where}")

    def settle(self, where: str, scans: int | None = None) -> None:
        """Scan undisturbed: each scan succeeds, and its row arrives."""
        for _ in range(self.settling if scans is None else scans):
            run = self.victim.start()
            code = run.wait(PATIENCE)
            self.verdict.figures["scans"] += 1
            if code != 0:
                said = run.said.strip().splitlines()
                self.verdict.found("undisturbed scan failed", where, f"{code}: {said[-1] if said else ''}"[:300])
            self.check_row(run, where)

    def check_row(self, run: Run, where: str) -> None:
        """Look for the row of a scan that ended, when the step is over: the next scan may bring it."""
        looked_for = self.victim.ended(run)
        if looked_for is not None:
            self._awaited.append((looked_for, where))

    def news(self) -> Counter[Happened]:
        """Answer the events that came since the last time, each once; and check that awaited rows have come."""
        return Counter(happened(row) for row in self.fresh_rows())

    def fresh_rows(self) -> list[Row]:
        """Answer the rows of these events."""
        rows: list[Row] = list(self.victim.arrived())
        fresh = {row["EventId"]: row for row in rows if row["EventId"] not in self._known}
        self._known.update(fresh)
        came = self.victim.scan_ids()
        for scan_id, where in self._awaited:
            if scan_id not in came:
                self.verdict.found("scan without a row", f"{self.victim.name}: {where}", scan_id)
        self._awaited.clear()
        return list(fresh.values())

    def conclude(self) -> Verdict:
        """Check order and repeats over all that arrived."""
        self.verdict.check_repeats(self.victim.arrived(), self.victim.name)
        return self.verdict
