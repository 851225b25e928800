"""One check of the doctor: what it looked at, how that went, what was found, and the fix."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    """It works today; somebody should look."""
    FAILED = "failed"
    """The service cannot do its work, or has stopped doing it."""
    SKIPPED = "skipped"
    """Not looked at, and so not known to be well; the reason is in ``found``."""


PROVES: Mapping[str, str] = {
    "settings": "Every setting is there, well written and spelt as the service reads it.",
    "schedules": "Both schedules are NCRONTAB of six fields, come round, and are neither hectic nor forgotten.",
    "time limit": "A scan ends, and is written down, before Azure Functions ends it.",
    "policy": "`policy.toml` and `exemptions.toml` can be read.",
    "functions": "The package can be imported and has its six functions.",
    "sign-in to Resource Manager": "There is a token for Azure Resource Manager, and whose it is.",
    "sign-in to storage": "There is a token for Azure Storage, for the same identity.",
    "sign-in to Azure Monitor": "There is a token for Azure Monitor, for the same identity.",
    "clock": "This machine's clock agrees with Azure's: leases, tokens and `TimeGenerated` rest on it.",
    "subscriptions": "Azure Resource Graph answers, and lets the identity read at least one subscription.",
    "scope": "All that the settings ask for can be read, and Resource Graph knows all that Resource Manager lists.",
    "compute": "Azure Compute answers for a scale set, as it is asked before one is called removed.",
    "table": "The table endpoint answers, and the table is there or could be made.",
    "table rows": "A row can be written, read and deleted.",
    "state version": "No state row was written by a newer version of the service.",
    "lease": "No scan that died keeps others out.",
    "last scan": "Scans come on schedule: the timer runs.",
    "last complete scan": "The last scan read everything.",
    "outbox": "No event waits longer than it should.",
    "collection rule": "Endpoint and rule belong together, have the three streams, and let the identity send.",
    "columns": "The streams of the rule have every column that is sent, with its type, and its endpoint is the one set.",
    "probe row": "A row is accepted. Only with `--write-probe`.",
}
"""What each check proves when it is ok, by its name, in the order in which they are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome of one check. Texts may hold what Azure said: escape them before they are shown."""

    name: str
    """One of ``PROVES``."""
    result: Result
    found: str
    fix: str = ""
    """What to do, in a sentence or two; there is one for every failed check and every warning."""
    command: str = ""
    """A command that does it, where there is one. It holds ids and names of a plain form only."""

    def __post_init__(self) -> None:
        """Refuse a check that nobody declared, and a bad outcome without its cure."""
        if self.name not in PROVES:
            raise ValueError(f"{self.name!r} is not declared in PROVES.")
        if self.result in (Result.FAILED, Result.WARNING) and not self.fix:
            raise ValueError(f"The check {self.name!r} names no fix.")


def ok(name: str, found: str) -> Check:
    """Say that all is well."""
    return Check(name=name, result=Result.OK, found=found)


def failed(name: str, found: str, fix: str, command: str = "") -> Check:
    """Say what is broken, and what mends it."""
    return Check(name=name, result=Result.FAILED, found=found, fix=fix, command=command)


def warning(name: str, found: str, fix: str, command: str = "") -> Check:
    """Say what somebody should look at."""
    return Check(name=name, result=Result.WARNING, found=found, fix=fix, command=command)


def skipped(name: str, reason: str) -> Check:
    """Say why it was not looked at."""
    return Check(name=name, result=Result.SKIPPED, found=reason)
