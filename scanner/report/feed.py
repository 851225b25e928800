"""What happened lately, day by day, as the report lists it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from scanner.overview.happened import KnownChange
from scanner.plain_text import plain
from scanner.report import words
from scanner.report.entries import slug_of, who_of

MOST = 250
"""Changes that are listed."""
_FIRST_SEEN = "scale_set.discovered"
_SIGNS = {
    "finding.opened": ("opened", "bad"),
    "finding.resolved": ("resolved", "good"),
    "finding.exempted": ("exempted", "even"),
    "finding.withdrawn": ("withdrawn", "even"),
    "scale_set.discovered": ("discovered", "even"),
    "scale_set.removed": ("removed", "even"),
    "scale_set.recreated": ("re-created", "even"),
    "scale_set.retired": ("retired", "even"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change, as one line."""

    word: str
    tone: str
    """good, bad or even."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one reading found on one scale set."""

    at: str
    """Hour and minute, UTC."""
    name: str
    about: str
    """Environment and application."""
    slug: str
    """The place of the scale set on the page."""
    lines: Sequence[Line]
    who: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The changes of a day, newest first."""

    name: str
    items: Sequence[Item]
    discovered: int
    """Scale sets that were seen for the first time: counted, when there are many."""


def days_of(changes: Sequence[KnownChange]) -> list[Day]:
    """List the changes day by day, newest first; those of one reading of one scale set together, in their order."""
    told = [change for change in changes if change.scale_set_id and not change.event_type.startswith("rollout.")]
    days = []
    left = MOST
    for name, group in groupby(told, key=lambda change: words.moment(change.detected_at).partition(",")[0]):
        members = list(group)
        found = [change for change in members if change.event_type == _FIRST_SEEN]
        # A first scan discovers a fleet, and opens what was wrong all along: that is the report, not news.
        first = {_transition(change) for change in found} if len(found) > _MANY else set()
        kept = [change for change in members if _transition(change) not in first][:left]
        left -= len(kept)
        items = _items(kept)
        if items or first:
            days.append(Day(name=name, items=items, discovered=len(first)))
    return days


_MANY = 5


def _items(changes: Sequence[KnownChange]) -> list[Item]:
    members: dict[tuple[str, str, int], list[KnownChange]] = {}
    for change in changes:
        members.setdefault(_transition(change), []).append(change)
    return [_item(sorted(each, key=lambda change: change.order)) for each in members.values()]


def _transition(change: KnownChange) -> tuple[str, str, int]:
    return (change.scale_set_id.lower(), *change.order[:2])


def _item(changes: Sequence[KnownChange]) -> Item:
    first = changes[0]
    at = words.moment(first.detected_at).removesuffix(" UTC")
    return Item(
        at=at.rpartition(" ")[2],
        name=plain(first.name or first.scale_set_id.rpartition("/")[2], words.NAME_LIMIT),
        about=plain(" · ".join(label for label in (first.environment, first.application) if label), words.NAME_LIMIT),
        slug=slug_of(first.scale_set_id),
        lines=[_line(change) for change in changes],
        who=list(dict.fromkeys(who for change in changes if (who := who_of(change)))),
    )


def _line(change: KnownChange) -> Line:
    if change.event_type == "posture.drifted":
        if change.before == change.after:  # off and on again within one scan: the summary says by whom each
            return Line(word="changed", tone="even", text=_rest(change, "changed"))
        before, after = words.value_name(change.fact, change.before), words.value_name(change.fact, change.after)
        tone = {"weakened": "bad", "strengthened": "good"}.get(change.direction, "even")
        word = "changed" if tone == "even" else change.direction
        return Line(word=word, tone=tone, text=f"{words.fact_name(change.fact)}: {before} → {after}")
    word, tone = _SIGNS.get(change.event_type, (plain(change.event_type, 40), "even"))
    return Line(word=word, tone=tone, text=_rest(change, word))


def _rest(change: KnownChange, word: str) -> str:
    """Say what a summary says beside the name and the word that stand before it."""
    said = change.summary.removeprefix(f"{change.name}: ").removeprefix(f"{change.name} ")
    if change.event_type.startswith("scale_set."):
        return ""
    if change.rule_id:
        subject, _, rest = said.partition(f" {word}")
        rest = rest.lstrip(".: ")
        return plain(f"{subject}: {rest}" if rest else subject, words.TEXT_LIMIT)
    return plain(said, words.TEXT_LIMIT)
