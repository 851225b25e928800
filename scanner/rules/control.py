"""A control of a framework that rules say something about: an id, a link and our own words, never the control's text."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """How much a rule says about a control."""

    SUPPORTS = "supports"
    """Its outcomes are evidence that an assessor can use."""
    SATISFIES = "satisfies"
    """It alone proves the control: only where the source says so of scale sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A control of one version of a framework, and the rules and events that are evidence for it."""

    framework: str
    """Names framework and version, such as ``nist-800-53-r5``."""
    framework_name: str
    framework_version: str
    id: str
    """As the framework writes it."""
    about: str
    """What it asks for, in our own words."""
    relation: Relation
    rules: tuple[str, ...]
    """Ids of rules, also of those that this release does not judge yet."""
    events: tuple[str, ...]
    """Types of events, such as ``posture.drifted``."""
    page: str
    """The framework's own page."""
    source: str
    """Where the id, and what the control asks for, was read."""

    @property
    def title(self) -> str:
        """Name it as people do: framework, version and id."""
        return f"{self.framework_name} {self.framework_version}: {self.id}"


def supported_by(rule_id: str, controls: Iterable[Control]) -> tuple[Control, ...]:
    """Pick the controls for which a rule is evidence, in the order of the declaration."""
    return tuple([control for control in controls if rule_id in control.rules])
