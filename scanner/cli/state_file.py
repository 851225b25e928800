"""The file in which ``scan`` remembers: where it is by default, and that only its owner can read it."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.token_claims import read_claims
from scanner.errors import SettingsError, StoreError


def state_file(named: Path | None, connection: Connection) -> Path:
    """Answer the file, created if it is missing: only its owner can read it, as it names what is weak in a fleet.

    By default one for each address of Azure and each tenant. Raises ``SettingsError`` or ``StoreError``.
    """
    if named is not None and named.is_dir():
        raise SettingsError(f"--state names {str(named)!r}, which is a folder; it must name a file.")
    path = named or state_folder() / _name(connection)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in (path, path.with_name(f"{path.name}.lease")):
            file.touch(mode=0o600)
            if file.stat().st_mode & 0o077 and os.name == "posix":
                file.chmod(0o600)
    except OSError as error:
        raise StoreError(
            f"The state file {path} cannot be created or opened: {error.strerror or error}."
            " Name another file with --state."
        ) from error
    return path


def state_folder() -> Path:
    """Name the folder for what programs of this user remember.

    Linux: https://specifications.freedesktop.org/basedir-spec/latest/; on Windows and macOS, where their programs put it.
    """
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        wanted = os.environ.get("XDG_STATE_HOME", "")
        base = Path(wanted) if wanted.startswith("/") else Path.home() / ".local" / "state"
    return base / "vmss-posture"


def _name(connection: Connection) -> str:
    address = urlsplit(connection.arm_endpoint)
    parts = [
        str(address.hostname),
        *([str(address.port)] if address.port not in (None, 443) else []),
        *_tenant(connection),
    ]
    return f"{'-'.join(parts)}.sqlite"


def _tenant(connection: Connection) -> list[str]:
    """Read the tenant from the token that the scan needs anyway; nothing where it does not say."""
    from azure.core.exceptions import AzureError

    try:
        token = connection.credential.get_token(f"{connection.arm_audience.rstrip('/')}/.default").token
    except (AzureError, ValueError, OSError):
        return []  # A person who is not signed in is told so by the scan itself, with what to do.
    tenant = read_claims(token).tenant_id
    return [tenant] if tenant else []
