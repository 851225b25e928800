"""A group of scale sets, of one application or cluster: what a scale set of it is compared with.

A group is a sum of cards, the same in whatever order they were added. It grows with what differs between them, not with
their number.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import batched

from scanner.facts.card import Card
from scanner.facts.evidence import JsonValue
from scanner.facts.versions import is_older

EXAMPLES = 2
"""Scale sets that are named of those that are alike: with two, one of them is another than the one that is judged."""

type Values = dict[str, dict[str, str]]
"""By setting, and in it by value as JSON text, the name of a scale set that has it; ``null`` is a value not read."""


@dataclass(frozen=True, slots=True)
class Upgrading:
    """Scale sets of one place that Azure upgrades by itself, and that are alike in what keeps upgrades apart."""

    image: str | None
    is_platform: bool | None
    zones: tuple[str, ...] | None
    windows: tuple[str, ...] | None
    has_scheduling_hook: bool | None


@dataclass(slots=True)
class Place:
    """The scale sets of a group in one environment and region."""

    values: Values = field(default_factory=dict)
    upgrading: dict[Upgrading, dict[str, str]] = field(default_factory=dict)
    """With some examples each: name by key."""


@dataclass(slots=True)
class Group:
    """What is known of the scale sets of one application or cluster. Add every card once."""

    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    """By environment and region; an environment that was not read is ``?``."""
    rings: set[str] = field(default_factory=set)
    running: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    """The newest version that instances run, by ring, image and region; ``None``: of one of them it is not known."""

    def add(self, card: Card) -> None:
        """Add a scale set."""
        environment = "?" if card.environment is None else card.environment
        place = self.places.setdefault((environment, card.region), Place())
        for name, value in card.settings.items():
            found, text = place.values.setdefault(name, {}), text_of(value)
            found[text] = min(found.get(text, card.name), card.name)
        if card.automatic_os_upgrade is not False:
            alike = Upgrading(card.image, card.is_platform, card.zones, card.windows, card.has_scheduling_hook)
            examples = place.upgrading.setdefault(alike, {})
            examples[card.key] = card.name
            if len(examples) > EXAMPLES:
                del examples[max(examples)]
        if card.ring:
            self.rings.add(card.ring)
        if card.ring and card.running != "":
            at = (card.ring, card.image or "", card.region)
            self.running[at] = _newer(self.running[at], card.running) if at in self.running else card.running

    def environments(self) -> set[str]:
        """List the environments; empty: scale sets without one; ``?``: not read."""
        return {environment for environment, _ in self.places}

    def values_in(self, environment: str, name: str) -> dict[str, str]:
        """List the values of a setting in an environment, each with a scale set that has it."""
        found: dict[str, str] = {}
        for (where, _), place in self.places.items():
            if where == environment:
                found = place.values.get(name, {}) | found
        return found

    def to_json(self) -> JsonValue:
        """Write the group as plain JSON, always in the same order: what repeats, once, and a number in its place."""
        places = self.places.values()
        settings = sorted({name for place in places for name in place.values})
        values = _Numbered(text for place in places for found in place.values.values() for text in found)
        named = [found.values() for place in places for found in place.values.values()]
        named += [examples.values() for place in places for examples in place.upgrading.values()]
        names = _Numbered(name for some in named for name in some)
        return {
            "settings": list(settings),
            "values": list(values),
            "names": list(names),
            "places": [
                [
                    environment,
                    region,
                    [_pairs(place.values.get(name, {}), values, names) for name in settings],
                    _upgrading_json(place, names),
                ]
                for (environment, region), place in sorted(self.places.items())
            ],
            "rings": sorted(self.rings),
            "running": [[*at, version] for at, version in sorted(self.running.items())],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A scale set and its groups, as a rule that compares scale sets is given it. A group that is ``None`` was not read."""

    card: Card
    application: Group | None = None
    """All scale sets of its application, as the last scan left them."""
    cluster: Group | None = None
    """All node types of its classic Service Fabric cluster."""


def read_group(body: object) -> Group:
    """Read what ``to_json`` wrote. Raises ``ValueError``, ``KeyError``, ``IndexError`` or ``TypeError`` for anything else."""
    if not isinstance(body, dict):
        raise TypeError("a group is an object")
    group = Group()
    settings, values, names = ([str(each) for each in body[kind]] for kind in ("settings", "values", "names"))
    for environment, region, pairs, upgrading in body["places"]:
        place = Place()
        for setting, found in zip(settings, pairs, strict=True):
            if found:
                place.values[setting] = {values[text]: names[name] for text, name in batched(found, 2, strict=True)}
        for image, platform, zones, windows, hook, examples in upgrading:
            alike = Upgrading(image, platform, _tuple(zones), _tuple(windows), hook)
            place.upgrading[alike] = {str(key): names[name] for key, name in batched(examples, 2, strict=True)}
        group.places[str(environment), str(region)] = place
    for ring, image, region, version in body["running"]:
        group.running[str(ring), str(image), str(region)] = None if version is None else str(version)
    group.rings = {str(ring) for ring in body["rings"]}
    return group


NOT_READ = "null"
"""The text of a value that was not read."""


def text_of(value: JsonValue) -> str:
    """Write a value as it stands in ``Values``; numbers that are equal have one text."""
    if value is None or isinstance(value, str | int | float):
        return _scalar_text(value)
    return json.dumps(value, sort_keys=True)


@lru_cache(maxsize=4_096, typed=True)  # few values, each in many cards; 1 and true are two
def _scalar_text(value: str | float | None) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value)


def value_of(text: str) -> JsonValue:
    """Read a value of ``Values``."""
    value: JsonValue = json.loads(text)
    return value


def _newer(known: str | None, running: str | None) -> str | None:
    """Keep the newer of two versions; ``None`` as soon as one is not known: a newer one may run there."""
    if known is None or running is None:
        return None
    return running if is_older(known, running) else known


class _Numbered(dict[str, int]):
    """Texts in order, each with its place in it."""

    def __init__(self, texts: Iterable[str]) -> None:
        super().__init__({text: number for number, text in enumerate(sorted(set(texts)))})


def _pairs(found: Mapping[str, str], first: Mapping[str, int], names: Mapping[str, int]) -> list[JsonValue]:
    pairs: list[JsonValue] = []
    for text, name in sorted(found.items()):
        pairs += (first[text], names[name])
    return pairs


def _upgrading_json(place: Place, names: Mapping[str, int]) -> list[JsonValue]:
    def items() -> Iterator[list[JsonValue]]:
        for alike, examples in place.upgrading.items():
            kept: list[JsonValue] = []
            for key, name in sorted(examples.items()):
                kept += (key, names[name])
            yield [alike.image, alike.is_platform, alike.zones, alike.windows, alike.has_scheduling_hook, kept]

    return sorted(items(), key=text_of)


def _tuple(value: object) -> tuple[str, ...] | None:
    return None if value is None else tuple([str(item) for item in value])  # type: ignore[attr-defined]
