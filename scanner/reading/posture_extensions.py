"""The extensions of the model, and what they tell: health, Service Fabric, and services that own the rollout."""

from scanner.facts.arm_paths import DURABILITY, EXTENSIONS, HEALTH_PROTOCOL
from scanner.facts.posture import Durability, Extension, HealthProtocol, Switch
from scanner.reading.azure_values import EMPTY, Block, choice, flag, is_blank, listed, optional, text
from scanner.reading.reader import Reader

_HEALTH_PUBLISHER = "microsoft.managedservices"
_HEALTH_TYPES = frozenset({"applicationhealthlinux", "applicationhealthwindows"})
_SERVICE_FABRIC = "microsoft.azure.servicefabric"
_SERVICE_FABRIC_TYPES = frozenset({"servicefabricnode", "servicefabriclinuxnode"})
_PROTOCOLS = {item.value: item for item in HealthProtocol}
_DURABILITIES = {item.value: item for item in Durability}
_UNREAD: Block = {"publisher": 0}
_KEYS = ("publisher", "typePropertiesType", "typeHandlerVersion", "enableAutomaticUpgrade", "settings", "type")


class ReadExtensions:
    """What the extension profile says."""

    __slots__ = ("application_health", "durability", "items", "protocol", "publishers", "service_fabric")

    def __init__(self, profile: Block | None, reader: Reader) -> None:
        self.items: tuple[Extension, ...] | None = None
        self.application_health: bool | None = None
        self.protocol: HealthProtocol | None = None
        self.service_fabric = False
        self.durability: Durability | None = None
        self.publishers: frozenset[str] = frozenset()
        found = listed(optional(profile, "extensionProfile"), "extensions")
        if found is not None:
            self._read(found, reader)

    def _read(self, found: list[object], reader: Reader) -> None:
        items: list[Extension] = []
        health: list[HealthProtocol | None] = []
        durabilities: list[Durability | None] = []
        for index, raw in enumerate(found):
            properties = _properties_of(raw)
            item = _extension(f"{EXTENSIONS}[{index}].properties", _name_of(raw), properties)
            items.append(item)
            if item.is_application_health:
                protocol = _setting(properties, "protocol", HEALTH_PROTOCOL, reader)
                health.append(choice(protocol, _PROTOCOLS))
            elif item.publisher == _SERVICE_FABRIC and item.type in _SERVICE_FABRIC_TYPES:
                level = _setting(properties, "durabilityLevel", DURABILITY, reader)
                durabilities.append(choice(level, _DURABILITIES))
        if items:
            reader.note(EXTENSIONS, [f"{item.publisher or '?'}/{item.type or '?'}" for item in items])
        self.items = tuple(items)
        self.publishers = frozenset([item.publisher for item in items if item.publisher is not None])
        known = [item.is_application_health for item in items]
        self.application_health = True if True in known else (None if None in known else False)
        self.protocol = _strongest(health)
        self.service_fabric = bool(durabilities)
        self.durability = durabilities[0] if len(set(durabilities)) == 1 else None


def _properties_of(raw: object) -> Block:
    """Find the properties: nested in ARM's shape, beside the name in that of the CLI."""
    if not isinstance(raw, dict):
        return _UNREAD
    nested = raw.get("properties")
    if isinstance(nested, dict):
        return nested
    return raw if nested is None and any(key in raw for key in _KEYS) else _UNREAD


def _name_of(raw: object) -> str | None:
    return text(raw.get("name")) if isinstance(raw, dict) else None


def _extension(path: str, name: str | None, properties: Block) -> Extension:
    publisher, kind = text(properties.get("publisher")), _type_of(properties)
    publisher = None if publisher is None else publisher.lower()
    upgrade = properties.get("enableAutomaticUpgrade")
    after = listed(properties, "provisionAfterExtensions") if properties is not _UNREAD else None
    return Extension(
        path=path,
        name=name,
        publisher=publisher,
        type=kind,
        automatic_upgrade=_switch(upgrade) if properties is not _UNREAD else None,
        has_predecessor=None if after is None else any(not is_blank(item) for item in after),
        is_application_health=_is_application_health(publisher, kind),
    )


def _type_of(properties: Block) -> str | None:
    """Read the type: the CLI keeps it apart from the resource type, which stands in ``type`` then, or nothing does."""
    kind = text(properties.get("typePropertiesType"))
    if kind is None:
        kind = text(properties.get("type"))
    return None if kind is None or "/" in kind else kind.lower()


def _is_application_health(publisher: str | None, kind: str | None) -> bool | None:
    if (publisher is not None and publisher != _HEALTH_PUBLISHER) or (kind is not None and kind not in _HEALTH_TYPES):
        return False
    return None if publisher is None or kind is None else True


def _setting(properties: Block, name: str, path: str, reader: Reader) -> object:
    """Read one named setting and nothing else: settings may hold secrets."""
    settings = properties.get("settings")
    value = (settings if isinstance(settings, dict) else EMPTY).get(name)
    if isinstance(value, str):
        reader.note(path, value)
    return value


def _strongest(protocols: list[HealthProtocol | None]) -> HealthProtocol | None:
    for protocol in (HealthProtocol.HTTPS, HealthProtocol.HTTP):
        if protocol in protocols:
            return protocol
    return HealthProtocol.TCP if protocols and None not in protocols else None


def _switch(value: object) -> Switch | None:
    if value is None:
        return Switch.ABSENT
    read = flag(value)
    return None if read is None else (Switch.ON if read else Switch.OFF)
