"""One scale set as the page shows it: every text is ready, safe for one line and cut to a length."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanner.facts.evidence import JsonValue
from scanner.overview.environments import shown
from scanner.overview.happened import KnownChange
from scanner.overview.scale_set import KnownFinding, KnownScaleSet
from scanner.plain_text import plain
from scanner.report import words
from scanner.report.instance_words import instances_of
from scanner.rules.verdict import Outcome

CHANGES_SHOWN = 12
"""Changes of one scale set that its details list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the table and the details say of one scale set."""

    slug: str
    """Its place on the page: of its id alone, so that a link holds in the next report too."""
    name: str
    headline: str
    environment: str
    application: str
    ring: str
    owner: str
    subscription: str
    resource_group: str
    location: str
    scale_set_id: str
    counts: tuple[int, int, int]
    """Open findings: high, medium, low."""
    reason: str
    """Why it needs attention, in one sentence."""
    why: Sequence[str]
    """What its headline rests on."""
    readiness: str
    read_at: str
    is_old: bool
    """Whether the last scan did not read it."""
    verdicts: str
    open: Sequence[Mapping[str, JsonValue]]
    exempt: Sequence[Mapping[str, JsonValue]]
    unknown: Sequence[str]
    """Rules that could not be decided."""
    instances: Sequence[tuple[str, str]]
    """Name and value; empty where nothing was read."""
    facts: Sequence[tuple[str, str]]
    """Name and value; facts that were not read are left out."""
    unread: Sequence[str]
    """Names of the facts that were not read."""
    changes: Sequence[tuple[str, str]]
    """Moment and sentence, newest first."""


def slug_of(key: str) -> str:
    """Name the place of a scale set on the page."""
    return "s-" + hashlib.blake2b(key.lower().encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def entry_of(item: KnownScaleSet, at: str, changes: Iterable[KnownChange], *, is_old: bool) -> Entry:
    """Write a scale set for the page; ``changes`` are its own, newest first."""
    facts = {**dict.fromkeys(words.FACTS), **item.facts}
    return Entry(
        slug=slug_of(item.key),
        name=words.name_of(item),
        headline=item.upgrades_itself if item.upgrades_itself in words.HEADLINES else "unknown",
        environment=_name(item.environment),
        application=_name(item.application),
        ring=_name(item.ring),
        owner=_name(item.owner),
        subscription=_name(item.subscription_id),
        resource_group=_name(item.resource_group),
        location=_name(item.location),
        scale_set_id=plain(item.scale_set_id, words.TEXT_LIMIT),
        counts=(item.count("high"), item.count("medium"), item.count("low")),
        reason=words.reason(item),
        why=words.headline_reasons(item),
        readiness=words.readiness(item),
        read_at=words.moment(item.last_read_at),
        is_old=is_old,
        verdicts=words.verdict_counts(item),
        open=[_finding(finding, at) for finding in item.open],
        exempt=[_finding(finding, at) for finding in item.exempt],
        unknown=item.rules_with(Outcome.UNKNOWN),
        instances=instances_of(item, at),
        facts=[
            (words.fact_name(fact), plain(shown(value), words.VALUE_LIMIT))
            for fact, value in facts.items()
            if value is not None and fact != "upgrades_itself"
        ],
        unread=[words.fact_name(fact) for fact, value in facts.items() if value is None and fact not in _DECIDED],
        changes=[
            (words.moment(change.detected_at), plain(change.summary, words.TEXT_LIMIT))
            for change in list(changes)[:CHANGES_SHOWN]
        ],
    )


_DECIDED = ("upgrades_itself", "managed_by")
"""Facts that are decided and not read: without a value they say nothing."""


def who_of(change: KnownChange) -> str:
    """Say who made a change, and with what; empty for what nobody makes, and where the source says nothing about it."""
    by, client = plain(change.changed_by, words.NAME_LIMIT), plain(change.changed_with, words.NAME_LIMIT)
    with_what = f" with {client}" if client else ""
    told = {
        "": f"By {by}{with_what}." if by else "",
        "known": f"By {by or 'a person whose name is not kept'}{with_what}.",
        "platform": "By Azure itself.",
        "several candidates": f"By one of: {by}." if by else "By one of several.",
        "unspecified": f"Azure does not say who{with_what}.",
        "not yet known": "Who is not known yet.",
    }
    return told.get(change.attribution, "Who is not known.")


def _name(text: str) -> str:
    return plain(text, words.NAME_LIMIT)


def _reported(value: JsonValue) -> str:
    """Write a value that an answer rests on: none may be a property, or a tag, that is not there."""
    return "not reported" if value is None else shown(value)


def _finding(finding: KnownFinding, at: str) -> dict[str, JsonValue]:
    note = finding.exemption
    written: dict[str, JsonValue] = {
        "rule": plain(finding.rule_id, words.NAME_LIMIT),
        "severity": finding.severity if finding.severity in ("high", "medium", "low") else "low",
        "reason": plain(finding.reason, words.TEXT_LIMIT),
        "since": f"{words.moment(finding.opened_at)} ({words.age(finding.opened_at, at)})" if finding.opened_at else "",
        "evidence": [
            [
                plain(str(item.get("path") or ""), words.VALUE_LIMIT),
                plain(_reported(item.get("value")), words.VALUE_LIMIT),
            ]
            for item in finding.evidence
        ],
        "remediation": "\n".join(plain(line, 4_000) for line in finding.remediation.split("\n")),
    }
    if note is not None:
        ticket = f" ({note.ticket})" if note.ticket else ""
        written["exemption"] = plain(
            f"Until {note.until}, agreed by {note.owner}{ticket}: {note.reason}", words.TEXT_LIMIT
        )
    return written
