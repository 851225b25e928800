"""What a document is, by what it holds: its name and folder say nothing."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from scanner.plans import bicep_snapshot, terraform, what_if
from scanner.plans.planned import PlanReading, UnreadablePlanError
from scanner.plans.templates import template

_NOT_A_PLAN: Final[tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...]] = (
    (
        lambda document: "format_version" in document and "values" in document and "resource_changes" not in document,
        "It is a Terraform state, not a plan: terraform show -json PLANFILE > plan.json.",
    ),
    (
        lambda document: "terraform_version" in document and "lineage" in document,
        "It is a Terraform state file, not a plan: terraform show -json PLANFILE > plan.json.",
    ),
    (
        lambda document: "@level" in document and "@message" in document,
        "It is the log of terraform plan -json, not the plan: terraform show -json PLANFILE > plan.json.",
    ),
    (
        lambda document: "format_version" in document and "resource_changes" not in document,
        "It is of Terraform, but holds no resource_changes: terraform show -json PLANFILE > plan.json.",
    ),
)


def is_parameter_file(document: object) -> bool:
    """Whether the document gives a template its parameters."""
    return isinstance(document, dict) and template.is_parameters(document)


def parameters_in(document: Mapping[str, object]) -> dict[str, Any]:
    """Read the values of a parameter file, by name in lower case."""
    return template.parameters_in(document)


def read_plan(document: object, parameters: Mapping[str, Any] | None = None) -> PlanReading | None:
    """Read a plan; ``None``: the document is none, and may be an export of scale sets.

    Raises ``UnreadablePlanError``, which says what to do, for a document that is near a plan and not one. Values that
    cannot be told are unknown, whatever the document holds.
    """
    if not isinstance(document, dict):
        return None
    if terraform.is_plan(document):
        return terraform.read(document)
    if bicep_snapshot.is_snapshot(document):
        return bicep_snapshot.read(document)
    if template.is_template(document):
        return template.read(document, parameters)
    if what_if.is_what_if(document) or what_if.is_empty(document):
        return what_if.read(document)
    for matches, advice in _NOT_A_PLAN:
        if matches(document):
            raise UnreadablePlanError(advice)
    return None
