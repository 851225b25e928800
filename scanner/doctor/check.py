"""One check of the doctor: what it looked at, how that went, what was found, and the fix."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    """It works, but needs attention."""
    FAILED = "failed"
    """The service cannot do its work, or has stopped doing it."""
    SKIPPED = "skipped"
    """Not examined, so the result is unknown; the reason is in ``found``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a check is about, for the reference page: Markdown, in a sentence or two."""

    proves: str
    """What is true when it is ok."""
    fix: str
    """What to do when it is not."""


MEANINGS: Mapping[str, Meaning] = {
    "settings": Meaning(
        proves="Every required setting is given, every value is allowed, and every name is spelt as the service reads it.",
        fix="Correct or rename the setting with `azd env set` and `azd provision`; what is set past them is gone with the next deployment.",
    ),
    "schedules": Meaning(
        proves="Both schedules are NCRONTAB of six fields and have a next run; a scan runs every 5 minutes at most; the longest gap of each is a day at most.",
        fix="Six fields, UTC. A scan every 5 minutes at most; scan and snapshot daily at least, also over a weekend.",
    ),
    "time limit": Meaning(
        proves="A scan ends, and is recorded, before Azure Functions ends it.",
        fix="`VMSS_TIME_LIMIT_MINUTES` at least 4 minutes below `functionTimeout` in `host.json`.",
    ),
    "policy": Meaning(
        proves="`policy.toml`, `exemptions.toml` and own rules in `rules.d` can be read.",
        fix="The file and place that is named, then `azd deploy`.",
    ),
    "functions": Meaning(
        proves="The package can be imported and has its functions.",
        fix="Deploy the package as it was released.",
    ),
    "shards": Meaning(
        proves="With `VMSS_SHARDS=auto`, the package has the orchestration, `azure-functions-durable` can be loaded, and `host.json` lets one orchestration run at a time and one shard on an instance.",
        fix="Deploy the package as it was released, or `azd env set VMSS_SHARDS off` and `azd provision`.",
    ),
    "sign-in to Resource Manager": Meaning(
        proves="There is a token for Azure Resource Manager; its identity is shown.",
        fix="`az login` in the deployment's tenant; as the identity: `AZURE_CLIENT_ID` must be one that is assigned to the app.",
    ),
    "sign-in to storage": Meaning(
        proves="There is a token for Azure Storage, for the same identity.",
        fix="As above.",
    ),
    "sign-in to Azure Monitor": Meaning(
        proves="There is a token for Azure Monitor, for the same identity.",
        fix="As above.",
    ),
    "clock": Meaning(
        proves="This machine's clock agrees with Azure's: tokens and `TimeGenerated` depend on it.",
        fix="NTP. More than 5 minutes is a failure, more than one a warning.",
    ),
    "subscriptions": Meaning(
        proves="Azure Resource Graph answers, and the identity can read at least one subscription.",
        fix="*Reader* on subscriptions or a management group. 401: wrong cloud or tenant. 429: another program uses up the quota.",
    ),
    "scope": Meaning(
        proves="Every subscription in the settings can be read, and Resource Graph lists every subscription that Resource Manager lists.",
        fix="*Reader* where it is missing; or wait, where Resource Manager lists the subscription already: Resource Graph may take hours.",
    ),
    "changes": Meaning(
        proves="Resource Graph answers who changed scale sets.",
        fix="*Reader*, or the custom role with its present actions. A cloud without the table: nothing; VMSS-083 stays unknown.",
    ),
    "compute": Meaning(
        proves="Azure Compute answers for a scale set, as it is asked before one is reported as removed, and for its rolling upgrades.",
        fix="*Reader* on the subscription. Skipped where no scale set is to be seen.",
    ),
    "instance counts": Meaning(
        proves="Azure Resource Graph counts the instances of Uniform scale sets (table `computeresources`) and of Flexible ones; it says which columns this cloud offers.",
        fix="Counts stay as last known. A cloud without the table stays so: of Uniform scale sets it is then not known what the instances run.",
    ),
    "instances": Meaning(
        proves="Azure Compute answers for the instance view, the instances and the history of OS upgrades of a Uniform scale set.",
        fix="*Reader* on the subscription, or update the custom role. Skipped where there is no Uniform scale set, or Compute does not answer at all.",
    ),
    "beside": Meaning(
        proves="Azure Resource Graph answers for what lies beside the scale sets: galleries, load balancers, maintenance assignments. It counts what the identity sees.",
        fix="Azure leaves out what the identity may not read, and says nothing. 0 of a kind that there is: *Reader*, or update the custom role. The rules that need it are unknown, or see no assignment.",
    ),
    "table": Meaning(
        proves="The table endpoint answers, and the table exists or could be created.",
        fix="`AuthorizationPermissionMismatch`: *Storage Table Data Contributor* (up to 10 minutes). `AuthorizationFailure`: the account's firewall or private endpoint. No answer: the name, or the network.",
    ),
    "table rows": Meaning(
        proves="A row can be written, read and deleted.",
        fix="As above. A probe row that could not be deleted is named; it does no harm.",
    ),
    "state version": Meaning(
        proves="No state row was written by a newer version of the service.",
        fix="Deploy the newer version, or use another table.",
    ),
    "lease": Meaning(
        proves="No scan that was killed keeps other scans out.",
        fix="Wait: the lease of a scan that was killed ends after 10 minutes. One that is damaged or was written by a wrong clock is broken by the next scan: set that machine's clock.",
    ),
    "last scan": Meaning(
        proves="Scans run on schedule: the timer works.",
        fix="The timer does not run: failed invocations, the host's storage, then `az functionapp restart`.",
    ),
    "last complete scan": Meaning(
        proves="The last scan read everything.",
        fix="What the record says; until then what was not seen keeps its last known state.",
    ),
    "outbox": Meaning(
        proves="No event waits longer than two schedules.",
        fix="See *collection rule* and *last scan*. Nothing is lost: events are sent after the cause is fixed.",
    ),
    "collection rule": Meaning(
        proves="Endpoint and rule belong together, have the three streams, and accept rows from the identity.",
        fix="403: *Monitoring Metrics Publisher* on the rule (up to 30 minutes). 404: endpoint and id are of two rules. No stream: `azd provision`.",
    ),
    "columns": Meaning(
        proves="Each stream of the rule has every column that is sent, with its type, and a data flow brings its rows unchanged to its table; the endpoint is the rule's.",
        fix="`azd provision`. Skipped where the identity cannot read the rule.",
    ),
    "probe row": Meaning(
        proves="A row is accepted. Only with `--write-probe`.",
        fix="As for *collection rule*.",
    ),
}
"""The checks by name, in the order in which they are made."""

PROVES: Mapping[str, str] = {name: meaning.proves for name, meaning in MEANINGS.items()}
"""What each check proves when it is ok, by its name."""


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
        """Refuse a check that is not declared, and a bad outcome without its fix."""
        if self.name not in PROVES:
            raise ValueError(f"{self.name!r} is not declared in PROVES.")
        if self.result in (Result.FAILED, Result.WARNING) and not self.fix:
            raise ValueError(f"The check {self.name!r} names no fix.")


def ok(name: str, found: str) -> Check:
    """Say that it works."""
    return Check(name=name, result=Result.OK, found=found)


def failed(name: str, found: str, fix: str, command: str = "") -> Check:
    """Say what does not work, and the fix."""
    return Check(name=name, result=Result.FAILED, found=found, fix=fix, command=command)


def warning(name: str, found: str, fix: str, command: str = "") -> Check:
    """Say what needs attention."""
    return Check(name=name, result=Result.WARNING, found=found, fix=fix, command=command)


def skipped(name: str, reason: str) -> Check:
    """Say why it was not examined."""
    return Check(name=name, result=Result.SKIPPED, found=reason)
