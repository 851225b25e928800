"""What ``whatif`` shows: by application, then finding by finding; or all of it as JSON."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from scanner import __version__
from scanner.cli.screen import Cell, Screen, cell, coloured, screen
from scanner.cli.whatif import WhatIf
from scanner.facts.evidence import JsonValue
from scanner.formats.strict_json import strict_json
from scanner.judging.what_if import Consequence, Effect, FindingChange
from scanner.plain_text import plural
from scanner.rules.verdict import Severity

SCHEMA_VERSION = 1
_TITLES = {
    Effect.OPENS: "Would open",
    Effect.RESOLVES: "Would resolve",
    Effect.IS_EXEMPTED: "Would be exempt",
    Effect.IS_WITHDRAWN: "Would no longer apply",
    Effect.IS_UNDECIDED: "Open, and could no longer be decided: a scan leaves them open",
    Effect.CHANGES_SEVERITY: "Would have another severity",
}
_WORST_FIRST = tuple(Severity)


def show(found: WhatIf, limit: int) -> None:
    """Print tables."""
    out = screen()
    out.say(
        f"{plural(found.judged, 'scale set')} judged by criteria {found.now.version} and by {found.then.version}:"
        f" {plural(len(found.consequences), 'scale set')} would be judged otherwise."
    )
    applications = sorted({_application(item) for item in found.consequences})
    rows = [_row(name, [item for item in found.consequences if _application(item) == name]) for name in applications]
    if rows:
        counted = ("opens high", "medium", "low", "resolves", "exempt", "other", "headlines")
        out.blank()
        out.table("By application", (*counted, "application"), rows, numbers=counted)
    for effect, title in _TITLES.items():
        _list(out, title, found.consequences, effect, limit)
    headlines = [item for item in found.consequences if item.is_headline_changed]
    if headlines:
        out.blank()
        out.table(
            f"Would upgrade otherwise ({len(headlines)})",
            ("now", "then", "scale set"),
            [
                (coloured(item.judgement.upgrades_itself), coloured(item.headline), cell(item.judgement.posture.name))
                for item in _limited(headlines, limit)
            ],
        )
    out.blank()
    out.say(Cell("Not said here:", "bold"))
    for text in found.not_replayed:
        out.say(Cell("-"), cell(text), hanging=2)


def _row(name: str, items: Sequence[Consequence]) -> Sequence[object]:
    changes = [change for item in items for change in item.changes]
    effects = Counter(change.effect for change in changes)
    opens = Counter(change.severity for change in changes if change.effect is Effect.OPENS)
    others = effects[Effect.IS_WITHDRAWN] + effects[Effect.IS_UNDECIDED] + effects[Effect.CHANGES_SEVERITY]
    return (
        *(opens[severity] for severity in _WORST_FIRST),
        effects[Effect.RESOLVES],
        effects[Effect.IS_EXEMPTED],
        others,
        sum(item.is_headline_changed for item in items),
        cell(name or "(no application)"),
    )


def _list(out: Screen, title: str, items: Iterable[Consequence], effect: Effect, limit: int) -> None:
    found = [(item, change) for item in items for change in item.changes if change.effect is effect]
    if not found:
        return
    found.sort(key=lambda pair: (_WORST_FIRST.index(pair[1].severity), pair[1].rule_id, pair[0].judgement.posture.key))
    out.blank()
    out.table(
        f"{title} ({len(found)})",
        ("severity", "rule", "scale set", "why"),
        [
            (_severity(change), change.rule_id, cell(item.judgement.posture.name, limit=80), cell(change.reason))
            for item, change in _limited(found, limit)
        ],
    )


def _severity(change: FindingChange) -> Cell:
    if change.effect is Effect.CHANGES_SEVERITY and change.before is not None:
        return cell(f"{change.before} → {change.severity}")
    return coloured(change.severity.value)


def _limited[Item](items: Sequence[Item], limit: int) -> Sequence[Item]:
    return items[:limit] if limit else items


def as_document(found: WhatIf) -> None:
    """Print everything as JSON."""
    if sys.stdout is None:
        return
    scale_sets: list[JsonValue] = [_document(item) for item in found.consequences]
    document = {
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "now": found.now.version,
        "then": found.then.version,
        "at": found.now.moment.isoformat(),
        "scale_sets_judged": found.judged,
        "scale_sets": scale_sets,
        "problems": found.problems,
        "not_replayed": found.not_replayed,
    }
    sys.stdout.write(strict_json(document, indent=2))
    sys.stdout.write("\n")


def _document(item: Consequence) -> dict[str, JsonValue]:
    posture = item.judgement.posture
    return {
        "scale_set_id": posture.scale_set_id or None,
        "name": posture.name,
        "application": item.judgement.labels.application,
        "environment": item.judgement.labels.environment,
        "owner": item.judgement.labels.owner,
        "upgrades_itself": {"now": item.judgement.upgrades_itself.value, "then": item.headline},
        "changes": [
            {
                "rule_id": change.rule_id,
                "effect": change.effect.value,
                "severity": change.severity.value,
                "severity_now": None if change.before is None else change.before.value,
                "reason": change.reason,
            }
            for change in item.changes
        ],
    }


def _application(item: Consequence) -> str:
    return item.judgement.labels.application or ""
