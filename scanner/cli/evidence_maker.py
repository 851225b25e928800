"""Makes one bundle of evidence: rows from a source into files, and everything that is made of them."""

import argparse
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scanner import __version__
from scanner.adapters.bundle_files import BundleWriter
from scanner.adapters.controls import controls
from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.row_sources import RowSource
from scanner.adapters.sinks.declared_tables import declared_tables
from scanner.bootstrap import utc_now
from scanner.events.snapshot_chain import canonical, row_hash
from scanner.evidence.bundle import Declared, context_of, derived_files, policy_files
from scanner.evidence.manifest import MANIFEST_FILE, Manifest
from scanner.evidence.people import Pseudonyms
from scanner.evidence.rows import (
    COMPLETED,
    EVENTS_FILE,
    ROW_HASH,
    SCANS_FILE,
    SNAPSHOT_FILE,
    Period,
    Row,
    Rows,
    line_of,
)
from scanner.plain_text import plural
from scanner.ports.event import Table
from scanner.times import iso, iso_to_millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for."""

    period: Period
    first: datetime
    """From when rows are read: before the period where one day is asked for, for the snapshot that was in force."""


class BundleMaker:
    """Makes one bundle."""

    def __init__(self, source: RowSource, writer: BundleWriter, asked: Asked, deployment: str) -> None:
        self._source = source
        self._writer = writer
        self._asked = asked
        self._deployment = deployment
        self._pseudonyms: Pseudonyms | None = None
        self._rows = Rows(lambda name: (line.rstrip(b"\n") for line in writer.lines(name)))
        self.notes: list[str] = []
        self.problems: list[str] = []
        self.newest = ""
        """Hash of the newest snapshot."""

    def make(self, options: argparse.Namespace) -> Manifest:
        """Write every file, and the manifest last."""
        if options.names == "pseudonym":
            self._pseudonyms = Pseudonyms(secrets.token_hex(32))
        self._write_rows()
        enclosed = self._policy(options)
        manifest = Manifest(
            made_at=iso(utc_now()),
            made_by=__version__,
            source=self._source.name,
            deployment=self._deployment,
            period=self._asked.period,
            names=options.names,
            notes=self.notes,
            policy=enclosed,
        )
        context = context_of(self._rows, manifest, declared())
        for name, write in derived_files(self._rows, manifest, context):
            self._writer.write(name, write())
        self.problems = [str(problem) for problem in context.chain.problems]
        self.newest = context.chain.newest.hash if context.chain.newest else ""
        manifest = replace(manifest, files=dict(self._writer.entries))
        self._writer.write(MANIFEST_FILE, [manifest.text().encode()])
        return manifest

    def _policy(self, options: argparse.Namespace) -> Mapping[str, str]:
        """Enclose the operator's files, with the fingerprint that scans carry when these judge."""
        named = {"policy.toml": options.policy, "exemptions.toml": options.exemptions, "rules.toml": options.rules}
        given = {name: path for name, path in named.items() if path is not None}
        if not given:
            self.notes.append("The policy that judged is named by its fingerprint; its text was not enclosed.")
            return {}
        version = read_criteria(options.policy, options.exemptions, utc_now(), options.rules).version
        texts = {name: path.read_text(encoding="utf-8-sig") for name, path in given.items()}
        for name, content in policy_files(texts).items():
            self._writer.write(name, [content])
        judged = sum(1 for scan in self._rows.scans() if scan.get("PolicyVersion") == version)
        self.notes.append(
            f"The enclosed policy has the fingerprint {version}: it judged {plural(judged, 'scan')} of the period."
        )
        return dict.fromkeys(policy_files(texts), f"fingerprint {version}")

    def _write_rows(self) -> None:
        completed = self._write_events()
        self._write(SCANS_FILE, Table.SCANS, self._once(Table.SCANS, self._asked.period.first))
        self._write(SNAPSHOT_FILE, Table.SNAPSHOT, self._snapshots(completed))
        attempts = self._source.attempts(self._deployment, self._asked.first, self._asked.period.end)
        for at in sorted(attempts.keys() - set(completed)):
            if self._asked.period.holds(f"{at.rstrip('Z')}000Z"):
                self.notes.append(
                    f"{plural(attempts[at], 'row')} of a snapshot of {at} that was not completed are left out."
                )

    def _write_events(self) -> list[str]:
        """Write the events; answer the moments of the snapshots that are part of the bundle."""
        first = iso(self._asked.period.first)
        looked_at = [
            iso_to_millisecond(str(canonical_moment(event)))
            for event in self._once(Table.EVENTS, self._asked.first)
            if event.get("EventType") == COMPLETED
        ]
        inside = [at for at in looked_at if at >= first]
        before = [at for at in looked_at if at < first]
        kept = inside or before[-1:]
        if not inside and before:
            self.notes.append(
                f"No snapshot was completed in {self._asked.period}; the last one before, of {before[-1]}, is in its place."
            )
        self._write(EVENTS_FILE, Table.EVENTS, self._kept_events(set(kept), first))
        return kept

    def _kept_events(self, kept: set[str], first: str) -> Iterator[Row]:
        for event in self._once(Table.EVENTS, self._asked.first):
            at = iso_to_millisecond(str(canonical_moment(event)))
            if at in kept if event.get("EventType") == COMPLETED else at >= first:
                yield event if self._pseudonyms is None else self._pseudonyms.of_event(parsed(event))

    def _snapshots(self, completed: Iterable[str]) -> Iterator[Row]:
        for at in completed:
            last = b""
            for row in self._source.snapshot(self._deployment, at):
                line = canonical(row)
                if line != last:
                    yield self._shown(parsed(row))
                last = line

    def _shown(self, row: Row) -> Row:
        """Show a row without names where that is asked for; with the hash that it had."""
        shown = row if self._pseudonyms is None else self._pseudonyms.of_snapshot(row)
        return row if shown == row else {**shown, ROW_HASH: row_hash(self._declared(row, Table.SNAPSHOT))}

    @staticmethod
    def _declared(row: Row, table: Table) -> Row:
        columns = {column.name for column in declared_tables()[table].columns}
        return {name: value for name, value in row.items() if name in columns}

    def _once(self, table: Table, first: datetime) -> Iterator[Row]:
        """Yield the events or scans, each once: Log Analytics takes rows at least once."""
        seen: set[str] = set()
        for row in self._source.rows(table, self._deployment, first, self._asked.period.end):
            identifier = str(row.get("EventId", ""))
            if identifier not in seen:
                seen.add(identifier)
                yield row

    def _write(self, name: str, table: Table, rows: Iterable[Row]) -> None:
        columns = frozenset(column.name for column in declared_tables()[table].columns) | {ROW_HASH}
        self._writer.write(name, (line_of(row, columns) + b"\n" for row in rows))


def parsed(row: Row) -> Row:
    """Read what a query answers as text of lists and objects, so that names in it are found."""
    return {name: _parsed(value) for name, value in row.items()}


def _parsed(value: object) -> object:
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def canonical_moment(event: Row) -> str:
    """Read the moment of an event, whether a query answered it as a moment or an export as text."""
    moment = event.get("DetectedAt", "")
    return moment.isoformat() if isinstance(moment, datetime) else str(moment)


def declared() -> Declared:
    """Gather what the package declares, and the tables are made with."""
    found = declared_tables()
    return Declared(
        controls=controls(),
        event_columns=tuple(column.name for column in found[Table.EVENTS].columns),
    )
