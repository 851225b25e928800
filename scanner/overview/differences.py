"""How the scale sets of one application differ between environments, regions or rings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scanner.facts.evidence import JsonValue
from scanner.facts.versions import newest_of
from scanner.overview.scale_set import KnownScaleSet

type By = Literal["environment", "region", "ring"]

SETTINGS = (
    "upgrades_itself",
    "upgrade_mode",
    "automatic_os_upgrade",
    "automatic_rollback_disabled",
    "image",
    "application_health",
    "health_probe",
    "automatic_repairs",
    "max_batch_instance_percent",
    "max_unhealthy_instance_percent",
    "max_unhealthy_upgraded_instance_percent",
    "pause_between_batches_seconds",
    "patch_mode",
)
"""Compared facts, in the order in which they are shown."""
RUNNING = "newest_version_running"
"""The newest image version that instances run."""
NOT_READ = "?"

_PLACE: Mapping[str, Callable[[KnownScaleSet], str]] = {
    "environment": lambda item: item.environment.lower(),
    "region": lambda item: item.location,
    "ring": lambda item: item.ring.lower(),
}


@dataclass(slots=True)
class Differences:
    """One application: its places, and for each setting the values in each place."""

    application: str
    places: list[str] = field(default_factory=list)
    """In the order of their names; empty text: no tag."""
    values: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """By setting and place; ``?`` where a scale set's was not read."""

    def differing(self) -> list[str]:
        """List the settings that are not the same in all places, as far as they were read."""
        return [
            name for name, there in self.values.items() if _differs([there.get(place, set()) for place in self.places])
        ]


def differences(scale_sets: Iterable[KnownScaleSet], by: By, application: str | None = None) -> list[Differences]:
    """Compare the scale sets of each application; those without one, or of another owner's rollout, are left out."""
    found: dict[str, Differences] = {}
    for item in scale_sets:
        name = item.application.lower()
        if not name or item.managed_by or (application is not None and name != application.lower()):
            continue
        group = found.setdefault(name, Differences(name))
        place = _PLACE[by](item)
        if place not in group.places:
            group.places = sorted([*group.places, place])
        for setting, value in _settings(item):
            group.values.setdefault(setting, {}).setdefault(place, set()).add(value)
    return [found[name] for name in sorted(found)]


def _settings(item: KnownScaleSet) -> Iterable[tuple[str, str]]:
    for name in SETTINGS:
        yield name, _shown(item.upgrades_itself if name == "upgrades_itself" else item.facts.get(name))
    versions = () if item.instances is None else item.instances.versions
    yield RUNNING, newest_of([version.rpartition("/")[2] for version in versions]) or NOT_READ


def _shown(value: JsonValue) -> str:
    if value is None:
        return NOT_READ
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _differs(values: Sequence[set[str]]) -> bool:
    known = [there - {NOT_READ} for there in values]
    known = [there for there in known if there]
    return any(there != known[0] for there in known)
