"""Retiring a subscription that is gone for good: what was open is withdrawn, its rows leave the snapshot, history stays."""

import uuid
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from scanner.events.rows import events_of
from scanner.events.stamp import ScanStamp
from scanner.ports.store import StateStore, StateWrite
from scanner.scan.lease import ScanLease
from scanner.scan.request import LEASE
from scanner.scan.shard_view import ShardView, read_view
from scanner.state import transitions
from scanner.state.coverage import RECORD
from scanner.state.text import encode
from scanner.state.transitions import Transition
from scanner.times import iso


def retire(store: StateStore, subscription_id: str, now: datetime, service_version: str, deployment: str = "") -> int:
    """Retire a subscription, between two scans; answer the number of its scale sets.

    The events wait in the outbox for the next scan. A subscription that can be read again is discovered anew, with new
    ids. Raises ``LeaseHeldError`` while a scan runs.
    """
    moment = iso(now)
    stamp = ScanStamp(
        scan_id=str(uuid.uuid4()), detected_at=moment, service_version=service_version, deployment=deployment
    )
    lease = ScanLease(store, stamp.scan_id, LEASE, lambda: now)
    lease.take()
    try:
        view = read_view(store, {subscription_id.lower()})
        count = 0
        for leaving in of_subscriptions(view, {subscription_id.lower()}, moment):
            writes = [
                StateWrite(
                    row=encode(transition.state, stamp.scan_id),
                    replaces=view.states[transition.state.identity.key].version,
                    events=events_of(transition, stamp),
                )
                for transition in leaving
            ]
            store.commit(writes)
            count += len(writes)
        coverage = view.coverage.without(subscription_id.lower())
        store.put_records({RECORD: coverage.to_json()}, holder=stamp.scan_id)
        return count
    finally:
        lease.give_back()


def of_subscriptions(view: ShardView, subscriptions: Collection[str], moment: str) -> Iterator[Iterable[Transition]]:
    """Retire all that is known of some subscriptions, by id, in batches."""
    leaving = sorted(key for key in view.current() if view.headers[key].subscription_id in subscriptions)
    for states in view.in_batches(leaving):
        yield [transitions.retired(state, moment) for state in states]
