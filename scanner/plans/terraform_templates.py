"""ARM templates that a Terraform plan deploys: the text of a template is an argument of azurerm's resource.

https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/resource_group_template_deployment.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from scanner.plans.planned import Action, Place, PlanReading, Source
from scanner.plans.templates import template
from scanner.plans.values import is_hidden, planned_value

_ARGUMENTS: Final = (
    "template_content",
    "template_body",
    "parameters_content",
    "parameters_body",
    "template_spec_version_id",
)
KINDS: Final = frozenset({
    "azurerm_management_group_template_deployment",
    "azurerm_resource_group_template_deployment",
    "azurerm_subscription_template_deployment",
    "azurerm_template_deployment",
    "azurerm_tenant_template_deployment",
})  # fmt: skip
"""Resource types that deploy a template."""


def read(details: Mapping[str, object], address: str, action: Action, place: Place) -> PlanReading:
    """Read the scale sets of the template; one that the plan does not hold is named in a note."""
    values = {name: _value(details, name) for name in _ARGUMENTS}
    content = values["template_content"] or values["template_body"]
    document = _parsed(content)
    if document is None:
        return PlanReading(notes=(f"the template that {address} deploys is not in the plan",))
    found = template.read(document, _given(values["parameters_content"] or values["parameters_body"]))
    planned = [
        replace(item, address=f"{address}/{item.address}", source=Source.TERRAFORM, action=action, place=place)
        for item in found.planned
    ]
    return PlanReading(planned=tuple(planned), problems=found.problems, notes=found.notes)


def _value(details: Mapping[str, object], name: str) -> object:
    parts = (details.get(key) for key in ("after", "after_unknown", "after_sensitive"))
    return planned_value(*[part.get(name) if isinstance(part, Mapping) else part or None for part in parts])


def _parsed(content: object) -> dict[str, Any] | None:
    if not isinstance(content, str) or is_hidden(content):
        return None
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _given(content: object) -> dict[str, Any]:
    """Read parameters, which stand there as in a parameter file, without the file around them."""
    parameters = _parsed(content)
    return {} if parameters is None else template.parameters_in({"parameters": parameters})
