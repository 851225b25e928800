"""Where ``report`` and ``export`` read a fleet: the state of the last scan, exported rows, or Log Analytics."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from scanner.cli.row_files import rows_in
from scanner.cli.state_file import state_folder
from scanner.cli.store_options import deployment_of, open_store
from scanner.clouds import CLOUDS
from scanner.errors import SettingsError, UnreadableError
from scanner.facts.evidence import JsonValue
from scanner.overview.from_state import of_state
from scanner.overview.gathered import Gathered, gather
from scanner.overview.happened import change_of, newest_first, oldest_first, scan_of
from scanner.overview.overview import Overview, with_remediations
from scanner.overview.scale_set import KnownScaleSet
from scanner.ports.event import Table
from scanner.ports.store import Damage, StateStore
from scanner.state.coverage import RECORD, CoverageRecord, not_read, read_coverage
from scanner.state.state import ScaleSetState
from scanner.state.text import decode
from scanner.times import iso, iso_to_millisecond

KEPT = timedelta(days=8)
"""How long the outbox keeps what was accepted, and a day more."""
LIMIT = timedelta(minutes=30)


def states_of(store: StateStore, on_damage: Callable[[Damage], None]) -> Iterator[ScaleSetState]:
    """Yield the last known states one after the other, tombstones left out."""
    for stored in store.load(on_damage):
        try:
            state = decode(stored.row)
        except UnreadableError as error:
            on_damage(Damage(kind="state", name=stored.row.key, why=str(error)))
            continue
        if state.removed_at is None:
            yield state


@dataclass(slots=True)
class KnownFleet:
    """A source that is open: its scale sets can be read one after the other, more than once."""

    source: str
    scale_sets: Callable[[], Iterator[KnownScaleSet]]
    overview: Callable[[], Overview]
    """Everything at once."""
    at: Callable[[], str]
    """The moment of which it speaks (ISO 8601, UTC)."""
    problems: list[str] = field(default_factory=list)
    """What could not be read so far."""


@contextmanager
def known_fleet(options: argparse.Namespace, now: Callable[[], datetime]) -> Iterator[KnownFleet]:
    """Open the source that the options name. Raises ``SettingsError``, ``StoreError`` or ``ReadFailedError``."""
    named = [name for name in ("files", "workspace", "settings", "state") if getattr(options, name)]
    if len(named) > 1:
        raise SettingsError(f"Name one source: {' and '.join(named)} were given.")
    if options.files:
        yield _of_gathered(_chosen(gather(rows_in(options.files), "exported rows", options.deployment)))
        return
    if options.workspace:
        yield _of_gathered(_chosen(_of_workspace(options, now())))
        return
    if options.settings is None and options.state is None:
        options.state = _newest_state_file()
    name = f"the state file {options.state.name}" if options.state else "the state of the deployed service"
    with open_store(options) as store:
        yield of_store(store, name, deployment_of(options), now())


def of_store(store: StateStore, source: str, deployment: str, now: datetime) -> KnownFleet:
    """Look at a store as a fleet."""
    fleet = KnownFleet(
        source=source,
        scale_sets=lambda: _scale_sets(store, fleet),
        overview=lambda: _overview_of_store(store, fleet, deployment, now),
        at=lambda: max(_coverage(store, fleet).read_at.values(), default=iso(now)),
    )
    return fleet


def _scale_sets(store: StateStore, fleet: KnownFleet) -> Iterator[KnownScaleSet]:
    coverage = _coverage(store, fleet)
    found: list[Damage] = []
    for state in states_of(store, found.append):
        yield of_state(state, coverage)
    fleet.problems += [f"{damage.key} cannot be read: {damage.why}" for damage in found]


def _coverage(store: StateStore, fleet: KnownFleet) -> CoverageRecord:
    try:
        return read_coverage(store.get_record(RECORD))
    except UnreadableError as error:
        fleet.problems.append(f"The record of coverage cannot be read: {error}")
        return CoverageRecord()


def _overview_of_store(store: StateStore, fleet: KnownFleet, deployment: str, now: datetime) -> Overview:
    fleet.problems.clear()
    coverage = _coverage(store, fleet)
    scale_sets = list(_scale_sets(store, fleet))
    changes, scans = [], []
    for entry in (*store.sent(now - KEPT), *store.unsent()):
        if entry.damage:
            fleet.problems.append(entry.damage)
        for event in entry.events:
            if event.table is Table.EVENTS:
                changes.append(change_of(event.columns))
            elif event.table is Table.SCANS:
                scans.append(scan_of(event.columns))
    newest, told = newest_first(changes), oldest_first(scans)
    last = next((scan.at for scan in reversed(told) if scan.has_read), max(coverage.read_at.values(), default=""))
    return Overview(
        at=last or iso(now),
        source=fleet.source,
        deployment=deployment,
        scale_sets=tuple(with_remediations(sorted(scale_sets, key=lambda item: item.key), newest)),
        changes=newest,
        scans=told,
        read_at=coverage.read_at,
        not_read=not_read(
            coverage.last_scan,
            asked_for=(),
            last_scan=coverage.last_scan,
            with_scale_sets={item.subscription_id for item in scale_sets},
        ),
        problems=tuple(fleet.problems),
        notes=(f"Changes and scans of the last {KEPT.days - 1} days: the state keeps no older ones.",),
    )


def _of_gathered(gathered: Gathered) -> KnownFleet:
    overview = gathered.overview()
    return KnownFleet(
        source=gathered.source,
        scale_sets=lambda: iter(overview.scale_sets),
        overview=lambda: overview,
        at=lambda: overview.at,
        problems=list(overview.problems),
    )


def _chosen(gathered: Gathered) -> Gathered:
    _one_deployment(gathered)
    if not gathered.deployments and not gathered.overview().scale_sets:
        raise SettingsError(f"There is no row of ours in {gathered.source}.")
    return gathered


def _one_deployment(gathered: Gathered) -> str:
    """Name the deployment that the rows are of. Refuses those of several: each has its own truth."""
    if gathered.deployment is not None:
        return gathered.deployment
    if len(gathered.deployments) > 1:
        named = ", ".join(repr(name) for name in sorted(gathered.deployments))
        raise SettingsError(f"The rows are of several deployments: {named}. Name one with --deployment.")
    return next(iter(gathered.deployments), "")


def _of_workspace(options: argparse.Namespace, now: datetime) -> Gathered:
    from scanner.adapters.azure.connect import as_person, connect
    from scanner.adapters.azure.logs_query import WorkspaceRows

    cloud = CLOUDS[options.cloud]
    with (
        closing(connect(cloud, as_person(cloud), LIMIT)) as connection,
        closing(
            WorkspaceRows(
                connection,
                endpoint=options.query_endpoint or cloud.query_endpoint,
                audience=cloud.query_endpoint,
                workspace_id=options.workspace,
            )
        ) as workspace,
    ):
        first, end = now - timedelta(days=options.days), now + timedelta(minutes=1)
        gathered = Gathered(source=f"the workspace {options.workspace}", deployment=options.deployment)
        gathered.deployments.update(workspace.deployments(first, end))
        deployment = _one_deployment(gathered)
        for table in (Table.SCANS, Table.EVENTS):
            for row in workspace.rows(table, deployment, first, end):
                gathered.take(_plain(row))
        # Rows of a snapshot that was not completed are a part of a fleet.
        whole = gathered.snapshots & workspace.attempts(deployment, first, end).keys()
        for row in workspace.snapshot(deployment, max(whole)) if whole else ():
            gathered.take(_plain(row))
        return gathered


def _plain(row: Mapping[str, object]) -> dict[str, JsonValue]:
    """Write moments as text, as files have them; dynamic columns are JSON text already."""
    return {
        name: iso_to_millisecond(value.isoformat()) if isinstance(value, datetime) else cast("JsonValue", value)
        for name, value in row.items()
    }


def _newest_state_file() -> Path:
    files = sorted(state_folder().glob("*.sqlite"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise SettingsError(
            f"No scan is remembered in {state_folder()}. Run vmss-posture scan, or name a source: --state, --settings,"
            " --workspace or files."
        )
    return files[-1]
