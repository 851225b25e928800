"""Application settings in a file: ``local.settings.json``, or an app's as ``az`` lists them."""

import json
from pathlib import Path


def read_settings_file(path: Path) -> dict[str, str]:
    """Read settings by name, in any of three forms, in UTF-8 (with a BOM too) or UTF-16 (as PowerShell writes).

    The forms: a list of objects with ``name`` and ``value``; an object with ``Values``; an object of names and values.
    Raises ``OSError`` for a file that cannot be read, ``ValueError`` for one that holds no settings or is encrypted.
    https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file
    """
    try:
        document = json.loads(path.read_bytes())
    except RecursionError as error:
        raise ValueError("it is not JSON: nested too deep") from error
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if isinstance(document, list):
        pairs = [(each.get("name"), each.get("value")) for each in document if isinstance(each, dict)]
    elif isinstance(document, dict):
        if document.get("IsEncrypted"):
            raise ValueError("it is encrypted; func settings decrypt makes it readable")
        values = document.get("Values", document)
        pairs = list(values.items()) if isinstance(values, dict) else []
    else:
        pairs = []
    settings = {
        name: "" if value is None else str(value)
        for name, value in pairs
        if isinstance(name, str) and not isinstance(value, dict | list)
    }
    if not settings:
        raise ValueError("it holds no settings")
    return settings
