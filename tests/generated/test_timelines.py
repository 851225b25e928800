"""What holds for every timeline: events and states say the same, whatever people and Azure do."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.adapters.sinks.memory_sink import MemorySink
from scanner.adapters.stores.memory_store import MemoryStore
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.events.scan_record import ScanRecord
from scanner.facts.evidence import JsonValue
from scanner.judging.judge import judge
from scanner.plain_text import json_text
from scanner.ports.event import Event, Table
from scanner.ports.store import OutboxEntry, StateWrite
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules import DEPTH_RULES, FLEET_RULES
from scanner.rules.verdict import Outcome
from tests.fakes.azure import Faults
from tests.fakes.world import FakeWorld
from tests.generated.beside import with_beside, world_with_all
from tests.generated.seeds import GROUPS, SEEDS, groups
from tests.generated.timeline import Played, Step, new_world, open_findings, play, timeline

QUIET = [Step(after=timedelta(hours=hours), changes=(), faults=Faults()) for hours in (8, 30, 1, 1, 1)]
"""Long enough for a rollout that hangs to be stalled, and for instances that are behind to be so for a day."""


COMPARED = {rule.id for rule in FLEET_RULES}
ENDS = {"rollout.completed", "rollout.failed", "rollout.rolled_back"}


def named(row: Mapping[str, JsonValue]) -> tuple[object, ...]:
    """Name an event as two runs share it."""
    detail = row.get("RuleId") or row.get("Field") or row.get("RolloutId")
    return row["EventType"], row["ScaleSetId"], detail, row["Revision"]


@pytest.mark.parametrize("seeds", groups(12))
def test_events_and_states_agree(seeds: Sequence[int]) -> None:
    """Replaying the events rebuilds the open findings; revisions have no gap; a fleet at rest brings no event."""
    of_fleet: set[tuple[object, object]] = set()
    for seed in seeds:
        store = CountsWrites()
        world = new_world(FakeWorld(store))
        played = play(timeline(seed) + QUIET, world)
        of_fleet.update((row["EventType"], row["RuleId"]) for row in played.rows if row.get("RuleId") in COMPARED)
        counts = open_findings(played.rows)
        assert set(counts.values()) <= {0, 1}, f"seed {seed}: a finding was opened twice or closed twice"
        remembered = {(key, rule_id) for key, state in played.view.current.items() for rule_id in state.open_findings}
        assert {finding for finding, count in counts.items() if count} == remembered, f"seed {seed}"
        revisions = {key: known.state.revision for key, known in played.view.known.items()}
        assert revisions == store.writes, f"seed {seed}: a revision was left out"
        world.news()
        assert play(QUIET[-1:], world).records[0].events_committed == 0, f"seed {seed}: an event without a change"
        assert world.news() == []
    assert {rule for _, rule in of_fleet} >= COMPARED - {"VMSS-074"}, "too little is compared between scale sets"
    assert ("finding.resolved", "VMSS-073") in of_fleet


@pytest.mark.parametrize("seeds", GROUPS)
def test_each_attempt_of_a_rollout_is_told_once(seeds: Sequence[int]) -> None:
    """One start, one stall and one end at most; an end is one that Azure knows; what ended and was seen is told."""
    told_in_all = 0
    for seed in seeds:
        world = new_world(FakeWorld())
        rows = [row for row in play(timeline(seed) + QUIET, world).rows if row.get("RolloutId")]
        told = Counter((row["ScaleSetId"], row["RolloutId"], row["EventType"]) for row in rows)
        assert set(told.values()) <= {1}, f"seed {seed}: told twice"
        ends = Counter((row["ScaleSetId"], row["RolloutId"]) for row in rows if row["EventType"] in ENDS)
        assert set(ends.values()) <= {1}, f"seed {seed}: ended twice"
        known = {
            (key, each["started"].strftime("%Y-%m-%dT%H:%M:%SZ"))
            for key, upgrades in world.rollouts.upgrades.items()
            for each in upgrades
        }
        assert set(ends) <= known, f"seed {seed}: an attempt was invented"
        told_in_all += len(ends)
    assert told_in_all > len(seeds), "too few rollouts to say anything"


@pytest.mark.parametrize("seeds", GROUPS)
def test_good_news_is_true(seeds: Sequence[int]) -> None:
    """However old the answers of Resource Graph: what is told as better, back or gone is so in Azure at that moment."""
    good = 0
    for seed in seeds:
        world = new_world(FakeWorld())
        told = Told()
        play(timeline(seed), world, told.scan)
        assert told.false == [], f"seed {seed}"
        good += told.good
    assert good > len(seeds), "too little good news to say anything"


@pytest.mark.parametrize("seeds", GROUPS)
def test_the_same_timeline_brings_the_same_events(seeds: Sequence[int]) -> None:
    """Same in, same out: rows, ids and states are equal, whoever plays them."""
    for seed in seeds:
        first, second = (play(timeline(seed), new_world(FakeWorld())) for _ in range(2))
        assert_same(first, second, seed)


@pytest.mark.parametrize("seeds", GROUPS)
def test_what_is_not_judged_again_would_have_been_judged_the_same(seeds: Sequence[int]) -> None:
    """With and without leaving out what has not changed, a timeline brings equal events, states and records."""
    judged: dict[bool, int] = {True: 0, False: 0}
    for seed in seeds:
        played = {}
        for is_full in judged:
            world = new_world(FakeWorld())
            counted: list[object] = []
            world.request = {"is_full": is_full, "on_judged": counted.append}
            played[is_full] = play(timeline(seed) + QUIET, world)
            judged[is_full] += len(counted)
        assert_same(played[True], played[False], seed)
    assert judged[False] < judged[True] * 0.95, "hardly anything was left out: nothing is shown"


def test_every_store_remembers_the_same(tmp_path: Path) -> None:
    """A timeline over SQLite and one in memory leave the same events and states."""
    for seed in SEEDS[:8]:
        with closing(SqliteStore(tmp_path / f"{seed}.sqlite")) as store:
            assert_same(
                play(timeline(seed), new_world(FakeWorld())), play(timeline(seed), new_world(FakeWorld(store))), seed
            )


@pytest.mark.parametrize("seeds", GROUPS)
def test_scans_that_are_killed_and_repeated(seeds: Sequence[int]) -> None:
    """Killed before or after any call of store or sink, and repeated, a timeline brings the same events: none twice."""
    for seed in seeds:
        expected = play(timeline(seed), new_world(FakeWorld()))
        killer = Killer(seed)
        world = new_world(FakeWorld(KilledStore(killer)))
        world.sink = KilledSink(killer, world.received)
        played = play(timeline(seed), world, killer.scan)
        assert sorted(map(named, played.rows), key=repr) == sorted(map(named, expected.rows), key=repr), f"seed {seed}"
        assert played.view.current == expected.view.current, f"seed {seed}"
        assert killer.kills > 0


@pytest.mark.parametrize("seeds", groups(12)[:2])
def test_what_lies_beside_the_scale_sets_is_judged_when_it_changes(seeds: Sequence[int]) -> None:
    """With and without leaving out what has not changed; and open findings are what the events say."""
    told: set[object] = set()
    for seed in seeds:
        played = {}
        for is_full in (True, False):
            world = world_with_all(new_world(FakeWorld()))
            world.request = {"is_full": is_full}
            played[is_full] = play(with_beside(timeline(seed), seed), world)
        assert_same(played[True], played[False], seed)
        counts = open_findings(played[False].rows)
        view = played[False].view
        remembered = {(key, rule_id) for key, state in view.current.items() for rule_id in state.open_findings}
        assert {finding for finding, count in counts.items() if count} == remembered, f"seed {seed}"
        told.update(row.get("RuleId") for row in played[False].rows if row["EventType"] == "finding.opened")
    assert told >= {"VMSS-009", "VMSS-014", "VMSS-035", "VMSS-037", "VMSS-040", "VMSS-074"}, (
        "too little happened beside"
    )


@pytest.mark.parametrize("seeds", GROUPS[:2])
def test_scans_that_are_killed_while_they_remember_images(seeds: Sequence[int]) -> None:
    """A version is first seen once: what a killed scan remembered, and what its repetition tells, is the same moment."""
    for seed in seeds:
        steps = with_beside(timeline(seed), seed)
        expected = play(steps, world_with_all(new_world(FakeWorld())))
        killer = Killer(seed)
        world = world_with_all(new_world(FakeWorld(KilledStore(killer))))
        world.sink = KilledSink(killer, world.received)
        played = play(steps, world, killer.scan)
        assert sorted(map(named, played.rows), key=repr) == sorted(map(named, expected.rows), key=repr), f"seed {seed}"
        assert played.view.current == expected.view.current, f"seed {seed}"


def assert_same(first: Played, second: Played, seed: int) -> None:
    """Compare two plays of one timeline."""
    assert json.dumps(first.rows) == json.dumps(second.rows), f"seed {seed}"
    assert first.view.current == second.view.current, f"seed {seed}"
    assert first.records == second.records, f"seed {seed}"


class Told:
    """Compares what each scan tells with Azure as it is, wherever Compute could be asked."""

    def __init__(self) -> None:
        self.good = 0
        self.false: list[object] = []

    def scan(self, world: FakeWorld, after: timedelta) -> ScanRecord:
        """Scan, and look at what it told."""
        rows = world.received.rows[Table.EVENTS]
        before = len(rows)
        result = world.scan(after=after)
        for row in rows[before:] if not world.azure.faults.compute_is_silent else []:
            is_true = self._is_true(world, row)
            self.good += is_true is True
            if is_true is False:
                self.false.append((row["EventType"], row["ScaleSetName"], row.get("RuleId") or row.get("Field")))
        return result.record

    def _is_true(self, world: FakeWorld, row: Mapping[str, Any]) -> bool | None:
        document = world.azure.documents.get(row["ScaleSetId"])
        if row["EventType"] == "scale_set.removed":
            return document is None
        if row["EventType"] == "scale_set.discovered" and row["Revision"] > 1:
            return document is not None
        if document is None:
            return None
        posture = parse_scale_set(document)
        if row["EventType"] == "finding.resolved":
            outcome = judge(posture, world.criteria.at(world.clock)).outcomes[row["RuleId"]]
            # These rest on what Compute itself said, or on what the scan before left of other scale sets.
            of_depth = {rule.id for rule in DEPTH_RULES} | COMPARED
            return None if row["RuleId"] in of_depth else outcome is Outcome.PASSED
        if row["EventType"] == "posture.drifted" and row["Direction"] == "strengthened":
            return bool(json_text(judge(posture, world.criteria.at(world.clock)).facts[row["Field"]]) == row["After"])
        return None


class CountsWrites(MemoryStore):
    """A store that counts how often each state was written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: dict[str, int] = {}

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        for write in writes:
            self.writes[write.row.key] = self.writes.get(write.row.key, 0) + 1
        return super().commit(writes)


