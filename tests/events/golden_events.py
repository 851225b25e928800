"""The golden example of each event, made by the real rules from the demo's scale set.

``python -m tests.events.golden_events`` writes the files anew; a reviewer then sees what changed for whoever reads events.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.sinks.memory_sink import MemorySink
from scanner.adapters.stores.memory_store import MemoryStore
from scanner.events.rows import events_of
from scanner.events.scan_record import ScanRecord, Status
from scanner.events.snapshot_rows import snapshot_id
from scanner.events.stamp import ScanStamp
from scanner.facts.change import Attribution, Certainty, Change
from scanner.facts.depth import Depth
from scanner.facts.rollout import OsUpgradeAttempt, Progress, RollingUpgrade, RolloutError, RolloutStatus
from scanner.judging.judge import Judgement, judge
from scanner.ports.event import Event, Table
from scanner.ports.store import StateWrite
from scanner.reading.posture_rows import parse_scale_set
from scanner.snapshot import write_snapshot
from scanner.state import transitions
from scanner.state.figures import by_place, told_figures
from scanner.state.state import ScaleSetState
from scanner.state.text import encode
from scanner.state.transitions import Transition
from tests.scale_sets import document

FOLDER = Path(__file__).parent.parent / "golden" / "events"
NOW = datetime(2026, 11, 9, 6, 0, tzinfo=UTC)
_FIGURES = [
    59,
    1_800,
    60,
    2,
    40,
    6,
    6 * round(NOW.timestamp()) - 24 * 86_400,
    0,
    590,
    500,
    80,
    3_600_000,
    0,
    12,
    960,
    3,
    2,
]
"""As of ``scanner.state.figures``: what one application adds up to."""
_EXEMPTION = "rules=VMSS-001; until=2026-12-31; reason=load test; owner=team-shop"


def examples() -> dict[str, Event]:
    """Make one event of every type."""
    return {str(event.columns["EventType"]): event for event in _examples()}


def _examples() -> Iterator[Event]:
    on, off = _judged(upgrade=True), _judged(upgrade=False)
    exempt = _judged(upgrade=False, exempt=True)
    discovered = _seen(on, None)
    weakened = _seen(_by_eve(off), discovered.state)
    exempted = _seen(exempt, weakened.state)
    resolved = _seen(_by_eve(on), weakened.state)
    recreated = _seen(_judged(upgrade=True, unique_id="b"), resolved.state)
    retired = transitions.retired(weakened.state, _stamp().detected_at)
    removed = transitions.removed(weakened.state, _stamp().detected_at)
    yield from events_of(discovered, _stamp())
    yield from events_of(weakened, _stamp())
    yield from events_of(exempted, _stamp())
    yield from events_of(resolved, _stamp())
    yield from events_of(recreated, _stamp())
    yield from events_of(retired, _stamp())
    yield from events_of(removed, _stamp())
    yield from _rollouts(on)
    yield _scan()
    yield _snapshot(weakened.state)


def _judged(*, upgrade: bool, exempt: bool = False, unique_id: str = "a") -> Judgement:
    row: dict[str, Any] = document("shop-orders")
    row["properties"]["uniqueId"] = unique_id
    row["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = upgrade
    if exempt:
        row["tags"]["upgrade-posture-exempt"] = _EXEMPTION
    return judge(parse_scale_set(row), read_criteria(None, None, NOW))


def _rollouts(judgement: Judgement) -> Iterator[Event]:
    """Make an event of each kind: an upgrade that hangs, and the ends that an upgrade may have."""
    began = NOW - timedelta(hours=9)
    running = RollingUpgrade(
        status=RolloutStatus.ROLLING_FORWARD,
        started_at=began,
        progress=Progress(successful=2, failed=0, in_progress=2, pending=6),
        progress_since=began,
        hooks_read=True,
    )
    by = judgement.criteria
    stalled = events_of(
        _seen(judge(judgement.posture, by, Depth(rolling_upgrade=running, attempts=(), windows=())), None), _stamp()
    )
    yield from (event for event in stalled if str(event.columns["EventType"]).startswith("rollout."))
    error = RolloutError(code="MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade", message="2 are unhealthy.")
    for status, rolled_back, progress in (
        (RolloutStatus.COMPLETED, None, Progress(successful=10, failed=0, in_progress=0, pending=0)),
        (RolloutStatus.FAULTED, None, Progress(successful=2, failed=2, in_progress=0, pending=6)),
        (RolloutStatus.FAULTED, 2, Progress(successful=2, failed=2, in_progress=0, pending=6)),
    ):
        attempt = OsUpgradeAttempt(
            status=status,
            started_at=began,
            ended_at=began + timedelta(minutes=42),
            started_by="platform",
            target="canonical/0001-com-ubuntu-server-jammy/22_04-lts-gen2/22.04.202611050",
            progress=progress,
            error=None if status is RolloutStatus.COMPLETED else error,
            rolled_back=rolled_back,
        )
        depth = Depth(rolling_upgrade=RollingUpgrade(status=RolloutStatus.NEVER), attempts=(attempt,))
        told = events_of(_seen(judge(judgement.posture, by, depth), None), _stamp())
        yield from (event for event in told if str(event.columns["EventType"]).startswith("rollout."))


def _by_eve(judgement: Judgement) -> Judgement:
    path = "properties.upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
    change = Change(
        attribution=Attribution(
            certainty=Certainty.KNOWN,
            changed_at="2026-11-09T05:41:07.123Z",
            changed_by="eve@contoso.com",
            changed_by_type="User",
            changed_with="Azure Portal",
            client_id="c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
            operation="Microsoft.Compute/virtualMachineScaleSets/write",
            correlation_id="3f1c8a52-0a6a-4a53-8a52-5f3a9d107b1f",
        ),
        values={path: str(judgement.posture.automatic_os_upgrade)},
        current=frozenset({path}),
    )
    return replace(judgement, depth=Depth(changes=(change,)))


def _seen(judgement: Judgement, known: ScaleSetState | None) -> Transition:
    return transitions.seen(judgement, known, _stamp().detected_at)


def _stamp() -> ScanStamp:
    return ScanStamp(
        scan_id="7b1f0f1e-5b3c-4a53-8a52-0a6a5f3a9d10",
        detected_at="2026-11-09T06:00:00.000Z",
        service_version="0.1.0",
        deployment="k3n5q2w7x4y6z",
    )


def _scan() -> Event:
    return ScanRecord(
        scan_id="7b1f0f1e-5b3c-4a53-8a52-0a6a5f3a9d10",
        trigger="timer",
        status=Status.PARTIAL,
        error="Subscriptions that could not be read: 1 (5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02).",
        started_at="2026-11-09T06:00:00.000Z",
        ended_at="2026-11-09T06:00:02.500Z",
        duration_ms=2500,
        subscriptions_read=4,
        subscriptions_not_read=("5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02",),
        scale_sets_read=59,
        scale_sets_not_seen=1,
        open_findings={"high": 4, "medium": 2},
        headlines={"yes": 40, "blocked": 2, "managed": 17},
        events_committed=3,
        events_delivered=3,
        graph_queries=2,
        policy_version="75d98ba7cbe3",
        instances={
            "scale_sets": 3,
            "offers_model": False,
            "offers_protection": False,
            "asked": 2,
            "unreadable": 0,
            "problem": "",
        },
        numbers=told_figures(by_place({("production", "shop", "westeurope", "s"): _FIGURES}), NOW),
    ).event(_stamp())


def _snapshot(state: ScaleSetState) -> Event:
    store, sink = MemoryStore(), MemorySink()
    moment = "2026-11-09T06:00:00.000Z"
    stamp = ScanStamp(
        scan_id=snapshot_id(moment), detected_at=moment, service_version="0.1.0", deployment="k3n5q2w7x4y6z"
    )
    store.commit([StateWrite(row=encode(state, "commit"), replaces=None)])
    write_snapshot(store, sink, lambda: NOW, stamp)
    row = dict(sink.rows[Table.EVENTS][0])
    row.pop("TimeGenerated")
    return Event(str(row["EventId"]), Table.EVENTS, row)


def text_of(event: Event) -> str:
    """Write an event as its golden file holds it."""
    return json.dumps(event.columns, indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, event in examples().items():
        (FOLDER / f"{name}.json").write_text(text_of(event), encoding="utf-8")
