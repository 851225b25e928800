"""The tally of a scale set: what it adds to the fleet's numbers, and the facts that rules about a fleet compare.

It is part of the state's row and made of the state alone, so numbers are sums of tallies: nothing is accumulated, and
times are kept as the moments since which something is so, never as running totals.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import add

from scanner.facts.evidence import JsonValue
from scanner.rules.verdict import Outcome
from scanner.state.compact import compact, read_compact
from scanner.state.figures import INSTANCES, JUDGED, NOT_READ, by_place, instance_figures, judged_figures
from scanner.state.state import ScaleSetState

_FORM = 1
"""Number of the form in which tallies are written; one of another form is made anew from the state."""
_OURS = "VMSS-"
_LABELS = 4

LETTERS: Mapping[str, str] = {
    Outcome.PASSED: "P",
    Outcome.FAILED: "F",
    Outcome.UNKNOWN: "U",
    Outcome.NOT_APPLICABLE: "N",
}
"""The letter of each outcome."""
_NOTHING = [0] * (len(JUDGED) + len(INSTANCES))
CARD = "card"
"""Where ``ScaleSetState.beside`` keeps the facts that are compared between scale sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one scale set adds to the numbers. Labels are plain text; an empty one means that there is no such tag."""

    subscription_id: str
    headline: str
    outcomes: Mapping[str, str]
    """Letter of the outcome by rule id, as of ``LETTERS``."""
    open: Mapping[str, tuple[str, str]]
    """Severity, and since when, of each open finding, by rule id. Times are ISO 8601 text in UTC."""
    exempt: tuple[str, ...] = ()
    """Rules whose finding an exemption covers."""
    environment: str = ""
    application: str = ""
    region: str = ""
    ring: str = ""
    first_seen_at: str = ""
    name: str = ""
    card: JsonValue = None
    """The facts that are compared between scale sets (``scanner.facts.card``); ``None``: it has no card."""
    instances: tuple[int, ...] = NOT_READ
    """Counts of its instances, in the order of ``figures.INSTANCES``."""


def tally_of(state: ScaleSetState) -> Tally:
    """Make the tally of a state that is not a tombstone."""
    identity = state.identity
    return Tally(
        subscription_id=identity.subscription_id,
        headline=state.upgrades_itself,
        outcomes={rule_id: LETTERS.get(outcome, "?") for rule_id, outcome in state.outcomes.items()},
        open={rule_id: (finding.severity, finding.opened_at) for rule_id, finding in state.open_findings.items()},
        exempt=tuple([rule_id for rule_id, finding in state.findings.items() if finding.exemption is not None]),
        environment=identity.environment,
        application=identity.application,
        region=identity.location,
        ring=identity.ring,
        first_seen_at=state.first_seen_at,
        name=identity.name,
        card=state.beside.get(CARD),
        instances=instance_figures(state),
    )


@dataclass(slots=True, kw_only=True)
class Numbers:
    """Sums of tallies: two of them add up to a third, in any order."""

    scale_sets: Counter[str] = field(default_factory=Counter)
    """By subscription."""
    headlines: Counter[str] = field(default_factory=Counter)
    """Scale sets by ``upgrades_itself``."""
    open_findings: Counter[str] = field(default_factory=Counter)
    """By severity."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """By rule and outcome, such as ``VMSS-001 F``."""
    exempt: Counter[str] = field(default_factory=Counter)
    """Findings that an exemption covers, by rule."""
    places: Counter[str] = field(default_factory=Counter)
    """Figures by place, as of ``figures.by_place``."""

    def count(self, tally: Tally) -> None:
        """Add one scale set."""
        self.scale_sets[tally.subscription_id] += 1
        self.headlines[tally.headline] += 1
        self.open_findings.update([severity for severity, _ in tally.open.values()])
        self.outcomes.update([f"{rule_id} {letter}" for rule_id, letter in tally.outcomes.items()])
        self.exempt.update(tally.exempt)
        labels = (tally.environment, tally.application, tally.region, tally.subscription_id)
        judged = judged_figures(_written(tally.outcomes), tally.open, tally.exempt)
        self.places.update(by_place({labels: (*judged, *tally.instances)}))

    def add(self, other: "Numbers") -> None:
        """Add the sums of other scale sets."""
        for name in self.__slots__:
            getattr(self, name).update(getattr(other, name))

    def to_json(self) -> dict[str, JsonValue]:
        """Write the sums as plain JSON."""
        return {name: dict(getattr(self, name)) for name in self.__slots__}


def numbers_of(tallies: Iterable[Tally]) -> Numbers:
    """Add up tallies."""
    numbers = Numbers()
    for tally in tallies:
        numbers.count(tally)
    return numbers


def read_numbers(body: Mapping[str, Mapping[str, int]]) -> Numbers:
    """Read what ``Numbers.to_json`` wrote."""
    return Numbers(**{name: Counter(body[name]) for name in Numbers.__slots__})


def tally_text(tally: Tally) -> str:
    """Write a tally for the header of a state's row."""
    body: dict[str, JsonValue] = {
        "v": _FORM,
        "h": tally.headline,
        "o": _written(tally.outcomes),
        "f": {rule_id: [severity, since] for rule_id, (severity, since) in tally.open.items()},
        "x": list(tally.exempt),
        "l": [tally.environment, tally.application, tally.region, tally.ring],
        "s": tally.first_seen_at,
        "n": tally.name,
        "c": tally.card,
    }
    if tally.instances != NOT_READ:
        body["i"] = list(tally.instances)
    return compact(body)


