"""Staging beside production: where the environments of one application differ in how they are upgraded."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from scanner.facts.evidence import JsonValue
from scanner.overview.figures import Group, group_of
from scanner.overview.scale_set import KnownScaleSet
from scanner.plain_text import json_text

COMPARED = (
    "orchestration_mode",
    "upgrade_mode",
    "automatic_os_upgrade",
    "automatic_rollback_disabled",
    "max_batch_instance_percent",
    "image",
    "health_probe",
    "application_health",
    "automatic_repairs",
    "patch_mode",
)
"""Facts of which environments should have the same value: else what is tried in staging says little of production."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A fact that differs between environments: the values of each, in the order of the environments."""

    fact: str
    values: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application, environment by environment."""

    name: str
    environments: tuple[Group, ...]
    """Production last."""
    differences: tuple[Difference, ...]

    @property
    def weight(self) -> tuple[int, int]:
        """How much it asks for attention: headlines that differ, then facts that do."""
        shapes = {frozenset(group.headlines) for group in self.environments}
        return (-len(shapes), -len(self.differences))


def compare_environments(items: Iterable[KnownScaleSet], production: Collection[str]) -> list[Application]:
    """Compare the environments of every application that has several; the most different first."""
    members: dict[str, dict[str, list[KnownScaleSet]]] = {}
    for item in items:
        if item.application and item.environment:
            members.setdefault(item.application, {}).setdefault(item.environment, []).append(item)
    found = [
        _application(name, environments, production) for name, environments in members.items() if len(environments) > 1
    ]
    return sorted(found, key=lambda each: (*each.weight, each.name))


def _application(name: str, environments: dict[str, list[KnownScaleSet]], production: Collection[str]) -> Application:
    ordered = sorted(environments, key=lambda each: (each.strip().lower() in production, each.casefold()))
    differences = []
    for fact in COMPARED:
        values = tuple([_values(environments[each], fact) for each in ordered])
        if len({value for value in values if value}) > 1:
            differences.append(Difference(fact=fact, values=values))
    return Application(
        name=name,
        environments=tuple([group_of(each, environments[each]) for each in ordered]),
        differences=tuple(differences),
    )


def _values(items: Sequence[KnownScaleSet], fact: str) -> tuple[str, ...]:
    """List the values that were read, the most frequent first."""
    counts = Counter(shown(value) for item in items if (value := item.facts.get(fact)) is not None)
    return tuple([value for value, _count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))])


def shown(value: JsonValue) -> str:
    """Write a fact's value as a person reads it."""
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case str():
            return value
        case list() | tuple() if all(isinstance(item, str) for item in value):
            return ", ".join(str(item) for item in value) or "none"
        case None:
            return "not read"
        case _:
            return json_text(value)
