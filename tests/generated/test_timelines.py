"""What holds for every timeline: events and states say the same, whatever people and Azure do."""

import json
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
from scanner.ports.event import Event, Table
from scanner.ports.store import OutboxEntry, StateWrite
from tests.fakes.azure import Faults
from tests.fakes.world import FakeWorld
from tests.generated.timeline import Played, Step, new_world, open_findings, play, timeline

SEEDS = range(60)
GROUPS = [pytest.param(SEEDS[start : start + 15], id=f"seeds from {start}") for start in SEEDS[::15]]
QUIET = [Step(after=timedelta(hours=1), changes=(), faults=Faults())] * 4


def named(row: Mapping[str, JsonValue]) -> tuple[object, ...]:
    """Name an event as two runs share it."""
    detail = row.get("RuleId") or row.get("Field")
    return row["EventType"], row["ScaleSetId"], detail, row["Revision"]


@pytest.mark.parametrize("seeds", GROUPS)
def test_events_and_states_agree(seeds: Sequence[int]) -> None:
    """Replaying the events rebuilds the open findings; revisions have no gap; a fleet at rest brings no event."""
    for seed in seeds:
        store = CountsWrites()
        world = new_world(FakeWorld(store))
        played = play(timeline(seed) + QUIET, world)
        counts = open_findings(played.rows)
        assert set(counts.values()) <= {0, 1}, f"seed {seed}: a finding was opened twice or closed twice"
        remembered = {(key, rule_id) for key, state in played.view.current.items() for rule_id in state.open_findings}
        assert {finding for finding, count in counts.items() if count} == remembered, f"seed {seed}"
        revisions = {key: known.state.revision for key, known in played.view.known.items()}
        assert revisions == store.writes, f"seed {seed}: a revision was left out"
        world.news()
        assert play(QUIET[:1], world).records[0].events_committed == 0, f"seed {seed}: an event without a change"
        assert world.news() == []


@pytest.mark.parametrize("seeds", GROUPS)
def test_the_same_timeline_brings_the_same_events(seeds: Sequence[int]) -> None:
    """Same in, same out: rows, ids and states are equal, whoever plays them."""
    for seed in seeds:
        first, second = (play(timeline(seed), new_world(FakeWorld())) for _ in range(2))
        assert_same(first, second, seed)


def test_every_store_remembers_the_same(tmp_path: Path) -> None:
    """A timeline over SQLite and one in memory leave the same events and states."""
    for seed in SEEDS[:20]:
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


def assert_same(first: Played, second: Played, seed: int) -> None:
    """Compare two plays of one timeline."""
    assert json.dumps(first.rows) == json.dumps(second.rows), f"seed {seed}"
    assert first.view.current == second.view.current, f"seed {seed}"
    assert first.records == second.records, f"seed {seed}"


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

    def put_records(self, records: Mapping[str, str], events: Sequence[Event] = ()) -> Sequence[OutboxEntry]:
        put: Sequence[OutboxEntry] = self._killer.call(lambda: MemoryStore.put_records(self, records, events))
        return put


class KilledSink(MemorySink):
    """A sink of a process that may end at each of its calls."""

    def __init__(self, killer: Killer, received: MemorySink) -> None:
        super().__init__()
        self._killer = killer
        self._received = received

    def accept(self, table: Table, rows: Sequence[Any]) -> Any:
        return self._killer.call(lambda: self._received.accept(table, rows))