def _written(outcomes: Mapping[str, str]) -> str:
    return "".join(map(_word, outcomes, outcomes.values()))


@lru_cache(maxsize=1_024)  # more than there are rules, each with four letters
def _word(rule_id: str, letter: str) -> str:
    return f"{rule_id.removeprefix(_OURS)}{letter} "


def read_tally(text: str, subscription_id: str) -> Tally | None:
    """Read what ``tally_text`` wrote; ``None``: it is something else, or of another form."""
    try:
        body = read_compact(text)
        if body["v"] != _FORM:
            return None
        environment, application, region, ring = body["l"]
        return Tally(
            subscription_id=subscription_id,
            headline=body["h"],
            outcomes=dict(map(_outcome, body["o"].split())),
            open={rule_id: (severity, since) for rule_id, (severity, since) in body["f"].items()},
            exempt=tuple(body["x"]),
            environment=environment,
            application=application,
            region=region,
            ring=ring,
            first_seen_at=body["s"],
            name=body["n"],
            card=body["c"],
            instances=tuple(_instances(body)),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def is_tally(text: str) -> bool:
    """Tell whether a text is a tally of the present form, as far as sums need it."""
    try:
        body = read_compact(text)
        counts = _instances(body)
        texts = (body["h"], body["o"], *body["x"], *body["l"], *[severity for severity, _ in body["f"].values()])
        return (
            body["v"] == _FORM
            and len(body["l"]) == _LABELS
            and len(counts) == len(INSTANCES)
            and set(map(type, texts)) == {str}
            and set(map(type, counts)) == {int}
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _instances(body: Mapping[str, Sequence[int]]) -> Sequence[int]:
    return body.get("i", NOT_READ)


@lru_cache(maxsize=1_024)
def _outcome(word: str) -> tuple[str, str]:
    rule_id, letter = word[:-1], word[-1]
    return (rule_id if "-" in rule_id else f"{_OURS}{rule_id}"), letter


def sum_of_texts(texts: Iterable[tuple[str, str]]) -> Numbers:
    """Add up tallies as they are written, each with its subscription: the same as ``numbers_of``, and faster.

    Few scale sets differ in the outcomes of all rules, so those are counted as a whole.
    """
    numbers = Numbers()
    outcomes: Counter[str] = Counter()
    sums: dict[tuple[str, ...], list[int]] = {}
    for subscription_id, text in texts:
        body = read_compact(text)
        numbers.scale_sets[subscription_id] += 1
        numbers.headlines[body["h"]] += 1
        outcomes[body["o"]] += 1
        numbers.open_findings.update([severity for severity, _ in body["f"].values()])
        numbers.exempt.update(body["x"])
        environment, application, region, _ring = body["l"]
        added = [*judged_figures(body["o"], body["f"], body["x"]), *_instances(body)]
        labels = (environment, application, region, subscription_id)
        sums[labels] = list(map(add, sums.get(labels, _NOTHING), added))
    numbers.places = by_place(sums)
    for written, count in outcomes.items():
        for rule_id, letter in map(_outcome, written.split()):
            numbers.outcomes[f"{rule_id} {letter}"] += count
    return numbers
