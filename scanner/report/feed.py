"""What happened lately, day by day, as the report lists it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
class Subject:
    """A scale set that something happened to."""

    name: str
    about: str
    """Environment and application."""
    slug: str
    """Its place on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one reading found on one scale set, or alike on several."""

    at: str
    """Hour and minute, UTC."""
    subjects: Sequence[Subject]
    lines: Sequence[Line]
    who: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The changes of a day, newest first."""

    name: str
    items: Sequence[Item]
    discovered: int
    """Scale sets that were seen for the first time: counted, when there are many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """All that is listed, newest first."""

    days: Sequence[Day]
    left_out: int
    """Older changes that are not listed."""


def feed_of(changes: Sequence[KnownChange]) -> Feed:
    """List the changes day by day, newest first; those of one reading of one scale set together, in their order."""
    told = [change for change in changes if change.scale_set_id and not change.event_type.startswith("rollout.")]
    days = []
    left, left_out = MOST, 0
    for name, group in groupby(told, key=lambda change: words.moment(change.detected_at).partition(",")[0]):
        members = list(group)
        found = [change for change in members if change.event_type == _FIRST_SEEN]
        # A first scan discovers a fleet, and opens what was wrong all along: that is the report, not news.
        first = {_transition(change) for change in found} if len(found) > _MANY else set()
        items = []
        for item in _items([change for change in members if _transition(change) not in first]):
            if left > 0:
                items.append(item)
            else:
                left_out += len(item.lines) * len(item.subjects)
            left -= len(item.lines)
        if items or (first and left > 0):
            days.append(Day(name=name, items=items, discovered=len(first)))
    return Feed(days=days, left_out=left_out)


_MANY = 5
_ALIKE = 4
"""So many scale sets to which the same happened at the same time are told at once."""


def _items(changes: Sequence[KnownChange]) -> list[Item]:
    members: dict[tuple[str, str, int], list[KnownChange]] = {}
    for change in changes:
        members.setdefault(_transition(change), []).append(change)
    alike: dict[tuple[object, ...], list[list[KnownChange]]] = {}
    for each in members.values():
        each.sort(key=lambda change: change.order)
        alike.setdefault(_likeness(each), []).append(each)
    items = []
    for group in alike.values():
        told = [_item(each) for each in group]
        items += [_together(told)] if len(told) >= _ALIKE else told
    return items


def _likeness(changes: Sequence[KnownChange]) -> tuple[object, ...]:
    """Say what happened, as far as it is the same for several scale sets: the reasons of findings may differ."""
    what = [(each.event_type, each.rule_id, each.fact, each.before, each.after, who_of(each)) for each in changes]
    return (changes[0].detected_at, *what)


def _together(items: Sequence[Item]) -> Item:
    """Tell several as one: of a line that is not the same for all, what is."""
    lines = [_common(lines) for lines in zip(*[item.lines for item in items], strict=True)]
    return replace(items[0], subjects=[item.subjects[0] for item in items], lines=lines)


def _common(lines: Iterable[Line]) -> Line:
    first, *others = lines
    return first if all(line == first for line in others) else replace(first, text=first.text.partition(": ")[0])


def _transition(change: KnownChange) -> tuple[str, str, int]:
    return (change.scale_set_id.lower(), *change.order[:2])


def _item(changes: Sequence[KnownChange]) -> Item:
    first = changes[0]
    at = words.moment(first.detected_at).removesuffix(" UTC")
    subject = Subject(
        name=plain(first.name or first.scale_set_id.rpartition("/")[2], words.NAME_LIMIT),
        about=plain(" · ".join(label for label in (first.environment, first.application) if label), words.NAME_LIMIT),
        slug=slug_of(first.scale_set_id),
    )
    return Item(
        at=at.rpartition(" ")[2],
        subjects=[subject],
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
