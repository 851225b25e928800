"""GUIDs, the form of Azure's ids of subscriptions, tenants and identities."""

import re

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def is_guid(value: object) -> bool:
    """Tell whether a value is text of that form and nothing else: such a text is safe in a command or a file's name."""
    return isinstance(value, str) and _GUID.fullmatch(value) is not None
