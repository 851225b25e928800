"""The tables of a bundle: each a name, its columns, and its rows, made of the bundle's own rows and nothing else.

So a check can make them again, and a table that was edited shows.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from scanner.evidence import table_rows
from scanner.evidence.chain import ChainReport
from scanner.evidence.gaps import gaps_of
from scanner.evidence.rows import Period, Rows
from scanner.evidence.table_rows import EXEMPT, IDENTITY, Line
from scanner.rules.control import Control

_WHO = (
    "Attribution",
    "ChangedBy",
    "ChangedByType",
    "ChangedWith",
    "ChangeOperation",
    "ChangedAt",
    "CorrelationId",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the tables need beside the rows."""

    period: Period
    chain: ChainReport
    controls: Sequence[Control]
    event_columns: Sequence[str]
    """Declared columns of an event: those about who, as far as this release has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: what its file is called, what it says, its columns, and its rows."""

    name: str
    about: str
    columns: Sequence[str]
    rows: Callable[[], Iterable[Line]] = field(compare=False)


def tables(rows: Rows, context: Context) -> Sequence[Table]:
    """List the tables of a bundle."""
    who = [name for name in _WHO if name in context.event_columns]
    return [
        Table(
            name="population",
            about="Every scale set of the snapshots, with the first and the last one that has it.",
            columns=(*IDENTITY, "FirstSnapshotAt", "LastSnapshotAt", "Snapshots", "LastReadAt", "RemovedAt"),
            rows=lambda: table_rows.population(rows),
        ),
        Table(
            name="snapshots",
            about="How completeness was shown: rows written and found, and the hash chain.",
            columns=("SnapshotAt", "RowsWritten", "SnapshotHash", "PreviousHash", "IsVerified", "Summary"),
            rows=lambda: table_rows.snapshots(context.chain),
        ),
        Table(
            name="coverage",
            about="Every scan: what was read, and what was not.",
            columns=(
                "DetectedAt",
                "ScanId",
                "Status",
                "SubscriptionsRead",
                "SubscriptionsNotRead",
                "ScaleSetsRead",
                "ScaleSetsNotSeen",
                "RowsUnreadable",
                "Error",
                "PolicyVersion",
                "ServiceVersion",
            ),
            rows=rows.scans,
        ),
        Table(
            name="rules",
            about="The rules that judged, by the release of the service, and the controls that they are evidence for.",
            columns=("RuleId", "RuleName", "Severity", "Expects", "ServiceVersions", "Controls"),
            rows=lambda: table_rows.rules(rows, context.controls),
        ),
        Table(
            name="results",
            about="The outcome of every rule on every scale set, in the last snapshot.",
            columns=(
                *IDENTITY,
                "RuleId",
                "Outcome",
                "Severity",
                "OpenedAt",
                "Reason",
                "ExemptUntil",
                "ReadAt",
                "SnapshotAt",
            ),
            rows=lambda: table_rows.results(rows, context.chain),
        ),
        Table(
            name="compliance",
            about="Each snapshot and rule: how many scale sets had which outcome.",
            columns=("SnapshotAt", "RuleId", "ScaleSets", "passed", "failed", EXEMPT, "unknown", "not_applicable"),
            rows=lambda: table_rows.compliance(rows),
        ),
        Table(
            name="exceptions",
            about="Exemptions in the snapshots: who agreed to them, why, and until when.",
            columns=(
                "ScaleSetId",
                "RuleId",
                "Severity",
                "ApprovedBy",
                "Reason",
                "Until",
                "Source",
                "FirstSnapshotAt",
                "LastSnapshotAt",
            ),
            rows=lambda: table_rows.exceptions(rows),
        ),
        Table(
            name="changes",
            about="Facts that changed, findings that opened and ended, scale sets that came and went; with who, where it is known.",
            columns=(
                "DetectedAt",
                "EventType",
                "ScaleSetId",
                "Field",
                "Before",
                "After",
                "Direction",
                "RuleId",
                "Severity",
                "Summary",
                *who,
                "EventId",
            ),
            rows=lambda: (event for event in rows.events() if context.period.holds(str(event.get("DetectedAt")))),
        ),
        Table(
            name="lead-times",
            about="From the publication of an image to the scan that first saw it on the last instance; with what the publication rests on.",
            columns=(*IDENTITY, "Version", "PublishedAt", "PublishedIs", "ReachedAt", "Hours"),
            rows=lambda: table_rows.lead_times(rows),
        ),
        Table(
            name="policies",
            about="The policies that judged, by their fingerprint, and when each was first and last used.",
            columns=("PolicyVersion", "ServiceVersion", "FirstScanAt", "LastScanAt", "Scans"),
            rows=lambda: table_rows.policies(rows),
        ),
        Table(
            name="gaps",
            about="What is missing, and what could not be said.",
            columns=("Kind", "From", "To", "What"),
            rows=lambda: gaps_of(rows, context.period, context.chain, has_who=bool(who)),
        ),
    ]
