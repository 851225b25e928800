"""Something is meant as an exemption but is not valid, so it exempts nothing.

An exemption names its rules by id or name, gives a reason, an owner and an end (`until`, as YYYY-MM-DD). One unknown
rule makes the whole exemption invalid. In the tag every key stands once and there are no others.
"""

from scanner.facts.arm_paths import TAGS
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Posture
from scanner.rules.context import RuleContext
from scanner.rules.exemption import InvalidExemption
from scanner.rules.rule import Rule
from scanner.rules.verdict import Outcome, Severity, Verdict

_ID = "VMSS-082"


def check(posture: Posture, context: RuleContext) -> Verdict:
    """Look for exemptions that are not valid."""
    invalid = [item for item in context.exemptions or () if isinstance(item, InvalidExemption)]
    if invalid:
        evidence = tuple([Evidence(f"exemption.{item.source}", " ".join(item.problems)) for item in invalid])
        reason = f"An exemption is not valid: {' '.join(invalid[0].problems)}"
        return Verdict(_ID, Outcome.FAILED, reason, evidence)
    if context.exemptions is None or not context.exemption_tag_read:
        return Verdict(_ID, Outcome.UNKNOWN, "The exemption tag was not read.", posture.evidence(TAGS))
    if not context.exemptions:
        return Verdict(_ID, Outcome.NOT_APPLICABLE, "There is no exemption.")
    return Verdict(_ID, Outcome.PASSED, "Every exemption is valid.")


RULE = Rule(
    id=_ID,
    name="exemption-invalid",
    severity=Severity.MEDIUM,
    title="Every exemption names its rules, reason, owner and end.",
    rationale="Somebody believes that a finding is agreed upon, and it is not.",
    remediation=(
        "az tag update --resource-id $id --operation merge --tags upgrade-posture-exempt='rules=VMSS-001; "
        "until=2026-12-31; reason=…; owner=…' # With what is true, for an exemption in the tag; one in "
        "exemptions.toml is corrected there. Bicep: tags; Terraform: tags. A tag restarts nothing; a person signs "
        "for the exemption."
    ),
    arm_properties=(TAGS,),
    references=("https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",),
    check=check,
    documentation=__doc__ or "",
)
