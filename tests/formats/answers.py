"""Answers as writers are given them, with names that try to break out of every format."""

from scanner.formats.results import Place, Result, Results
from scanner.rules.verdict import Outcome, Severity

NASTY = (
    'module.web["a:b,c|d`e]f;g"].x\r\n::error::%0A ##vso[task.setvariable variable=x]y <script>&amp; \x1b[31m \ud800'
)
EXEMPTION = {
    "source": "file",
    "reason": "Agreed; see *ticket* <b>",
    "owner": "web",
    "ticket": "T-1",
    "until": "2026-12-31",
}


def answer(
    outcome: Outcome = Outcome.FAILED,
    severity: Severity = Severity.HIGH,
    *,
    rule_id: str = "VMSS-001",
    address: str = "azurerm_linux_virtual_machine_scale_set.web",
    exempt: bool = False,
    reason: str = "Automatic OS image upgrade is off.",
    file: str = "infra/main.tf",
    line: int | None = 12,
    is_new: bool | None = None,
) -> Result:
    """Make one answer."""
    return Result(
        rule_id=rule_id,
        rule_name="automatic-os-upgrade-disabled",
        outcome=outcome,
        severity=severity,
        reason=reason,
        place=Place(address=address, file=file, line=line),
        evidence=({"path": "properties.upgradePolicy.mode", "value": "Manual"},),
        exemption=EXEMPTION if exempt else None,
        remediation="Set automatic_os_upgrade_enabled = true." if outcome is Outcome.FAILED else "",
        is_new=is_new,
    )


EVERY = Results(
    version="1.2.3",
    scale_sets=3,
    answers=(
        answer(),
        answer(severity=Severity.MEDIUM, rule_id="VMSS-030", line=None, is_new=True),
        answer(severity=Severity.LOW, rule_id="VMSS-080", is_new=False),
        answer(Outcome.PASSED, rule_id="VMSS-002"),
        answer(Outcome.UNKNOWN, rule_id="VMSS-003"),
        answer(Outcome.NOT_APPLICABLE, rule_id="VMSS-004"),
        answer(rule_id="VMSS-040", exempt=True),
        answer(address=NASTY, reason=NASTY, file="in fra/mäin,:;]%.tf"),
        answer(address="no file", file="", line=None),
    ),
    problems=("plan.json: the plan ended in an error",),
    notes=("the linked template of x is not in the file",),
    changes=("web: upgrade_mode Rolling → Manual (weakened).",),
)
