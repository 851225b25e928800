"""Remediations: what puts a failed rule right on one scale set, computed from its posture and the policy."""

from scanner.rules.remediation.applied import applied
from scanner.rules.remediation.data import Command, Remediation, as_json
from scanner.rules.remediation.edits import Edit, Plan, Remove, Scale, Set, bicep_of, commands_of
from scanner.rules.remediation.rendering import (
    NOT_SHOWN,
    notes_of,
    posix_command,
    powershell_command,
    render_posix,
    render_powershell,
)

__all__ = [
    "NOT_SHOWN",
    "Command",
    "Edit",
    "Plan",
    "Remediation",
    "Remove",
    "Scale",
    "Set",
    "applied",
    "as_json",
    "bicep_of",
    "commands_of",
    "notes_of",
    "posix_command",
    "powershell_command",
    "render_posix",
    "render_powershell",
]
