"""The extensions of the model, and what they tell: health, Service Fabric, credentials, and who owns the rollout."""

import re

from scanner.facts.arm_paths import APPLICATIONS, DURABILITY, EXTENSIONS, HEALTH_PROTOCOL
from scanner.facts.extensions import Credentials, Extension, HealthExtension, HealthProtocol
from scanner.facts.posture import Durability, OsType
from scanner.facts.three_valued import any_of
from scanner.reading import health_settings
from scanner.reading.azure_values import (
    EMPTY,
    Block,
    choice,
    holds_credential,
    is_blank,
    is_expression,
    listed,
    name_of,
    optional,
    text,
)
from scanner.reading.credentials import credentials_of_application, credentials_of_settings
from scanner.reading.posture_owners import Owner, owner_of_extension
from scanner.reading.reader import Reader, switch_of

_HEALTH_PUBLISHER = "microsoft.managedservices"
_HEALTH_SYSTEMS = {health_settings.LINUX: OsType.LINUX, health_settings.WINDOWS: OsType.WINDOWS}
_SERVICE_FABRIC = "microsoft.azure.servicefabric"
_PROTOCOLS = {item.value: item for item in HealthProtocol}
_DURABILITIES = {item.value: item for item in Durability}
_UNREAD: Block = {"publisher": 0}
_KEYS = ("publisher", "typePropertiesType", "typeHandlerVersion", "enableAutomaticUpgrade", "settings", "type")
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}")


class ReadExtensions:
    """What the extension profile and the gallery applications say."""

    __slots__ = (
        "_os_type",
        "application_health",
        "cluster_endpoint",
        "credentials",
        "durability",
        "health",
        "items",
        "owner",
        "protocol",
        "service_fabric",
    )

    def __init__(self, profile: Block | None, os_type: OsType | None, reader: Reader) -> None:
        self._os_type = os_type
        self.items: tuple[Extension, ...] | None = None
        self.application_health: bool | None = None
        self.health: tuple[HealthExtension, ...] = ()
        self.protocol: HealthProtocol | None = None
        self.service_fabric = False
        self.durability: Durability | None = None
        self.cluster_endpoint = ""
        self.owner: Owner | None = None
        extensions = listed(optional(profile, "extensionProfile"), "extensions")
        applications = listed(optional(profile, "applicationProfile"), "galleryApplications")
        seen = [Credentials(unread=(EXTENSIONS,))] if extensions is None else self._read(extensions, reader)
        if applications is None:
            seen.append(Credentials(unread=(APPLICATIONS,)))
        else:
            seen += [
                credentials_of_application(item, f"{APPLICATIONS}[{index}]") for index, item in enumerate(applications)
            ]
        self.credentials = Credentials(
            found=tuple([credential for item in seen for credential in item.found]),
            unread=tuple(dict.fromkeys(path for item in seen for path in item.unread)),
        )

    def _read(self, found: list[object], reader: Reader) -> list[Credentials]:
        items: list[Extension] = []
        health: list[HealthExtension] = []
        durabilities: list[Durability | None] = []
        credentials: list[Credentials] = []
        for index, raw in enumerate(found):
            properties = _properties_of(raw)
            item = _extension(f"{EXTENSIONS}[{index}].properties", raw, properties)
            items.append(item)
            settings = properties.get("settings") if properties is not _UNREAD else 0
            block: Block = settings if isinstance(settings, dict) else EMPTY
            credentials.append(credentials_of_settings(item.name, f"{item.path}.settings", settings))
            self.owner = self.owner or owner_of_extension(item.publisher, item.type, block)
            if item.is_application_health:
                _note_setting(block.get("protocol"), HEALTH_PROTOCOL, reader)
                health.append(_health(item, settings, self._os_type))
            elif item.publisher == _SERVICE_FABRIC:
                _note_setting(block.get("durabilityLevel"), DURABILITY, reader)
                durabilities.append(_durability(settings))
                self.cluster_endpoint = (text(block.get("clusterEndpoint")) or "").lower()
        if items:
            reader.note(EXTENSIONS, [f"{item.publisher or '?'}/{item.type or '?'}" for item in items])
        self.items = tuple(items)
        self.application_health = any_of(*[item.is_application_health for item in items])
        self.health = tuple(health)
        self.protocol = _strongest([item.protocol for item in health])
        self.service_fabric = bool(durabilities)
        self.durability = durabilities[0] if len(set(durabilities)) == 1 else None
        return credentials


