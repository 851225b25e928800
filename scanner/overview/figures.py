"""Counts of a fleet: by headline, rule, application and owner; exemptions by their end."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from scanner.overview.scale_set import SEVERITIES, KnownFinding, KnownScaleSet
from scanner.rules.verdict import Outcome

HEADLINES = ("yes", "managed", "in_guest", "no", "blocked", "unknown")
"""In the order in which they are shown: from what needs nobody to what needs somebody."""
STUCK = ("blocked", "no", "unknown")
"""Headlines that say, or may say, that nothing upgrades the scale set."""


def attention(item: KnownScaleSet, production: Collection[str]) -> tuple[object, ...]:
    """Order scale sets, the one that needs attention first.

    What does not upgrade itself comes before what does; then by the worst open finding, production first, by headline,
    and by the number of findings. ``production`` are the environments that mean it, in lower case.
    """
    opened = item.open
    is_stuck = item.upgrades_itself in STUCK
    return (
        0 if is_stuck else 1 if opened else 2,
        opened[0].rank if opened else len(SEVERITIES),
        0 if item.environment.strip().lower() in production else 1,
        STUCK.index(item.upgrades_itself) if is_stuck else len(STUCK),
        -len(opened),
        item.key,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The scale sets that share a label."""

    name: str
    """Empty for those without it."""
    total: int
    headlines: Counter[str]
    open_findings: Counter[str]
    """By severity."""

    @property
    def stuck(self) -> int:
        """Count those that nothing upgrades, or of which that is not known."""
        return sum(self.headlines[name] for name in STUCK)


def group_of(name: str, items: Iterable[KnownScaleSet]) -> Group:
    """Count scale sets."""
    headlines: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    for item in items:
        headlines[item.upgrades_itself] += 1
        opened.update(finding.severity for finding in item.open)
    return Group(name=name, total=headlines.total(), headlines=headlines, open_findings=opened)


def groups_by(label: Callable[[KnownScaleSet], str], items: Iterable[KnownScaleSet]) -> list[Group]:
    """Count by a label, the group that needs attention most first."""
    members: dict[str, list[KnownScaleSet]] = {}
    for item in items:
        members.setdefault(label(item), []).append(item)
    found = [group_of(name, each) for name, each in members.items()]
    return sorted(found, key=lambda group: (-group.open_findings["high"], -group.stuck, -group.total, group.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How one rule answered over the fleet."""

    rule_id: str
    severity: str
    """The worst that was seen; empty where nothing failed."""
    open: int
    exempt: int
    unknown: int


def count_rules(items: Iterable[KnownScaleSet]) -> list[RuleCount]:
    """Count open, exempt and unknown answers by rule, worst first; rules without any are left out."""
    opened: Counter[str] = Counter()
    exempt: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    ranks: dict[str, int] = {}
    for item in items:
        for finding in item.findings:
            (opened if finding.exemption is None else exempt)[finding.rule_id] += 1
            ranks[finding.rule_id] = min(finding.rank, ranks.get(finding.rule_id, len(SEVERITIES)))
        unknown.update(item.rules_with(Outcome.UNKNOWN))
    severities = (*SEVERITIES, "")
    found = [
        RuleCount(
            rule_id=rule_id,
            severity=severities[ranks.get(rule_id, len(SEVERITIES))],
            open=opened[rule_id],
            exempt=exempt[rule_id],
            unknown=unknown[rule_id],
        )
        for rule_id in {*ranks, *unknown}
    ]
    return sorted(
        found, key=lambda each: (ranks.get(each.rule_id, len(SEVERITIES)), -each.open, -each.unknown, each.rule_id)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptFinding:
    """A finding that an exemption covers, and how long it does."""

    scale_set: KnownScaleSet
    finding: KnownFinding
    until: str
    days_left: int | None
    """Whole days after the day of the report that still count; negative: it has ended; ``None``: no readable end."""


def exempt_findings(items: Iterable[KnownScaleSet], day: date) -> list[ExemptFinding]:
    """List what is exempt, the first to end first."""
    found = [
        ExemptFinding(
            scale_set=item,
            finding=finding,
            until=finding.exemption.until,
            days_left=_days_left(finding.exemption.until, day),
        )
        for item in items
        for finding in item.exempt
        if finding.exemption is not None
    ]
    return sorted(found, key=lambda each: (each.until, each.scale_set.key, each.finding.rule_id))


def _days_left(until: str, day: date) -> int | None:
    try:
        return (date.fromisoformat(until) - day).days
    except ValueError:
        return None


def days_between(earlier: str, later: str) -> int | None:
    """Count the whole days between two moments (ISO 8601); ``None`` where one is not known."""
    try:
        return max((date.fromisoformat(later[:10]) - date.fromisoformat(earlier[:10])).days, 0)
    except ValueError:
        return None


def oldest(findings: Iterable[KnownFinding], at: str) -> int | None:
    """Say for how many days the oldest of some findings is open; ``None``: there is none with a known beginning."""
    return max(
        [days for finding in findings if (days := days_between(finding.opened_at, at)) is not None], default=None
    )


def named(items: Sequence[KnownScaleSet], label: Callable[[KnownScaleSet], str]) -> list[str]:
    """List the values of a label, without the missing one."""
    return sorted({label(item) for item in items} - {""}, key=str.casefold)
