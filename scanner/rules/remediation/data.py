"""What a remediation is: commands, the same change in Bicep and Terraform, and what to know before running anything."""

from dataclasses import dataclass

from scanner.facts.evidence import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command, as the arguments of a process: no shell has to be trusted with a name."""

    argv: tuple[str, ...]
    """The program and its arguments, unquoted; never empty."""
    changes: str
    """What it changes, in ARM's paths."""
    restarts: str
    """Which instances may restart because of it, and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediation:
    """How one failed rule is put right on one scale set."""

    commands: tuple[Command, ...]
    """In the order of running. Empty: no command can do it, and ``note`` says what to do instead."""
    bicep: str
    """The properties to set in Bicep; empty: there is only a note."""
    terraform: str
    """The arguments to set in Terraform's azurerm provider; empty as ``bicep`` is."""
    note: str
    """What a person has to know, or to decide, before running the commands."""
    needs: tuple[str, ...]
    """Ids of the rules that fail after the commands and did not before."""


def as_json(remediation: Remediation) -> dict[str, JsonValue]:
    """Write a remediation as JSON: ``commands`` (``argv``, ``changes``, ``restarts``), ``bicep``, ``terraform``, ``note``, ``needs``."""
    return {
        "commands": [
            {"argv": list(command.argv), "changes": command.changes, "restarts": command.restarts}
            for command in remediation.commands
        ],
        "bicep": remediation.bicep,
        "terraform": remediation.terraform,
        "note": remediation.note,
        "needs": list(remediation.needs),
    }
