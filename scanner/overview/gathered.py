"""Rows of any of our tables, gathered into an overview: the last snapshot, the events and the scans."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scanner.facts.evidence import JsonValue
from scanner.overview.from_document import of_document
from scanner.overview.from_rows import of_snapshot_row
from scanner.overview.happened import KnownChange, KnownScan, change_of, newest_first, oldest_first, scan_of
from scanner.overview.overview import Overview, with_remediations
from scanner.overview.scale_set import KnownScaleSet
from scanner.overview.values import mapping_of, objects_of, text_of, texts_of
from scanner.plain_text import plural

NO_EVIDENCE = "Snapshot rows keep no evidence: a report from the state has it."


@dataclass(slots=True)
class Gathered:
    """Takes rows in any order, and the document of a scan. Of the snapshots, only the newest is kept."""

    source: str
    deployment: str | None = None
    """Take the rows of this deployment alone; ``None``: there must be one only."""
    deployments: set[str] = field(default_factory=set)
    """Deployments that were seen."""
    snapshots: set[str] = field(default_factory=set)
    """Moments of the snapshots that an event says were completed."""
    strange: int = 0
    """Rows that are none of ours."""
    _snapshot_at: str = ""
    _scale_sets: dict[str, KnownScaleSet] = field(default_factory=dict)
    _changes: list[KnownChange] = field(default_factory=list)
    _scans: list[KnownScan] = field(default_factory=list)
    _problems: list[str] = field(default_factory=list)

    def take(self, row: Mapping[str, JsonValue]) -> None:
        """Take a row of a table, told by its columns, or the JSON of ``scan`` and ``check``."""
        if "judged_by" in row and "scale_sets" in row:
            self._take_document(row)
            return
        if "SchemaVersion" not in row:
            self.strange += 1
            return
        deployment = text_of(row, "Deployment")
        self.deployments.add(deployment)
        if self.deployment is not None and deployment != self.deployment:
            return
        if "SnapshotAt" in row:
            self._take_snapshot(row)
        elif "Trigger" in row:
            self._scans.append(scan_of(row))
        elif text_of(row, "EventType") == "snapshot.completed":
            self.snapshots.add(text_of(row, "DetectedAt"))
        else:
            self._changes.append(change_of(row))

    def overview(self) -> Overview:
        """Put together what was taken."""
        changes, scans = newest_first(self._changes), oldest_first(self._scans)
        last = next((scan for scan in reversed(scans) if scan.has_read), None)
        scale_sets = with_remediations([each for _key, each in sorted(self._scale_sets.items())], changes)
        read_at: dict[str, str] = {}
        for item in scale_sets:
            read_at[item.subscription_id] = max(item.last_read_at, read_at.get(item.subscription_id, ""))
        strange = [f"{plural(self.strange, 'row')} of the source is none of ours."] if self.strange else []
        return Overview(
            at=self._snapshot_at or (last.at if last else max([change.detected_at for change in changes], default="")),
            source=self.source,
            deployment=self.deployment or next(iter(self.deployments), ""),
            scale_sets=tuple(scale_sets),
            changes=changes,
            scans=scans,
            read_at=read_at,
            not_read=() if last is None else last.not_read,
            problems=(*self._problems, *strange),
            notes=() if any(each.evidence for item in scale_sets for each in item.findings) else (NO_EVIDENCE,),
        )

    def _take_snapshot(self, row: Mapping[str, JsonValue]) -> None:
        at = text_of(row, "SnapshotAt")
        if at > self._snapshot_at:
            self._snapshot_at, self._scale_sets = at, {}
        if at == self._snapshot_at:
            item = of_snapshot_row(row)
            self._scale_sets[item.key] = item

    def _take_document(self, document: Mapping[str, JsonValue]) -> None:
        """Take the judged scale sets; rows of a snapshot in the same source are older, and are dropped."""
        at = text_of(mapping_of(document, "judged_by"), "at")
        self._snapshot_at = at
        self._scale_sets = {
            item.key: item for each in objects_of(document, "scale_sets") if (item := of_document(each, at))
        }
        self._changes += [change_of(row) for row in objects_of(document, "events") if text_of(row, "ScaleSetId")]
        self._problems += texts_of(document, "problems")


def gather(rows: Iterable[Mapping[str, JsonValue]], source: str, deployment: str | None = None) -> Gathered:
    """Take all rows of a source."""
    gathered = Gathered(source=source, deployment=deployment)
    for row in rows:
        gathered.take(row)
    return gathered
