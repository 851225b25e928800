"""Settings in a file: the app's, as ``az`` lists them, or ``local.settings.json``."""

import json
from collections.abc import Mapping
from pathlib import Path

from scanner.errors import SettingsError

_HOW = "az functionapp config appsettings list --name <app> --resource-group <group> > settings.json"


def read_settings_file(path: Path) -> Mapping[str, str]:
    """Read settings by name, in any of three forms, in UTF-8 or UTF-16 (as PowerShell writes). Raises ``SettingsError``.

    The forms: a list of objects with ``name`` and ``value``; an object with ``Values``; an object of names and values.
    https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"The settings file {path} is not JSON: {error}. Write it with: {_HOW}") from error
    if isinstance(document, list):
        pairs = [(each.get("name"), each.get("value")) for each in document if isinstance(each, dict)]
    elif isinstance(document, dict):
        if document.get("IsEncrypted"):
            raise SettingsError(f"The settings file {path} is encrypted; func settings decrypt makes it readable.")
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
        raise SettingsError(f"The settings file {path} holds no settings. Write it with: {_HOW}")
    return settings
