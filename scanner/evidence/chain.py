"""The check of the hash chain: what an auditor can rely on, and each thing that breaks it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from scanner.events.snapshot_chain import SnapshotHash, canonical
from scanner.events.snapshot_rows import snapshot_id
from scanner.evidence.rows import ROW_HASH, Row
from scanner.plain_text import plain, plural
from scanner.times import iso_to_millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that breaks the chain, or that keeps a snapshot from being checked."""

    at: str
    """Moment of the snapshot, ISO 8601, UTC."""
    what: str
    """A sentence."""

    def __str__(self) -> str:
        return f"{self.at}: {self.what}" if self.at else self.what


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot as its event tells it."""

    at: str
    hash: str
    previous: str
    rows: int | None
    summary: str
    deployment: str


@dataclass(slots=True, kw_only=True)
class ChainReport:
    """What the check found."""

    snapshots: Sequence[Snapshot]
    problems: list[Problem] = field(default_factory=list)
    redacted: int = 0
    """Rows that are shown with a pseudonym, and by the hash that they had."""

    @property
    def newest(self) -> Snapshot | None:
        """The newest snapshot that has a hash."""
        return next((item for item in reversed(self.snapshots) if item.hash), None)


def check_chain(completed: Sequence[Row], rows: Iterable[Row]) -> ChainReport:
    """Check every snapshot against its rows, and each against the one before.

    ``completed`` are the events in the order in which they stand; ``rows`` come by moment and scale set, as a bundle
    holds them, and are read once.
    """
    report = ChainReport(snapshots=[_read(event) for event in completed])
    report.problems += _check_events(completed, report.snapshots)
    known = {snapshot.at: snapshot for snapshot in reversed(report.snapshots)}
    found: set[str] = set()
    last = ""
    for moment, group in groupby(rows, key=lambda row: str(row.get("SnapshotAt", ""))):
        at = iso_to_millisecond(moment)
        snapshot = known.get(at)
        if snapshot is None:
            count = sum(1 for _ in group)
            report.problems.append(
                Problem(at=at, what=f"{plural(count, 'row')} of a snapshot that no event completes.")
            )
            continue
        if at in found:
            report.problems.append(Problem(at=at, what="Rows of this snapshot stand in several places."))
        elif moment < last:
            report.problems.append(Problem(at=at, what="Rows stand after those of a later snapshot."))
        found.add(at)
        last = max(last, moment)
        report.problems += _check_rows(snapshot, group, report)
    for snapshot in report.snapshots:
        if snapshot.at not in found and snapshot.rows:
            problem = f"None of its {plural(snapshot.rows, 'row')} is there."
            report.problems.append(Problem(at=snapshot.at, what=problem))
        elif snapshot.at not in found:
            report.problems += _check_rows(snapshot, (), report)
    return report


def _read(event: Row) -> Snapshot:
    rows = event.get("SnapshotRows")
    return Snapshot(
        at=iso_to_millisecond(str(event.get("DetectedAt", ""))),
        hash=str(event.get("SnapshotHash", "")),
        previous=str(event.get("PreviousHash", "")),
        rows=rows if isinstance(rows, int) else None,
        summary=str(event.get("Summary", "")),
        deployment=str(event.get("Deployment", "")),
    )


def _check_events(completed: Sequence[Row], snapshots: Sequence[Snapshot]) -> Iterator[Problem]:
    """Check what the events say of each other."""
    before: Snapshot | None = None
    followed: dict[str, str] = {}
    hashes = {snapshot.hash for snapshot in snapshots if snapshot.hash}
    for event, snapshot in zip(completed, snapshots, strict=True):
        if event.get("ScanId") != snapshot_id(snapshot.at):
            yield Problem(at=snapshot.at, what="Its id is not that of this moment: the date was changed.")
        if before is not None and snapshot.at <= before.at:
            yield Problem(at=snapshot.at, what=f"It does not come after {before.at}, which stands before it.")
        if not snapshot.hash:
            yield Problem(at=snapshot.at, what="It carries no hash: a release without the chain wrote it.")
            continue
        if snapshot.previous and snapshot.previous in followed:
            told = f"It follows the same snapshot as {followed[snapshot.previous]}: two were taken at once."
            yield Problem(at=snapshot.at, what=told)
        elif before is not None and snapshot.previous != before.hash:
            yield Problem(at=snapshot.at, what=_broken_link(snapshot, before, hashes))
        followed.setdefault(snapshot.previous, snapshot.at)
        before = snapshot


def _broken_link(snapshot: Snapshot, before: Snapshot, hashes: set[str]) -> str:
    if not snapshot.previous:
        return f"The chain starts anew here: what was before ({before.at}) is not vouched for by what comes after."
    if snapshot.previous in hashes:
        return f"It does not follow the snapshot before it ({before.at}) but another: the order was changed."
    return (
        f"It follows a snapshot that is not here: one between {before.at} and {snapshot.at} is missing, or was changed."
    )


def _check_rows(snapshot: Snapshot, rows: Iterable[Row], report: ChainReport) -> Iterator[Problem]:
    """Hash the rows of one snapshot, and compare."""
    hashed, is_ordered = SnapshotHash(), True
    for row in rows:
        try:
            if ROW_HASH in row:
                report.redacted += 1
                hashed.add_hash(str(row.get("ScaleSetId", "")), str(row[ROW_HASH]))
            else:
                hashed.add(row)
        except ValueError as error:
            is_ordered = False
            yield Problem(
                at=snapshot.at,
                what=f"Rows are not in the order of their scale sets, or twice: {plain(str(error), 600)}",
            )
            break
        if row.get("SnapshotId") != snapshot_id(snapshot.at):
            name = plain(str(row.get("ScaleSetName", "")), 128)
            yield Problem(at=snapshot.at, what=f"The row of {name} has the id of another snapshot.")
    if not is_ordered or not snapshot.hash:
        return
    if snapshot.rows is not None and snapshot.rows != hashed.rows:
        what = f"{plural(snapshot.rows, 'row')} were written and {hashed.rows} are here."
        yield Problem(at=snapshot.at, what=what)
    link = hashed.link(at=snapshot.at, deployment=snapshot.deployment, previous=snapshot.previous)
    if link.hash != snapshot.hash:
        yield Problem(at=snapshot.at, what=f"Its rows have the hash {link.hash}, and the event says {snapshot.hash}.")


def is_canonical(line: bytes, row: Row) -> bool:
    """Say whether a line is written as it is hashed."""
    return line == canonical(row)
