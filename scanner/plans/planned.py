"""What a plan holds: scale sets as they will be, each with the address by which its author knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scanner.errors import MonitorError


class UnreadablePlanError(MonitorError):
    """A document is a plan in a form that holds nothing to judge, or is not the plan that it says it is."""


class Source(StrEnum):
    """What wrote the plan."""

    TERRAFORM = "terraform"
    SNAPSHOT = "bicep snapshot"
    WHAT_IF = "what-if"
    TEMPLATE = "template"


class Action(StrEnum):
    """What the deployment does to the scale set."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How the sources name the resource: enough to find its line in a ``.tf`` or ``.bicep`` file."""

    module: tuple[str, ...] = ()
    """Names of the module calls (Terraform) or nested deployments, outermost first."""
    type: str = ""
    name: str = ""
    """The label of a Terraform resource, or the symbolic name of a Bicep one; for a template the resource's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One scale set as it will be."""

    document: Mapping[str, object]
    """ARM's form; a value that the plan does not know is a text in square brackets that says why."""
    address: str
    """As the plan names it: ``module.web.azurerm_linux_virtual_machine_scale_set.this["blue"]``."""
    source: Source
    action: Action = Action.UNKNOWN
    resource_group: str = ""
    """Where the plan says it without a resource id; empty: it does not."""
    place: Place = field(default_factory=Place)
    gaps: Mapping[str, str] = field(default_factory=dict)
    """By ARM path: why the plan cannot say what stands there."""
    taken_for_absent: tuple[str, ...] = ()
    """Arguments that are unknown in the plan and not in its configuration: not set, unless the sources say otherwise."""
    tags_may_be_added: str = ""
    """Why the deployed scale set may have more tags than the plan shows; empty: it has these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReading:
    """A plan, read."""

    planned: tuple[Planned, ...] = ()
    problems: tuple[str, ...] = ()
    """What of the plan could not be read, so that a gate must not pass."""
    notes: tuple[str, ...] = ()
    """What the plan leaves to another one, such as a linked template."""
