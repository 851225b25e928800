"""Whether an Application Health extension can report, by its settings.

On Linux the extension's own schema decides: it refuses what it does not know, and it reports every instance healthy
where it is told nothing. On Windows only Microsoft's page is known.
https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-health-extension.
"""

from collections.abc import Iterator, Mapping

from scanner.facts.extensions import HealthProtocol
from scanner.reading.azure_values import is_expression, number

LINUX = "applicationhealthlinux"
WINDOWS = "applicationhealthwindows"

_PROTOCOLS = {item.value: item for item in HealthProtocol}
_PROPERTIES = frozenset({
    "protocol",
    "port",
    "requestPath",
    "intervalInSeconds",
    "numberOfProbes",
    "gracePeriod",
    "vmWatchSettings",
})  # fmt: skip
_BOUNDS = {
    "port": (1, 65_535),
    "intervalInSeconds": (5, 60),
    "numberOfProbes": (1, 24),
    "gracePeriod": (5, 14_400),
}
_RICH = 2
"""Major version of the handler from which on health is more than yes or no, and a grace period is known."""
_LONGEST = {1: 120, _RICH: 240}
"""Seconds that interval times probes may be, by major version of the handler."""

_ENDLESS = 10**9

type Problem = tuple[bool, str]
"""Whether it is certain that the extension cannot report, and why."""


def can_report(kind: str, settings: object, handler: tuple[int, ...] | None) -> tuple[bool | None, str]:
    """Say whether the extension of this type can report (``None``: it cannot be said), and why not."""
    if settings is not None and not isinstance(settings, Mapping):
        return None, "its settings were not read"
    given = {name: value for name, value in (settings or {}).items() if value is not None}
    problems = list(_linux(given, handler) if kind == LINUX else _windows(given))
    for certain in (True, False):
        for is_certain, problem in problems:
            if is_certain is certain:
                return (False if certain else None), problem
    return True, ""


def _linux(given: Mapping[str, object], handler: tuple[int, ...] | None) -> Iterator[Problem]:
    major = _major(handler)
    protocol = given.get("protocol")
    yield from _linux_protocol(protocol)
    if not _PROPERTIES.issuperset(given):
        yield True, "it has a setting that the extension does not know"
    for name in _BOUNDS:
        if name in given:
            yield from _wrong_number(name, given[name])
    path = given.get("requestPath")
    if path is not None and not isinstance(path, str):
        yield True, "its requestPath is not a text"
    watch = given.get("vmWatchSettings")
    if watch is not None and not isinstance(watch, Mapping):
        yield not is_expression(watch), "its vmWatchSettings are not an object"
    yield from _path_and_port(protocol, given)
    for name in ("gracePeriod", "vmWatchSettings"):
        if name in given and major != _RICH:
            yield major == 1, f"version 1 of the extension does not know {name}"
    yield from _too_long(given, major)


def _linux_protocol(protocol: object) -> Iterator[Problem]:
    if protocol is None:
        yield True, "it has no protocol, so it reports every instance healthy"
    elif is_expression(protocol):
        yield False, "its protocol was not read"
    elif not isinstance(protocol, str) or protocol not in _PROTOCOLS:
        yield True, "its protocol is none of http, https and tcp in lower case"


def _wrong_number(name: str, value: object) -> Iterator[Problem]:
    lowest, highest = _BOUNDS[name]
    if is_expression(value):
        yield False, f"its {name} was not read"
    elif (whole := _whole(value)) is None:
        yield True, f"its {name} is not a whole number"
    elif not lowest <= whole <= highest:
        yield True, f"its {name} is not from {lowest} to {highest}"


def _whole(value: object) -> int | None:
    """Read a whole number as the schema of the extension does: a text is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def _too_long(given: Mapping[str, object], major: int | None) -> Iterator[Problem]:
    interval, probes = _whole(given.get("intervalInSeconds", 5)), _whole(given.get("numberOfProbes", 1))
    if interval is None or probes is None:
        return
    seconds = min(interval * probes, _ENDLESS)  # a number of thousands of digits could not be written
    for version, longest in _LONGEST.items():
        if seconds > longest and major in {None, version}:
            yield (
                major is not None or seconds > max(_LONGEST.values()),
                (f"intervalInSeconds times numberOfProbes is {seconds}, more than {longest}"),
            )


def _path_and_port(protocol: object, given: Mapping[str, object]) -> Iterator[Problem]:
    """Yield what Microsoft's page forbids on both systems: tcp with a path or without a port, http without a path."""
    path = given.get("requestPath")
    if is_expression(path):
        yield False, "its requestPath was not read"
    elif protocol == "tcp":
        if isinstance(path, str) and path:
            yield True, "it uses tcp with a requestPath, which is not allowed"
    elif protocol in ("http", "https") and (path is None or path == ""):
        yield False, f"it uses {protocol} without a requestPath, which Microsoft's page asks for"
    if protocol == "tcp" and "port" not in given:
        yield True, "it uses tcp without a port"


def _windows(given: Mapping[str, object]) -> Iterator[Problem]:
    raw = given.get("protocol")
    protocol = raw.lower() if isinstance(raw, str) else None
    if protocol not in _PROTOCOLS:
        yield False, "its protocol was not read" if "protocol" in given else "it has no protocol"
    yield from _path_and_port(protocol, given)
    for name in _BOUNDS:
        if name in given and number(given[name]) is None:
            yield False, f"its {name} is not a number"
    if not isinstance(given.get("requestPath", ""), str):
        yield False, "its requestPath was not read"
    if not isinstance(given.get("vmWatchSettings", {}), Mapping):
        yield False, "its vmWatchSettings are not an object"


def _major(handler: tuple[int, ...] | None) -> int | None:
    """Tell the major version: 1, or 2 for all later ones."""
    if handler is None or handler[0] < 1:
        return None
    return min(handler[0], _RICH)
