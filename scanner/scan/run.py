"""One scan, from reading to remembering: gather, decide, commit, deliver, and always say how it went."""

import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scanner.errors import (
    LeaseHeldError,
    LeaseLostError,
    MonitorError,
    ReadFailedError,
    StateConflictError,
    StoreError,
)
from scanner.events.rows import EventContext
from scanner.events.scan_record import LAST, LAST_COMPLETE, ScanRecord, Status
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.judging.judge import judge
from scanner.plain_text import plain
from scanner.ports.fleet import Coverage
from scanner.ports.store import Transition
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.scan.delivery import Delivery, deliver
from scanner.scan.fleet_view import Memory, remember
from scanner.scan.request import Ports, ScanRequest
from scanner.state import transitions
from scanner.state.coverage import RECORD as COVERAGE
from scanner.state.coverage import not_read
from scanner.state.state import ScaleSetState, body_of
from scanner.state.transitions import Step
from scanner.times import iso

MAX_CONFIRMATIONS = 100
"""Scale sets that Azure is asked about in one scan; the rest waits for the next. Resource Graph has lost whole fleets."""
REPLAY_WINDOW = timedelta(days=7)
"""How long an accepted event is kept: Log Analytics answers 204 and may still drop rows."""
FORGET_AFTER = timedelta(days=30)
"""How long a subscription that cannot be read any more makes scans partial; its scale sets stay, as last known."""
KEPT_UNREADABLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class ScanResult:
    """How a scan went, and what is known after it."""

    record: ScanRecord
    memory: Memory


def run_scan(ports: Ports, request: ScanRequest) -> ScanResult:
    """Read the fleet, judge it, remember it, and publish what changed.

    Raises ``LeaseHeldError`` when another scan runs, and whatever ended the scan early. A scan that began always
    leaves a ``scan.completed`` row, also when it failed.
    """
    scan = _Scan(ports, request, ports.now())
    try:
        scan.begin()
    except LeaseHeldError:
        raise
    except StoreError as unreachable:
        scan.publish(unreachable)
        raise
    try:
        failures = [error for step in (scan.watch, scan.deliver) if (error := scan.attempt(step)) is not None]
        failure = failures[0] if failures else None
        record = scan.publish(failure)
        if failure is not None:
            raise failure
        return ScanResult(record, scan.memory)
    finally:
        # A lease that cannot be given back ends by itself; that is no reason to call a finished scan a failed one.
        with suppress(StoreError):
            ports.store.release_lease(request.scan_id)


@dataclass(slots=True)
class _Reading:
    """What the scan saw of the fleet, as it grows page by page."""

    subscriptions: set[str] = field(default_factory=set)
    """Those whose scale sets Resource Graph lists."""
    unlisted: set[str] = field(default_factory=set)
    """Those of scale sets that were read while the list of subscriptions left them out."""
    seen: set[str] = field(default_factory=set)
    unreadable: int = 0
    unreadable_rows: list[dict[str, JsonValue]] = field(default_factory=list)
    is_concluded: bool = False
    """Every page was read and every row was a scale set: what was not there is missed, and the rest was read now."""


