"""Extensions of azurerm's scale sets: blocks of the set, or resources beside it. Protected settings are never read."""

import json
import re
from collections.abc import Mapping

from scanner.plans.values import AFTER_APPLY, SENSITIVE, UNREADABLE, Tree, is_hidden, known

_PUBLIC = frozenset({
    "applicationhealthlinux",
    "applicationhealthwindows",
    "http",
    "https",
    "microsoft.azure.servicefabric",
    "microsoft.azure.servicefabric.mc",
    "microsoft.managedservices",
    "servicefabriclinuxnode",
    "servicefabricnode",
    "bronze",
    "gold",
    "silver",
    "tcp",
})  # fmt: skip
_PUBLISHER = re.compile(r"microsoft\.[a-z.]{3,60}", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}")
_SETTINGS = ("protocol", "port", "requestPath", "intervalInSeconds", "numberOfProbes", "gracePeriod", "durabilityLevel")


def extension_profile(values: Tree) -> object:
    """Translate the ``extension`` blocks of a scale set; no block is an extension profile without extensions."""
    found = values.get("extension")
    if found is None:
        return {"extensions": []}
    if not isinstance(found, list):
        return {"extensions": found if is_hidden(found) else UNREADABLE}
    return {"extensions": [_one(item) for item in found if item is not None]}


def one_extension(values: Tree) -> dict[str, object]:
    """Translate an extension, also one that is a resource of its own."""
    upgrade = values.get("automatic_upgrade_enabled")
    after = values.get("provision_after_extensions")
    if after is None:
        after = values.get("extensions_to_provision_after_vm_creation")
    properties = known({
        "publisher": values.get("publisher"),
        "type": values.get("type"),
        "typeHandlerVersion": values.get("type_handler_version"),
        # The provider sends false for a flag that is not set; a version without the flag sends nothing.
        "enableAutomaticUpgrade": False if upgrade is None and "automatic_upgrade_enabled" in values else upgrade,
        "suppressFailures": values.get("failure_suppression_enabled"),
        "provisionAfterExtensions": after,
        "settings": _settings(values.get("settings")),
    })  # fmt: skip
    return known({"name": values.get("name"), "properties": properties})


def gallery_applications(values: Tree) -> object:
    """Translate the applications that the instances install."""
    found = values.get("gallery_application")
    if found is None or found == []:
        return None
    if not isinstance(found, list):
        return {"galleryApplications": found if is_hidden(found) else UNREADABLE}
    return {
        "galleryApplications": [
            known({
                "packageReferenceId": item.get("version_id"),
                "configurationReference": item.get("configuration_blob_uri"),
            })
            if isinstance(item, dict)
            else UNREADABLE
            for item in found
        ]
    }  # fmt: skip


def public_part(items: object, literals: frozenset[str]) -> object:
    """Read what is no secret of a set that is marked as a whole.

    Terraform cannot mark one element of a set, so ``protected_settings`` marks every scale set's ``extension``. Only
    words of a public vocabulary (names that Microsoft publishes, versions, flags, numbers) and texts that the
    configuration writes out are read; every other text is hidden.
    """
    if not isinstance(items, list):
        return SENSITIVE
    return [_public(item, literals) if isinstance(item, dict) else SENSITIVE for item in items]


def _public(item: Tree, literals: frozenset[str]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for name in ("name", "publisher", "type", "type_handler_version"):
        if item.get(name) is not None:
            kept[name] = _word(item[name], literals)
    for name in ("automatic_upgrade_enabled", "failure_suppression_enabled"):
        if name in item:
            kept[name] = item[name] if isinstance(item[name], bool | None) else _hidden(item[name])
    for name in ("provision_after_extensions", "extensions_to_provision_after_vm_creation"):
        if item.get(name) is not None:
            after = item[name]
            kept[name] = [_word(one, literals) for one in after] if isinstance(after, list) else _hidden(after)
    if item.get("settings") is not None:
        kept["settings"] = _public_settings(item, literals)
    return kept


def _public_settings(item: Tree, literals: frozenset[str]) -> object:
    """Read the settings of Application Health and Service Fabric, whose values are numbers and a few words."""
    settings = _settings(item["settings"])
    if settings is None or is_hidden(settings):
        return None if settings is None else _hidden(settings)
    known_type = str(item.get("type")).lower()
    if not isinstance(settings, dict) or known_type not in _PUBLIC:
        return SENSITIVE
    return {
        name: _setting(name, value, literals) if name in _SETTINGS else SENSITIVE for name, value in settings.items()
    }


def _setting(name: str, value: object, literals: frozenset[str]) -> object:
    if name == "requestPath" and isinstance(value, str) and value:
        return value if value in literals else "/"  # that there is one is what matters, not which
    if isinstance(value, bool | int | float | None):
        return value
    return _word(value, literals)


def _word(value: object, literals: frozenset[str]) -> object:
    if isinstance(value, str) and not is_hidden(value):
        public = value.lower() in _PUBLIC or _PUBLISHER.fullmatch(value) or _VERSION.fullmatch(value)
        return value if public or value in literals else SENSITIVE
    return _hidden(value)


def _hidden(value: object) -> str:
    return AFTER_APPLY if value == AFTER_APPLY else SENSITIVE


def _one(item: object) -> object:
    if isinstance(item, dict):
        return one_extension(item)
    return item if is_hidden(item) else UNREADABLE


def _settings(value: object) -> object:
    """Parse settings: the provider keeps JSON as text, and an empty one for none."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    if value in {AFTER_APPLY, SENSITIVE}:
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return UNREADABLE
    return parsed if isinstance(parsed, Mapping) else UNREADABLE
