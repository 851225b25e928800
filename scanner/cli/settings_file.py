"""The file of ``--settings``."""

from collections.abc import Mapping
from pathlib import Path

from azureformats import settings_file
from scanner.errors import SettingsError

_HOW = "az functionapp config appsettings list --name <app> --resource-group <group> > settings.json"


def read_settings_file(path: Path) -> Mapping[str, str]:
    """Read settings by name from ``local.settings.json`` or an app's list. Raises ``SettingsError``."""
    try:
        return settings_file.read_settings_file(path)
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error}.") from error
    except ValueError as error:
        raise SettingsError(f"The settings file {path} cannot be used: {error}. Write it with: {_HOW}") from error
