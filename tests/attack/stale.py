"""Answers that are true but old, for one scan: of every query, of all, and with resources left out."""

import itertools
from collections.abc import Callable, Mapping, Sequence

from emulator.client.client import Control
from emulator.endpoint.faults import FaultKind
from tests.attack.cycle import BATCH, IN_THIRD, OWNER, THIRD, Change, Cycle, own
from tests.attack.proxy import Proxy
from tests.scale_sets import IMAGE, OS_UPGRADE, OTHER, scale_set_id

QUERIES = {
    "every query": "",
    "the coverage": "resourcecontainers",
    "the pages": "virtualmachinescalesets",
    "the changes": "resourcechanges",
    "the census": "summarize instances",
    "the galleries": "microsoft.compute/galleries",
    "the maintenance": "maintenanceresources",
}
"""Part of a query's text, by which it is chosen. A further query of a scan is found by ``unnamed_queries``."""
_FLAG = f"{OS_UPGRADE}.enableAutomaticOSUpgrade"

type Pair = tuple[str, Change, Change]
"""A change and the change back."""


def _set(name: str, values: Mapping[str, object]) -> Change:
    return lambda control: control.change(scale_set_id(name), values)


def _group(managed_by: str) -> Change:
    return lambda control: control.put_group(OTHER, "rg-shop", managed_by=managed_by)


PAIRS: Sequence[Pair] = (
    ("a batch", _set("web", {BATCH: 100}), _set("web", {BATCH: 20})),
    ("automatic upgrade", _set("orders", {_FLAG: False}), _set("orders", {_FLAG: True})),
    ("an image", _set("billing", {f"{IMAGE}.version": "22.04.202610200"}), _set("billing", {f"{IMAGE}.version": "latest"})),
    (
        "a scale set",
        lambda control: control.delete_scale_set(scale_set_id("search")),
        lambda control: control.put_scale_set(own("search")),
    ),
    ("an owner of a group", _group(""), _group(OWNER)),
    (
        "a re-creation",
        lambda control: control.change(scale_set_id("payments"), {"properties.uniqueId": "a"}),
        lambda control: control.change(scale_set_id("payments"), {"properties.uniqueId": "b"}),
    ),
    ("an owner's tag", lambda control: control.edit_tags(scale_set_id("payments"), {"owner": None}),
     lambda control: control.edit_tags(scale_set_id("payments"), {"owner": "team-shop"})),
)  # fmt: skip


def play(cycle: Cycle, proxy: Proxy) -> None:
    """Change something and let it settle; then one scan sees what was before: nothing may be told, then or later."""
    for pair in PAIRS:
        name, *ways = pair
        for way, change in zip(("there", "back"), ways, strict=True):
            cycle.control.keep_index()
            change(cycle.control)
            cycle.settle(f"{name}, {way}", scans=4)
            cycle.news()
            for query, contains in QUERIES.items():
                cycle.still(_old(cycle, contains), f"old answers: {name}, {way}, {query}")
    _leave_out(cycle)
    unnamed_queries(cycle, proxy)


def _leave_out(cycle: Cycle) -> None:
    """Leave out a scale set, a group, a subscription, for one scan or two, though they are there."""
    group = f"/subscriptions/{OTHER}/resourceGroups/rg-shop"
    hidden: dict[str, Callable[[Control, str], object]] = {
        "a scale set": lambda control, text: _fault(control, FaultKind.HIDE, scale_set_id("web"), text),
        "a group": lambda control, text: _fault(control, FaultKind.HIDE, group, text),
        "a subscription": lambda control, text: _fault(control, FaultKind.VANISH, OTHER, text),
        "what others are compared with": lambda control, text: _fault(
            control, FaultKind.HIDE, scale_set_id(IN_THIRD, THIRD), text
        ),
        "the subscription of it": lambda control, text: _fault(control, FaultKind.VANISH, THIRD, text),
    }
    for (what, hide), (query, contains), scans in itertools.product(hidden.items(), QUERIES.items(), (1, 2)):
        if what == "a group" and scans == 2:
            continue  # two answers in a row that agree are believed

        def disturb(where: str, hide: Callable[[Control, str], object] = hide, contains: str = contains, scans: int = scans) -> None:  # fmt: skip
            hide(cycle.control, contains)
            for _ in range(scans):
                _scan(cycle, where)
            cycle.control.clear_faults()

        cycle.still(disturb, f"left out {scans} times: {what}, {query}")


def _old(cycle: Cycle, contains: str) -> Callable[[str], None]:
    def disturb(where: str) -> None:
        cycle.control.add_fault("graph", FaultKind.STALE, contains=contains, count=None)
        _scan(cycle, where)
        cycle.control.clear_faults()

    return disturb


def _scan(cycle: Cycle, where: str) -> None:
    run = cycle.victim.start()
    code = run.wait(120)
    cycle.verdict.figures["scans that saw old or incomplete answers"] += 1
    if code not in (0, 3):
        cycle.verdict.found("crash", where, f"exit {code}: {run.said[-300:]}")
    cycle.check_row(run, where)


def _fault(control: Control, kind: FaultKind, resource: str, contains: str) -> None:
    control.add_fault("graph", kind, ids=(resource,), contains=contains, count=None)


def unnamed_queries(cycle: Cycle, proxy: Proxy) -> None:
    """Every query of a scan is one that is attacked: a new one has to be added to ``QUERIES``."""
    proxy.begin()
    cycle.settle("to see the queries", scans=1)
    for asked in proxy.asked:
        if asked.endpoint == "graph" and not any(text and text in asked.text.lower() for text in QUERIES.values()):
            cycle.verdict.found("query that is not attacked", "old answers", asked.text[:200])