def _properties_of(raw: object) -> Block:
    """Find the properties: nested in ARM's shape, beside the name in that of the CLI."""
    if not isinstance(raw, dict):
        return _UNREAD
    nested = raw.get("properties")
    if isinstance(nested, dict):
        return nested
    return raw if nested is None and any(key in raw for key in _KEYS) else _UNREAD


def _extension(path: str, raw: object, properties: Block) -> Extension:
    publisher, kind = text(properties.get("publisher")), _type_of(properties)
    publisher = None if publisher is None else publisher.lower()
    after = listed(properties, "provisionAfterExtensions") if properties is not _UNREAD else None
    return Extension(
        path=path,
        name=name_of(raw.get("name")) if isinstance(raw, dict) else None,
        publisher=publisher,
        type=kind,
        handler_version=_version(properties.get("typeHandlerVersion")),
        automatic_upgrade=switch_of(properties.get("enableAutomaticUpgrade")) if properties is not _UNREAD else None,
        has_predecessor=None if after is None else any(not is_blank(item) for item in after),
        is_application_health=_is_application_health(publisher, kind),
    )


def _type_of(properties: Block) -> str | None:
    """Read the type: the CLI keeps it apart from the resource type, which stands in ``type`` then, or nothing does."""
    kind = text(properties.get("typePropertiesType"))
    if kind is None:
        kind = text(properties.get("type"))
    return None if kind is None or "/" in kind else kind.lower()


def _version(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        return None
    return tuple([int(part) for part in value.split(".")])


def _is_application_health(publisher: str | None, kind: str | None) -> bool | None:
    if (publisher is not None and publisher != _HEALTH_PUBLISHER) or (kind is not None and kind not in _HEALTH_SYSTEMS):
        return False
    return None if publisher is None or kind is None else True


def _health(item: Extension, settings: object, os_type: OsType | None) -> HealthExtension:
    """Say whether the extension can report: its settings let it, and it is of the guests' operating system."""
    kind = item.type or ""
    protocol = choice(settings.get("protocol"), _PROTOCOLS) if isinstance(settings, dict) else None
    reports, problem = health_settings.can_report(kind, settings, item.handler_version)
    if os_type is not None and os_type is not _HEALTH_SYSTEMS[kind]:
        reports, problem = False, f"it is the extension of {_HEALTH_SYSTEMS[kind].value.capitalize()}"
    elif os_type is None and reports:
        reports, problem = None, "the operating system is not known"
    return HealthExtension(path=item.path, protocol=protocol, reports=reports, problem=problem)


def _durability(settings: object) -> Durability | None:
    """Read the durability: Bronze where the settings do not say.

    https://learn.microsoft.com/azure/service-fabric/service-fabric-cluster-capacity.
    """
    if not isinstance(settings, dict):
        return None
    level = settings.get("durabilityLevel")
    return Durability.BRONZE if level is None else choice(level, _DURABILITIES)


def _note_setting(value: object, path: str, reader: Reader) -> None:
    """Note one named setting and nothing else: settings may hold secrets."""
    if isinstance(value, str) and not holds_credential(value) and not is_expression(value):
        reader.note(path, value)


def _strongest(protocols: list[HealthProtocol | None]) -> HealthProtocol | None:
    for protocol in (HealthProtocol.HTTPS, HealthProtocol.HTTP):
        if protocol in protocols:
            return protocol
    return HealthProtocol.TCP if protocols and None not in protocols else None