class _Scan:
    """The steps of one scan, and what they leave for its record."""

    def __init__(self, ports: Ports, request: ScanRequest, started: datetime) -> None:
        self._ports = ports
        self._request = request
        self._started = started
        self._renewed = started
        self.memory = Memory()
        self._reading = _Reading()
        self._delivery = Delivery()
        self._committed = 0
        self._events = EventContext(
            scan_id=request.scan_id,
            detected_at=iso(started),
            service_version=request.service_version,
            deployment=request.deployment,
        )

    @staticmethod
    def attempt(step: Callable[[], None]) -> Exception | None:
        """Run a step; its failure is told before it is raised, whatever it is."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - raised again by run_scan, once the scan has said how it ended
            return error
        return None

    def begin(self) -> None:
        """Keep other scans out. Raises ``LeaseHeldError``."""
        self._ports.store.acquire_lease(self._request.scan_id, self._started, self._request.lease)

    def watch(self) -> None:
        """Gather, decide, commit: page by page, so that a crash repeats little and memory stays small."""
        self.memory = remember(self._ports.store)
        coverage = self._ports.fleet.coverage()
        self._reading.subscriptions.update(coverage.subscriptions)
        for page in self._ports.fleet.pages():
            self._commit(self._judge(page, coverage))
            self._request.on_progress(len(self._reading.seen))
            self._check_time()
        if not self._reading.subscriptions:
            raise ReadFailedError(
                "The identity can read no subscription, so nothing is known of the fleet."
                " Grant it Reader on a subscription or a management group; a new grant can take hours to be seen."
            )
        if not self._reading.unreadable:  # else the one that was not there may be the row that could not be read
            self._commit(self._not_seen())
            self._reading.is_concluded = True

    def deliver(self) -> None:
        """Send what waits in the outbox, from this scan and from earlier ones."""
        self._beat(always=True)
        if self._request.is_delivering:
            self._delivery = deliver(self._ports.store, self._ports.sink, self._ports.now, self._beat)
        self._ports.store.purge_sent(self._started - REPLAY_WINDOW)

    def publish(self, failure: Exception | None) -> ScanRecord:
        """Remember and send how the scan went. Where the store fails, the row is sent all the same."""
        record = self._record(failure)
        event = record.event(self._events)
        try:
            self._ports.store.put_records(self._records(record, failure), [event])
            if self._request.is_delivering:
                deliver(self._ports.store, self._ports.sink, self._ports.now, lambda: None, only=event.event_id)
        except StoreError:
            self._ports.sink.accept(event.table, [{"TimeGenerated": iso(self._ports.now()), **event.columns}])
            if failure is None:
                raise
        return record

    def _records(self, record: ScanRecord, failure: Exception | None) -> dict[str, str]:
        """Choose what this scan may leave for later ones: nothing, once another scan has taken over."""
        if isinstance(failure, LeaseLostError | StateConflictError):
            return {}
        records = {LAST: record.to_json()}
        if self._reading.is_concluded:
            coverage = self.memory.coverage.after(
                self._reading.subscriptions, iso(self._started), self.memory.subscriptions()
            )
            records[COVERAGE] = coverage.to_json()
        if record.status is Status.COMPLETE:
            records[LAST_COMPLETE] = record.to_json()
        return records

    def _judge(self, page: Iterable[object], coverage: Coverage) -> Iterator[Step]:
        for row in page:
            try:
                posture = parse_scale_set(row, resource_group_managed_by=coverage.managed_groups.get(_group_of(row)))
            except UnreadableRowError as error:
                self._set_aside(row, error)
                continue
            if posture.key in self._reading.seen:
                continue  # the same scale set under another spelling of its id
            self._reading.seen.add(posture.key)
            known = self.memory.state_of(posture.key)
            if not coverage.subscriptions:
                self._reading.subscriptions.add(posture.subscription_id)
            if posture.subscription_id not in coverage.subscriptions:
                self._reading.unlisted.add(posture.subscription_id)
                posture = _with_known_owner(posture, known)
            if posture.key not in self.memory.unreadable:
                yield transitions.seen(judge(posture, self._request.criteria), known, self._events)

    def _not_seen(self) -> Iterator[Step]:
        absent = [
            state
            for key, state in self.memory.current.items()
            if key not in self._reading.seen and state.identity.subscription_id in self._reading.subscriptions
        ]
        doubtful = [state for state in absent if state.missed_scans + 1 >= transitions.CONFIRM_AFTER]
        for state in absent:
            if state.missed_scans + 1 < transitions.CONFIRM_AFTER:
                last_read_at = self.memory.coverage.read_at.get(state.identity.subscription_id)
                yield transitions.missed(state, last_read_at, self._events)
        # Another order in every scan: those that Azure does not confirm must not keep the others waiting for ever.
        random.Random(self._request.scan_id).shuffle(doubtful)  # noqa: S311 - an order, no secret
        for state in doubtful[:MAX_CONFIRMATIONS]:
            self._beat()
            if self._ports.compute.is_gone(state.identity.scale_set_id):
                yield transitions.removed(state, self._events)

    def _commit(self, steps: Iterable[Step]) -> None:
        commit_id = str(uuid.uuid4())
        changed: list[tuple[Step, Transition]] = []
        for step in steps:
            remembered = self.memory.known.get(step.state.identity.key)
            if not step.events and remembered is not None and body_of(step.state) == remembered.body:
                continue
            replaces = None if remembered is None else remembered.version
            changed.append((step, transitions.transition_of(step.state, replaces, step.events, commit_id)))
        self._beat()
        self._ports.store.commit([transition for _, transition in changed])
        for step, _ in changed:
            self.memory.learn(step.state)
            self._committed += len(step.events)

    def _record(self, failure: Exception | None) -> ScanRecord:
        reading, memory, delivery = self._reading, self.memory, self._delivery
        ended = self._ports.now()
        lost = not_read(
            reading.subscriptions,
            asked_for=self._request.scope,
            last_scan=memory.coverage.last_scan,
            with_scale_sets=memory.coverage.recent(memory.subscriptions(), iso(self._started - FORGET_AFTER)),
        )
        problems = [] if failure is None else [_told(failure)]
        if lost:
            problems.append(f"Subscriptions that could not be read: {len(lost)} ({', '.join(lost[:10])}).")
        if reading.unreadable:
            problems.append(f"Rows of Resource Graph's answer that are no readable scale set: {reading.unreadable}.")
        if reading.unlisted and reading.unlisted != reading.subscriptions:
            problems.append(
                f"Subscriptions that Resource Graph does not list: {', '.join(sorted(reading.unlisted)[:10])}."
            )
        problems.extend(list(memory.unreadable.values())[:KEPT_UNREADABLE_ROWS])
        if failure is not None and not reading.seen:
            status = Status.FAILED
        else:
            status = Status.PARTIAL if problems else Status.COMPLETE
        if delivery.error:
            problems.append(f"Not everything was delivered: {delivery.error}")
        in_scope = memory.within(self._request.scope)
        calls = self._ports.calls
        return ScanRecord(
            scan_id=self._request.scan_id,
            trigger=self._request.trigger,
            status=status,
            error=" ".join(problems),
            started_at=iso(self._started),
            ended_at=iso(ended),
            duration_ms=round((ended - self._started).total_seconds() * 1000),
            subscriptions_read=len(reading.subscriptions) if reading.is_concluded else 0,
            subscriptions_not_read=lost,
            scale_sets_read=len(reading.seen),
            scale_sets_not_seen=sum(1 for key in memory.current if key not in reading.seen),
            rows_unreadable=reading.unreadable,
            unreadable_rows=tuple(reading.unreadable_rows),
            open_findings=dict(in_scope.open_findings()),
            headlines=dict(in_scope.headlines()),
            events_committed=self._committed,
            events_delivered=delivery.delivered,
            events_refused=delivery.refused,
            events_waiting=delivery.refused,
            graph_queries=calls.graph_queries,
            arm_calls=calls.arm_calls,
            throttles=calls.throttles,
            policy_version=self._request.criteria.version,
        )

    def _set_aside(self, row: object, error: UnreadableRowError) -> None:
        self._reading.unreadable += 1
        if len(self._reading.unreadable_rows) < KEPT_UNREADABLE_ROWS:
            identifier = row.get("id") if isinstance(row, dict) else None
            problem: dict[str, JsonValue] = {"id": plain(str(identifier), 512), "problem": plain(str(error), 512)}
            self._reading.unreadable_rows.append(problem)

    def _check_time(self) -> None:
        limit = self._request.time_limit
        if self._ports.now() - self._started > limit:
            raise ReadFailedError(
                f"The scan reached its time limit of {limit.total_seconds() / 60:g} minutes after"
                f" {len(self._reading.seen)} scale sets; what it read is kept."
                " Raise VMSS_TIME_LIMIT_MINUTES, or watch fewer subscriptions."
            )

    def _beat(self, *, always: bool = False) -> None:
        """Renew the lease when a third of it is used up. Raises ``LeaseLostError``."""
        now = self._ports.now()
        if always or now - self._renewed > self._request.lease / 3:
            self._ports.store.renew_lease(self._request.scan_id, now, self._request.lease)
            self._renewed = now


def _group_of(row: object) -> str:
    """Name the resource group in a row's id, in lower case; empty where there is none."""
    identifier = row.get("id") if isinstance(row, dict) else None
    return identifier.lower().partition("/providers/")[0] if isinstance(identifier, str) else ""


def _told(failure: Exception) -> str:
    """Say what went wrong; an error that is none of the service's own kinds is named too."""
    return str(failure) if isinstance(failure, MonitorError) else f"{type(failure).__name__}: {failure}"


def _with_known_owner(posture: Posture, known: ScaleSetState | None) -> Posture:
    """Keep the service that owned the rollout while the resource groups, which may say so, are not listed."""
    if posture.managed_by is not None or known is None or known.managed_by is None:
        return posture
    return replace(posture, managed_by=known.managed_by)
