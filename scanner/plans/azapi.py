"""Scale sets, extensions and patches of Terraform's azapi provider, whose ``body`` is ARM's form already.

The body is an object in 2.x and JSON as text in 1.x; location, tags and identity stand beside it.
https://registry.terraform.io/providers/Azure/azapi/latest/docs/resources/resource.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from scanner.plans.values import AFTER_APPLY, UNREADABLE, Tree, block, is_hidden, known, text

RESOURCE: Final = "azapi_resource"
UPDATE: Final = "azapi_update_resource"
KINDS: Final = frozenset({RESOURCE, UPDATE})
"""Resource types that may be about a scale set."""
_SCALE_SET: Final = "microsoft.compute/virtualmachinescalesets"


def translate(kind: str, values: Tree) -> dict[str, object] | None:
    """Translate a resource; ``None``: it is not a scale set."""
    if kind != RESOURCE or _type_of(values) != _SCALE_SET:
        return None
    body = _body(values)
    identity = block(values.get("identity"))
    tags = values.get("tags")
    document: dict[str, object] = known({
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "name": values.get("name"),
        "apiVersion": text(values.get("type")).partition("@")[2] or None,
        "location": values.get("location"),
        "tags": {} if tags is None else tags,
        "identity": {"type": identity.get("type")} if isinstance(identity, Mapping) else identity or {"type": "None"},
    })  # fmt: skip
    if isinstance(body, Mapping):
        document.update({name: value for name, value in body.items() if name != "type"})
        document.setdefault("properties", {})
    else:
        document |= {"properties": body, "sku": body}
    return document


def is_extension(kind: str, values: Tree) -> bool:
    """Whether the resource is an extension of a scale set."""
    return kind == RESOURCE and _type_of(values) == f"{_SCALE_SET}/extensions"


def is_update(kind: str, values: Tree) -> bool:
    """Whether the resource patches a scale set."""
    return kind == UPDATE and _type_of(values) == _SCALE_SET


def extension(values: Tree) -> object:
    """Translate an extension that is a resource of its own."""
    body = _body(values)
    return known({"name": values.get("name"), **body}) if isinstance(body, Mapping) else UNREADABLE


def patch(document: dict[str, object], values: Tree, *, certain: bool) -> None:
    """Lay a patch over the scale set; what an uncertain one would set becomes unknown."""
    body = _body(values)
    if isinstance(body, Mapping):
        _merge(document, body, certain=certain)
    else:
        document |= {"properties": body, "sku": body}


def _merge(target: dict[str, object], changes: Tree, *, certain: bool) -> None:
    for name, value in changes.items():
        here = target.get(name)
        if isinstance(value, Mapping):
            if isinstance(here, str) and is_hidden(here):
                continue  # a block that is not known stays so, whatever is laid over a part of it
            inner = dict(here) if isinstance(here, Mapping) else {}
            _merge(inner, value, certain=certain)
            target[name] = inner
        elif certain or here != value:
            target[name] = value if certain else MAYBE


MAYBE: Final = "[set by an azapi_update_resource that may be about this scale set]"


def group_of(values: Tree) -> str:
    """Read the resource group out of the id of the parent; empty where that is not known."""
    match = re.search(r"/resourcegroups/([^/]+)", text(values.get("parent_id")), re.IGNORECASE)
    return match[1] if match else ""


def _type_of(values: Tree) -> str:
    return text(values.get("type")).partition("@")[0].lower()


def _body(values: Tree) -> object:
    """Read the body: an object, or JSON as text; a text when it is not known."""
    body = values.get("body")
    if body is None:
        return {}
    if isinstance(body, str) and not is_hidden(body):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return UNREADABLE
    if isinstance(body, Mapping):
        return body
    return body if is_hidden(body) else AFTER_APPLY if body is None else UNREADABLE
