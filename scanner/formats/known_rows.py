"""The columns of exports in tables: one row for each scale set, or for each finding."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from scanner.overview.environments import shown
from scanner.overview.scale_set import KnownFinding, KnownInstances, KnownScaleSet
from scanner.plain_text import plain
from scanner.rules import RULES
from scanner.rules.verdict import Outcome

type Cell = str | int
type ControlNames = Mapping[str, tuple[str, ...]]
"""By rule: the controls for which it is evidence."""

CELL_LIMIT: Final = 32_000
"""Characters of a cell: Excel takes 32,767.

https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
"""
_NAMES: Final = {rule.id: rule.name for rule in RULES}
_TITLES: Final = {rule.id: rule.title for rule in RULES}

_ABOUT: Final[tuple[tuple[str, Callable[[KnownScaleSet], Cell]], ...]] = (
    ("ScaleSetId", lambda item: item.scale_set_id),
    ("ScaleSetName", lambda item: item.name),
    ("AzureSubscriptionId", lambda item: item.subscription_id),
    ("ResourceGroup", lambda item: item.resource_group),
    ("Location", lambda item: item.location),
    ("Environment", lambda item: item.environment),
    ("Application", lambda item: item.application),
    ("Ring", lambda item: item.ring),
    ("Owner", lambda item: item.owner),
    ("UpgradesItself", lambda item: item.upgrades_itself),
)
_STATE: Final[tuple[tuple[str, Callable[[KnownScaleSet], Cell]], ...]] = (
    ("BlockedBy", lambda item: " ".join(item.blocked_by)),
    ("ReadyToEnable", lambda item: item.ready_to_enable),
    ("BlockedIfEnabled", lambda item: " ".join(item.blocked_if_enabled)),
    ("ManagedBy", lambda item: item.managed_by),
    ("Missing", lambda item: "; ".join(item.missing)),
    ("OpenHigh", lambda item: item.count("high")),
    ("OpenMedium", lambda item: item.count("medium")),
    ("OpenLow", lambda item: item.count("low")),
    ("Exempt", lambda item: len(item.exempt)),
    ("Passed", lambda item: len(item.rules_with(Outcome.PASSED))),
    ("Unknown", lambda item: len(item.rules_with(Outcome.UNKNOWN))),
    ("LastReadAt", lambda item: item.last_read_at),
)
_INSTANCES: Final[tuple[tuple[str, Callable[[KnownInstances], int | str | None]], ...]] = (
    ("Instances", lambda known: known.count),
    ("BehindModel", lambda known: known.behind_model),
    ("BehindModelSince", lambda known: known.behind_model_since),
    ("BehindImage", lambda known: known.behind_image),
    ("BehindImageSince", lambda known: known.behind_image_since),
    ("HeldBack", lambda known: known.held_back),
    ("UnhealthyInstances", lambda known: known.unhealthy),
    ("InstancesCountedAt", lambda known: known.counted_at),
    ("OnNewestImage", lambda known: known.on_newest_image),
    ("ExposureHours", lambda known: known.exposure_hours),
    ("ExposureFrom", lambda known: known.exposure_from),
)
"""Empty where they were not read."""
_FACTS: Final = (
    "orchestration_mode",
    "upgrade_mode",
    "automatic_os_upgrade",
    "automatic_rollback_disabled",
    "max_batch_instance_percent",
    "os_type",
    "image",
    "image_pinned",
    "health_probe",
    "application_health",
    "automatic_repairs",
    "patch_mode",
)
"""Facts that have a column; all are in the JSON."""
_FINDING: Final[tuple[tuple[str, Callable[[KnownFinding], Cell]], ...]] = (
    ("RuleId", lambda finding: finding.rule_id),
    ("RuleName", lambda finding: _NAMES.get(finding.rule_id) or finding.own_name),
    ("Expected", lambda finding: _TITLES.get(finding.rule_id, "")),
    ("Severity", lambda finding: finding.severity),
    ("State", lambda finding: "open" if finding.exemption is None else "exempt"),
    ("OpenedAt", lambda finding: finding.opened_at),
    ("Reason", lambda finding: finding.reason),
    (
        "Evidence",
        lambda finding: "; ".join(f"{each.get('path')} = {shown(each.get('value'))}" for each in finding.evidence),
    ),
    ("ExemptUntil", lambda finding: "" if finding.exemption is None else finding.exemption.until),
    ("ExemptionOwner", lambda finding: "" if finding.exemption is None else finding.exemption.owner),
    ("ExemptionReason", lambda finding: "" if finding.exemption is None else finding.exemption.reason),
    ("ExemptionTicket", lambda finding: "" if finding.exemption is None else finding.exemption.ticket),
    ("Remediation", lambda finding: finding.remediation.replace("\n", " ⏎ ")),
)

SCALE_SET_COLUMNS: Final = (
    *[name for name, _ in (*_ABOUT, *_STATE)],
    *[f"Fact.{name}" for name in _FACTS],
    *[name for name, _ in _INSTANCES],
)
FINDING_COLUMNS: Final = (*[name for name, _ in (*_ABOUT, *_FINDING)], "Controls")


def scale_set_row(item: KnownScaleSet) -> list[Cell]:
    """Fill in the columns of a scale set; a fact that was not read is *not read*."""
    facts = [shown(item.facts.get(name)) for name in _FACTS]
    known = item.instances or KnownInstances()
    counts = ["" if (value := read(known)) is None else value for _, read in _INSTANCES]
    return [_safe(value) for value in (*[read(item) for _, read in (*_ABOUT, *_STATE)], *facts, *counts)]


def finding_rows(item: KnownScaleSet, controls: ControlNames) -> Iterator[list[Cell]]:
    """Fill in the columns of each finding of a scale set, open or exempt, worst first."""
    about = [_safe(read(item)) for _, read in _ABOUT]
    for finding in item.findings:
        cells: Iterable[Cell] = (*[read(finding) for _, read in _FINDING], "; ".join(controls.get(finding.rule_id, ())))
        yield [*about, *[_safe(cell) for cell in cells]]


def _safe(cell: Cell) -> Cell:
    return plain(cell, CELL_LIMIT) if isinstance(cell, str) else cell
