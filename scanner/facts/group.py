"""A group of scale sets, of one application or cluster: what a scale set of it is compared with.

A group is a sum of cards, the same in whatever order they were added. It grows with what differs between them, not with
their number.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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
        """Write the group as plain JSON, always in the same order."""
        return {
            "places": [
                [environment, region, _sorted(place.values), _upgrading_json(place)]
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
    """Read what ``to_json`` wrote. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for anything else."""
    if not isinstance(body, dict):
        raise TypeError("a group is an object")
    group = Group()
    for environment, region, values, upgrading in body["places"]:
        place = Place({str(name): dict(found) for name, found in values.items()})
        for image, platform, zones, windows, hook, examples in upgrading:
            alike = Upgrading(image, platform, _tuple(zones), _tuple(windows), hook)
            place.upgrading[alike] = dict(examples)
        group.places[str(environment), str(region)] = place
    for ring, image, region, version in body["running"]:
        group.running[str(ring), str(image), str(region)] = None if version is None else str(version)
    group.rings = {str(ring) for ring in body["rings"]}
    return group


NOT_READ = "null"
"""The text of a value that was not read."""


def text_of(value: JsonValue) -> str:
    """Write a value as it stands in ``Values``; numbers that are equal have one text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def value_of(text: str) -> JsonValue:
    """Read a value of ``Values``."""
    value: JsonValue = json.loads(text)
    return value


def _newer(known: str | None, running: str | None) -> str | None:
    """Keep the newer of two versions; ``None`` as soon as one is not known: a newer one may run there."""
    if known is None or running is None:
        return None
    return running if is_older(known, running) else known


def _sorted(values: Values) -> Mapping[str, JsonValue]:
    return {name: dict(sorted(found.items())) for name, found in values.items()}


def _upgrading_json(place: Place) -> list[JsonValue]:
    def items() -> Iterator[list[JsonValue]]:
        for alike, examples in place.upgrading.items():
            kept = dict(sorted(examples.items()))
            yield [alike.image, alike.is_platform, alike.zones, alike.windows, alike.has_scheduling_hook, kept]

    return sorted(items(), key=text_of)


def _tuple(value: object) -> tuple[str, ...] | None:
    return None if value is None else tuple([str(item) for item in value])  # type: ignore[attr-defined]