class KilledError(BaseException):
    """The process ends here."""


class Killer:
    """Ends a scan at a call that it draws, before the call is done or after; the scan is then repeated."""

    def __init__(self, seed: int) -> None:
        self._draws = seed
        self._calls = 0
        self._at: int | None = None
        self.kills = 0

    def scan(self, world: FakeWorld, after: timedelta) -> ScanRecord:
        """Scan, be killed, and scan again until nobody kills."""
        self._draws += 7
        self._calls, self._at = 0, self._draws % 13
        try:
            result = world.scan(after=after)
        except KilledError:
            self.kills += 1
            self._at = None
            result = world.scan_again()
        self._at = None
        return result.record

    def call(self, do: Callable[[], Any]) -> Any:
        """Make a call, unless the process ends before it or after it."""
        self._calls += 1
        if self._at is not None and self._calls == self._at:
            if self._draws % 2:
                do()
            raise KilledError
        return do()


class KilledStore(MemoryStore):
    """A store of a process that may end at each of its calls."""

    def __init__(self, killer: Killer) -> None:
        super().__init__()
        self._killer = killer

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        done: Mapping[str, str] = self._killer.call(lambda: MemoryStore.commit(self, writes))
        return done

    def mark_sent(self, *given: Any) -> None:
        self._killer.call(lambda: MemoryStore.mark_sent(self, *given))

    def purge_sent(self, *given: Any) -> int:
        purged: int = self._killer.call(lambda: MemoryStore.purge_sent(self, *given))
        return purged

    def put_records(
        self, records: Mapping[str, str | None], events: Sequence[Event] = (), *, holder: str | None = None
    ) -> Sequence[OutboxEntry]:
        put: Sequence[OutboxEntry] = self._killer.call(
            lambda: MemoryStore.put_records(self, records, events, holder=holder)
        )
        return put


class KilledSink(MemorySink):
    """A sink of a process that may end at each of its calls."""

    def __init__(self, killer: Killer, received: MemorySink) -> None:
        super().__init__()
        self._killer = killer
        self._received = received

    def accept(self, table: Table, rows: Sequence[Any]) -> Any:
        return self._killer.call(lambda: self._received.accept(table, rows))
