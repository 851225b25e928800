"""Resource ids that a template makes: of their form more is known than of their parts.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from scanner.plans.templates.unknown import Unknown, reason_of, text_of

PART: Final = "(not-known)"
"""Stands for a part of an id that is not known: an image is a managed one, whatever its name."""


def _resource_id(arguments: list[Any]) -> Any:
    """``resourceId([subscription], [group], type, name…)``."""
    at = next((index for index, item in enumerate(arguments) if isinstance(item, str) and "/" in item), None)
    if at is None or at > 2:
        return _unknown("resourceId", arguments)
    before = arguments[:at]
    subscription = before[0] if len(before) == 2 else Unknown("subscription", "the subscription is not known")
    group = before[-1] if before else Unknown("group", "the resource group is not known")
    start = f"/subscriptions/{_part(subscription)}/resourceGroups/{_part(group)}"
    return _below(start, arguments[at], arguments[at + 1 :], "resourceId", arguments)


def _subscription_id(arguments: list[Any]) -> Any:
    at = next((index for index, item in enumerate(arguments) if isinstance(item, str) and "/" in item), None)
    if at is None or at > 1:
        return _unknown("subscriptionResourceId", arguments)
    subscription = arguments[0] if at == 1 else Unknown("subscription", "the subscription is not known")
    start = f"/subscriptions/{_part(subscription)}"
    return _below(start, arguments[at], arguments[at + 1 :], "subscriptionResourceId", arguments)


def _extension_id(arguments: list[Any]) -> Any:
    known = len(arguments) > 2 and isinstance(arguments[0], str) and isinstance(arguments[1], str)
    if not known:
        return _unknown("extensionResourceId", arguments)
    return _below(arguments[0].rstrip("/"), arguments[1], arguments[2:], "extensionResourceId", arguments)


def _tenant_id(arguments: list[Any]) -> Any:
    if not arguments or not isinstance(arguments[0], str):
        return _unknown("tenantResourceId", arguments)
    return _below("", arguments[0], arguments[1:], "tenantResourceId", arguments)


def _below(start: str, kind: str, names: list[Any], function: str, arguments: list[Any]) -> Any:
    namespace, *types = kind.split("/")
    parts: list[str] = []
    for name in names:
        # One name may hold several: resourceId('a/b/c', 'x/y').
        parts += _part(name).split("/") if isinstance(name, str) else [_part(name)]
    if len(parts) != len(types):
        return _unknown(function, arguments)
    segments = [segment for pair in zip(types, parts, strict=True) for segment in pair]
    return "/".join([f"{start}/providers/{namespace}", *segments])


def _part(value: Any) -> str:
    return value if isinstance(value, str) and value else PART


def _unknown(function: str, arguments: list[Any]) -> Unknown:
    text = f"{function}({','.join(map(text_of, arguments))})"[:2_000]
    return Unknown(text, reason_of(*arguments))


RESOURCE_IDS: Final[Mapping[str, Callable[[list[Any]], Any]]] = {
    "extensionresourceid": _extension_id,
    "resourceid": _resource_id,
    "subscriptionresourceid": _subscription_id,
    "tenantresourceid": _tenant_id,
}
"""By name in lower case."""
