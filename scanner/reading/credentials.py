"""When the credentials that extensions and gallery applications use end. Of an address nothing leaves this module.

An address with a signature (``sig=``) may stand anywhere in a public setting. It ends with the earlier of ``se``, and
``ske`` of the key that signed it: https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas.
An end in a stored access policy (``si``) is not in the address. Protected settings are never returned.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import unquote

from scanner.facts.extensions import Credential, Credentials
from scanner.facts.resource_id import parse_resource_id
from scanner.reading.azure_values import is_expression, name_of

_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_END = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:T(?P<time>[0-9]{2}:[0-9]{2})"
    r"(?:(?P<second>:[0-9]{2})(?P<part>\.[0-9]{1,7})?)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2}))?"
)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DEEPEST = 32  # levels of settings that are looked into; below that, they were not read

type Read = tuple[list[Credential], list[str]]
"""Credentials, and the paths that could not be read."""


def credentials_of_settings(extension: str | None, path: str, settings: object) -> Credentials:
    """Look into the public settings of an extension; ``path`` is the ARM path of the settings."""
    holder = f"extension {extension}" if extension else "an extension without a name"
    found: list[Credential] = []
    unread: list[str] = []
    if settings is not None and (not isinstance(settings, dict) or is_expression(settings)):
        unread.append(path)
    _look(settings, holder, path, (found, unread), _DEEPEST)
    return Credentials(found=tuple(found), unread=tuple(unread))


def credentials_of_application(application: object, path: str) -> Credentials:
    """Look into the reference to the configuration of a gallery application; ``path`` is that of the application."""
    if not isinstance(application, dict):
        return Credentials(unread=(path,))
    identity = parse_resource_id(application.get("packageReferenceId"))
    name = name_of(identity.names[1]) if identity is not None and len(identity.names) > 1 else None
    path = f"{path}.configurationReference"
    reference = application.get("configurationReference")
    found: list[Credential] = []
    unread: list[str] = []
    if reference is not None and not isinstance(reference, str):
        unread.append(path)
    _look(reference, f"gallery application {name or ''}".rstrip(), path, (found, unread), _DEEPEST)
    return Credentials(found=tuple(found), unread=tuple(unread))


def _look(value: object, holder: str, path: str, read: Read, levels: int) -> None:
    """Go through a value of any shape. A field whose name could be more than a name is not named."""
    found, unread = read
    if isinstance(value, str):
        if is_expression(value):
            unread.append(path)
        else:
            found.extend(_credentials_in(value, holder, path))
    elif not isinstance(value, dict | list):
        return
    elif levels == 0:
        unread.append(path)
    elif isinstance(value, dict):
        for name, item in value.items():
            shown = name if _NAME.fullmatch(name) else "(a name)"
            _look(item, holder, f"{path}.{shown}", read, levels - 1)
    else:
        for index, item in enumerate(value):
            _look(item, holder, f"{path}[{index}]", read, levels - 1)


def _credentials_in(text: str, holder: str, path: str) -> Iterator[Credential]:
    for match in _ADDRESS.finditer(text):
        parameters = _parameters(match[0])
        if "sig" in parameters:
            ends, is_whole = _ends(parameters)
            yield Credential(holder=holder, path=path, ends=ends, is_whole=is_whole)


def _parameters(address: str) -> Mapping[str, set[str]]:
    """Read the query, decoded once: every value of each name."""
    found: dict[str, set[str]] = {}
    query = address.partition("#")[0].partition("?")[2]
    for part in query.split("&"):
        name, _, value = part.partition("=")
        found.setdefault(unquote(name), set()).add(unquote(value))
    return found


def _ends(parameters: Mapping[str, set[str]]) -> tuple[tuple[datetime, ...], bool]:
    """Read the ends, and whether they are all there is: none missing, unreadable, or given twice with other values."""
    given = [parameters.get(name, set()) for name in ("se", "ske")]
    read = [_end(value) for values in given for value in values]
    ends = sorted({end for end in read if end is not None})
    is_whole = bool(given[0]) and None not in read and all(len(values) <= 1 for values in given)
    return tuple(ends), is_whole


def _end(text: str) -> datetime | None:
    """Read an end: a day is its first instant, in UTC.

    https://learn.microsoft.com/rest/api/storageservices/formatting-datetime-values.
    """
    match = _END.fullmatch(text)
    if match is None:
        return None
    part = (match["part"] or "")[:7]  # a microsecond is the least that is kept
    clock = f"{match['time'] or '00:00'}{match['second'] or ':00'}{part}"
    try:
        local = datetime.fromisoformat(f"{match['day']}T{clock}+00:00")
        return local - _offset(match["zone"])
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset
