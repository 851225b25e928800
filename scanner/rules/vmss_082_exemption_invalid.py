"""Something is meant as an exemption but is not valid, so it exempts nothing.

An exemption names its rules by id or name, gives a reason, an owner and an end (`until`, as YYYY-MM-DD). One unknown
rule makes the whole exemption invalid. In the tag every key stands once and there are no others.
"""

from scanner.facts.arm_paths import TAGS
from scanner.facts.evidence import Evidence
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import ExemptionCase, InvalidExemption
from scanner.rules.remediation.governance import correct_exemption
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(case: ExemptionCase, _criteria: Criteria) -> Answer:
    """Look for exemptions that are not valid."""
    invalid = [item for item in case.exemptions if isinstance(item, InvalidExemption)]
    if invalid:
        evidence = tuple([Evidence(f"exemption.{item.source}", " ".join(item.problems)) for item in invalid])
        reason = f"An exemption is not valid: {' '.join(invalid[0].problems)}"
        return Answer(Outcome.FAILED, reason, evidence)
    if not case.tag_read:
        return Answer(Outcome.UNKNOWN, "The exemption tag was not read.", case.posture.evidence(TAGS))
    if not case.exemptions:
        return Answer(Outcome.NOT_APPLICABLE, "There is no exemption.")
    return Answer(Outcome.PASSED, "Every exemption is valid.")


RULE = Rule(
    id="VMSS-082",
    name="exemption-invalid",
    severity=Severity.MEDIUM,
    title="Every exemption names its rules, reason, owner and end.",
    rationale="A team believes that a finding is exempt, and it is not.",
    remediation=correct_exemption,
    arm_properties=(TAGS,),
    references=("https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",),
    check=check,
    documentation=__doc__ or "",
)
