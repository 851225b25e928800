"""Rounds of changes for the kills: each killed scan has changes of its own to lose.

A round goes there and back. In each half, group after group of scale sets is changed and a scan is disturbed for each;
no scale set is changed twice in a half, so that the half brings the same events and leaves the same states, whichever
scan sees a change. A half ends with undisturbed scans, and is compared with the same half of an undisturbed round.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tests.attack.cycle import BATCH, FLEET_RULES, STEPS, Change, Cycle, Step, edit
from tests.attack.victims import Row
from tests.scale_sets import scale_set_id

GROUPS = 10
"""Changes of a half: each is made before one disturbed scan."""
_SINGLE = (
    (STEPS[0], STEPS[5]),
    (STEPS[1], STEPS[6]),
    (STEPS[3], STEPS[9]),
    (STEPS[4], STEPS[10]),
    (STEPS[8], STEPS[11]),
    (
        ("a batch is raised in staging", edit("ledger", {BATCH: 100})),
        ("a batch is lowered in staging", edit("ledger", {BATCH: 20})),
    ),
    (
        ("a canary is none any more", lambda control: control.edit_tags(scale_set_id("mail-canary"), {"ring": None})),
        ("a canary comes", lambda control: control.edit_tags(scale_set_id("mail-canary"), {"ring": "canary"})),
    ),
)
"""A change of one scale set of the estate, and the way back. No application has two of them in a half that say opposite
things of one scale set: what is compared is told by the scan after, which may see both."""
_OF_ITS_TIME = re.compile(
    r"_at$|^(generation|missed_by|scan_id|unique_id|basis|check|beside|hold|last_change|evidence|correlation_id)$"
)

type Happened = tuple[str, str, str, int]
"""Type, scale set, rule or field, and the how many-th of these it is in the half.

Not the revision: what is read beside the rows, as of instances, is kept in a revision of its own, in whichever scan reads it.
"""
type State = str
"""What is remembered, without times."""


@dataclass(frozen=True, slots=True)
class Half:
    """What a half brings when it is undisturbed."""

    events: Counter[Happened]
    states: Mapping[str, State]


@dataclass(slots=True)
class Rounds:
    """Halves there and back, of one fleet and one victim."""

    cycle: Cycle
    halves: list[Sequence[Step]] = field(default_factory=list)
    expected: list[Half] = field(default_factory=list)
    _played: int = 0

    def begin(self, watch: Callable[[str], None]) -> None:
        """Play two undisturbed rounds, and keep the second, in which ``watch`` does the first scan after each change.

        After the first round every state has had both of its values. Raises ``AssertionError`` where a scan fails.
        """
        self.halves = [_half(self.cycle, 90, there=True), _half(self.cycle, 20, there=False)]
        self.cycle.settle("the first scans")
        for half in self.halves:
            for _, change in half:
                change(self.cycle.control)
            self.cycle.settle("the first round")
        self._look()
        for half in self.halves:
            for where, change in half:
                change(self.cycle.control)
                watch(where)
            self.cycle.settle("the round that is kept")
            self.expected.append(self._look())
        assert not self.cycle.verdict.wrong, self.cycle.verdict.findings
        changed = [len({happened[1] for happened in half.events}) for half in self.expected]
        assert min(changed) >= GROUPS, f"fewer scale sets with events than changes: {changed}"
        told = [{happened[2] for happened in half.events} for half in self.expected]
        assert all(rules >= FLEET_RULES for rules in told), f"too little is compared between scale sets: {told}"
        self.cycle.verdict.figures.clear()

    def play(self, disturb: Callable[[str], None]) -> None:
        """Play a half, disturbing one scan after each change; let it settle; compare events and states."""
        number = self._played % len(self.halves)
        self._played += 1
        for where, change in self.halves[number]:
            change(self.cycle.control)
            disturb(where)
        where = f"{self.cycle.victim.name}: half {self._played}"
        self.cycle.settle(where)
        expected, got = self.expected[number], self._look()
        verdict = self.cycle.verdict
        for kind, difference in (
            ("lost", expected.events - got.events),
            ("invented", got.events - expected.events),
        ):
            for happened, count in difference.items():
                verdict.found(kind, where, f"{count} x {happened}")
        for key in sorted(expected.states.keys() | got.states.keys()):
            if expected.states.get(key) != got.states.get(key):
                verdict.found(
                    "state differs", where, f"{key}: {_difference(expected.states.get(key), got.states.get(key))}"
                )

    def _look(self) -> Half:
        """Answer what arrived and what is remembered."""
        rows = self.cycle.fresh_rows()
        with closing(self.cycle.victim.store()) as store:
            stored = {each.row.key: each.row for each in store.load()}
        states = {key: json.dumps(_timeless(json.loads(row.body)), sort_keys=True) for key, row in stored.items()}
        return Half(Counter(_happened(rows)), states)


def _half(cycle: Cycle, percent: int, *, there: bool) -> Sequence[Step]:
    synthetic = [each for each in cycle.control.scale_set_ids() if "/rg-shop/" not in each]
    steps: list[Step] = []
    for number in range(GROUPS):
        single = _SINGLE[number][0 if there else 1] if number < len(_SINGLE) else None
        words = f"group {number} to {percent}" + (f", {single[0]}" if single else "")
        steps.append((words, _group(synthetic[number::GROUPS], percent, single)))
    return steps


def _group(resource_ids: Sequence[str], percent: int, single: Step | None) -> Change:
    def change(control: Any) -> None:
        for resource_id in resource_ids:
            control.change(resource_id, {BATCH: percent})
        if single is not None:
            single[1](control)

    return change


def _happened(rows: Iterable[Row]) -> Iterator[Happened]:
    came: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        told = (
            row["EventType"],
            str(row.get("ScaleSetId") or "").casefold(),
            row.get("RuleId") or row.get("Field") or "",
        )
        came[told] += 1
        yield *told, came[told]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: None
            if each is None
            else "a time"
            if _OF_ITS_TIME.search(name)
            else {fact: sorted(set(values)) for fact, values in each.items()}  # of which only the last ones are kept
            if name == "earlier"
            else _timeless(each)
            for name, each in value.items()
        }
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def _difference(expected: State | None, got: State | None) -> str:
    if expected is None or got is None:
        return f"{'not ' if got is None else ''}remembered"
    was, now = json.loads(expected), json.loads(got)
    names = [name for name in was.keys() | now.keys() if was.get(name) != now.get(name)]
    return "; ".join(f"{name}: {now.get(name)!r} for {was.get(name)!r}"[:300] for name in sorted(names))
