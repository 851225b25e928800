"""What an attack found: events that are lost or invented, scans without a row, scans over their limit."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

type Happened = tuple[str, str, str]
"""Type, scale set, and rule or field."""

_OF_ARRIVAL = frozenset({"TimeGenerated", "_TimeReceived", "TenantId"})
_FALSE = ("finding.resolved", "finding.opened", "finding.withdrawn", "finding.exempted", "scale_set.removed")


@dataclass(slots=True)
class Verdict:
    """Counts, and a line for each thing that is wrong."""

    figures: Counter[str] = field(default_factory=Counter)
    """What was done: kills, scans, cells."""
    wrong: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is worth a look and not wrong."""

    def found(self, kind: str, where: str, what: str) -> None:
        """Note something that is wrong."""
        self.wrong[kind] += 1
        self.findings.append(f"{kind}: {where}: {what}")

    def add(self, other: "Verdict") -> None:
        """Take in what another part of the attack found."""
        self.figures += other.figures
        self.wrong += other.wrong
        self.findings += other.findings
        self.notes += other.notes

    def compare(self, expected: Counter[Happened], got: Counter[Happened], where: str) -> None:
        """Compare the events of a step with those of the same step when it was undisturbed."""
        for happened, count in (expected - got).items():
            self.found("lost", where, f"{count} x {happened}")
        for happened, count in (got - expected).items():
            kind = f"false {happened[0]}" if happened[0] in _FALSE else "invented"
            self.found(kind, where, f"{count} x {happened}")

    def check_repeats(self, rows: Iterable[Mapping[str, Any]], where: str) -> None:
        """Check that a repeat says what the first one said, and that the revisions of a scale set come in order."""
        first: dict[str, Mapping[str, Any]] = {}
        revisions: dict[str, int] = {}
        for row in rows:
            known = first.setdefault(row["EventId"], row)
            if known is not row:
                self.figures["repeats"] += 1
                if _content(known) != _content(row):
                    self.found("repeated with other content", where, row["EventId"])
                continue
            scale_set, revision = row.get("ScaleSetId"), row.get("Revision")
            if isinstance(scale_set, str) and isinstance(revision, int):
                if revision < revisions.get(scale_set, 0):
                    self.found("out of order", where, f"{scale_set}: {revision} after {revisions[scale_set]}")
                revisions[scale_set] = max(revision, revisions.get(scale_set, 0))

    def lines(self, title: str) -> Sequence[str]:
        """Write it down: a line of figures, and what is wrong."""
        done = ", ".join(f"{count} {name}" for name, count in sorted(self.figures.items()))
        wrong = ", ".join(f"{count} {name}" for name, count in sorted(self.wrong.items())) or "nothing wrong"
        shown = [f"  {finding}" for finding in self.findings[:80]] + [f"  note: {note}" for note in self.notes[:40]]
        return [f"{title}: {done}: {wrong}", *shown]


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _OF_ARRIVAL and value not in (None, "")}


def happened(row: Mapping[str, Any]) -> Happened:
    """Name an event without its revision and time."""
    return row["EventType"], row.get("ScaleSetName") or "", row.get("RuleId") or row.get("Field") or ""
