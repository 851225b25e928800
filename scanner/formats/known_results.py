"""What is known of a fleet as the answers that the gate's writers take, and their formats as streams."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from heapq import nsmallest

from scanner.formats.junit import junit_parts
from scanner.formats.markdown import SHOWN, summary
from scanner.formats.results import Place, Result, Results, Totals, rank
from scanner.formats.sarif import sarif_parts
from scanner.overview.scale_set import KnownFinding, KnownScaleSet
from scanner.plain_text import plain
from scanner.rules import RULES
from scanner.rules.verdict import Outcome, Severity

_RULES = {rule.id: rule for rule in RULES}
_NOT_KEPT = "The reason is not kept."


def results_of(item: KnownScaleSet) -> Iterator[Result]:
    """Yield the answer of every rule about a scale set, by rule id."""
    known = {finding.rule_id: finding for finding in item.findings}
    place = Place(address=item.scale_set_id or item.name, file=plain(item.scale_set_id, 1_000).lstrip("/"))
    for rule_id, outcome in sorted({**item.outcomes, **dict.fromkeys(known, Outcome.FAILED.value)}.items()):
        finding = known.get(rule_id)
        rule = _RULES.get(rule_id)
        yield Result(
            rule_id=rule_id,
            rule_name=rule.name if rule is not None else (finding.own_name if finding is not None else "") or rule_id,
            outcome=Outcome(outcome) if outcome in set(Outcome) else Outcome.UNKNOWN,
            severity=_severity(finding, rule_id),
            reason=(finding.reason if finding is not None else "") or _NOT_KEPT,
            place=place,
            evidence=() if finding is None else finding.evidence,
            exemption=None if finding is None or finding.exemption is None else asdict(finding.exemption),
            remediation="" if finding is None else finding.remediation.partition("\n")[0],
        )


def sarif_stream(items: Iterable[KnownScaleSet], version: str, problems: list[str]) -> Iterator[str]:
    """Write every answer as SARIF, scale set by scale set."""
    return sarif_parts(Results(version=version, problems=problems), _answers(items))


def junit_stream(items: Iterable[KnownScaleSet], problems: list[str]) -> Iterator[str]:
    """Write every answer as JUnit XML, a suite for each scale set."""
    return junit_parts(((item.scale_set_id or item.name, list(results_of(item))) for item in items), problems)


def markdown_text(items: Iterable[KnownScaleSet], version: str, problems: list[str]) -> str:
    """Write a summary: counts of all, and the worst findings as far as the format lists them."""
    counter = _Counter()
    worst = nsmallest(2 * SHOWN, counter.counted(items), key=rank)
    totals = Totals(open=counter.open, exempt=counter.exempt, unknown=counter.unknown)
    # The open ones and the exempt ones are listed apart: each list needs its own worst.
    return summary(
        Results(
            version=version,
            answers=[*worst, *counter.worst_exempt],
            scale_sets=counter.scale_sets,
            problems=problems,
            known_totals=totals,
        )
    )


class _Counter:
    """Counts answers as they pass, and keeps the exempt ones that a summary lists."""

    def __init__(self) -> None:
        self.open = self.exempt = self.unknown = self.scale_sets = 0
        self.worst_exempt: list[Result] = []

    def counted(self, items: Iterable[KnownScaleSet]) -> Iterator[Result]:
        """Yield the open answers."""
        for item in items:
            self.scale_sets += 1
            for answer in results_of(item):
                if answer.outcome is Outcome.UNKNOWN:
                    self.unknown += 1
                elif answer.is_open:
                    self.open += 1
                    yield answer
                elif answer.outcome is Outcome.FAILED:
                    self.exempt += 1
                    self.worst_exempt = nsmallest(SHOWN, [*self.worst_exempt, answer], key=rank)


def _answers(items: Iterable[KnownScaleSet]) -> Iterator[Result]:
    for item in items:
        yield from results_of(item)


def _severity(finding: KnownFinding | None, rule_id: str) -> Severity:
    if finding is not None and finding.severity in set(Severity):
        return Severity(finding.severity)
    rule = _RULES.get(rule_id)
    return rule.severity if rule is not None else Severity.LOW
