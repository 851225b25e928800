"""The details of all scale sets as JSON inside the page: each text once, so that thousands of alike scale sets are small."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scanner.facts.evidence import JsonValue
from scanner.report.entries import Entry


@dataclass(slots=True)
class _Texts:
    """Texts by number, in the order in which they came."""

    numbers: dict[str, int] = field(default_factory=dict)

    def __call__(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    def each(self, texts: Iterable[str]) -> list[int]:
        return [self(text) for text in texts]


def embedded_json(entries: Iterable[Entry], rule_names: Mapping[str, str]) -> str:
    """Write the entries, in their order, for the script of the page (``report.js`` reads the same places)."""
    texts = _Texts()
    rows = [_row(entry, texts) for entry in entries]
    document: JsonValue = {"texts": list(texts.numbers), "rules": dict(sorted(rule_names.items())), "rows": rows}
    return in_script(json.dumps(document, separators=(",", ":")))


def in_script(text: str) -> str:
    """Make JSON safe inside a ``script`` element: nothing in it can end the element or begin a comment.

    https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    """
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _row(entry: Entry, texts: _Texts) -> list[JsonValue]:
    return [
        entry.slug,
        *texts.each(
            [
                entry.name,
                entry.headline,
                entry.environment,
                entry.application,
                entry.ring,
                entry.owner,
                entry.subscription,
                entry.resource_group,
                entry.location,
                entry.scale_set_id,
                entry.readiness,
                entry.read_at,
                entry.verdicts,
            ]
        ),
        int(entry.is_old),
        list(entry.counts),
        texts.each(entry.why),
        [_finding(finding, texts) for finding in entry.open],
        [_finding(finding, texts) for finding in entry.exempt],
        texts.each(entry.unknown),
        [texts(part) for fact in entry.facts for part in fact],
        texts.each(entry.unread),
        [texts(part) for change in entry.changes for part in change],
        [texts(part) for each in entry.instances for part in each],
    ]


def _finding(finding: Mapping[str, JsonValue], texts: _Texts) -> list[JsonValue]:
    parts = [
        str(finding.get(name) or "") for name in ("rule", "severity", "reason", "since", "remediation", "exemption")
    ]
    evidence = finding.get("evidence")
    pairs = [texts(str(part)) for pair in evidence or () for part in pair] if isinstance(evidence, list) else []
    return [*texts.each(parts), pairs]
