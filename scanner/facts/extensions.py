"""What the extensions of the model say: of themselves, of health, and of credentials that end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Switch(StrEnum):
    """A flag whose absence means something of its own."""

    ON = "on"
    OFF = "off"
    ABSENT = "absent"


class HealthProtocol(StrEnum):
    """How the Application Health extension asks the application."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An extension of the model. Its settings are never kept: they may hold secrets."""

    path: str
    """ARM path of the extension's ``properties``."""
    name: str | None = None
    """As in the model, by which others wait for it."""
    publisher: str | None
    """Lower case; ``None``: absent, or not read."""
    type: str | None
    """Lower case; ``None``: absent, or not read."""
    handler_version: tuple[int, ...] | None = None
    """``typeHandlerVersion`` as numbers, such as ``(1, 0)``."""
    automatic_upgrade: Switch | None
    """``enableAutomaticUpgrade``; absence is not ``false``, as the default changed with API 2025-04-01."""
    has_predecessor: bool | None
    """Whether ``provisionAfterExtensions`` names another extension."""
    is_application_health: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthExtension:
    """An Application Health extension, and whether it can report.

    https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-health-extension.
    """

    path: str
    """ARM path of the extension's ``properties``."""
    protocol: HealthProtocol | None
    reports: bool | None
    """Whether its settings let it report the health of the application; ``None``: it cannot be said."""
    problem: str = ""
    """Why it cannot report, or why that cannot be said, as the end of a sentence; empty: it reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An address with a signature that ends (a SAS). Of the address itself nothing is kept.

    https://learn.microsoft.com/azure/storage/common/storage-sas-overview.
    """

    holder: str
    """The extension or gallery application that uses it, in words."""
    path: str
    """ARM path of the field that holds the address."""
    ends: tuple[datetime, ...]
    """Its ends that could be read (UTC), the earliest first; it has ended with the first of them."""
    is_whole: bool
    """Whether nothing more could end it: an end is there, none is unreadable, and none stands twice with two values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials of extensions and gallery applications that a reading can see."""

    found: tuple[Credential, ...] = ()
    unread: tuple[str, ...] = ()
    """ARM paths that may hold one and could not be read."""
