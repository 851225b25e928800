"""The scale set has no owner tag.

The owner is read from a tag, whose name is set in the policy. Absent tags are no tags; a blank value is no owner.
"""

from scanner.facts.arm_paths import TAGS
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.governance import name_owner
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Look for the owner tag."""
    name = criteria.policy.tags.owner
    evidence = (Evidence(f"{TAGS}.{name}", posture.tags.get(name)),)
    owned = posture.has_tag(name)
    if owned is None:
        return Answer(Outcome.UNKNOWN, f"The tag {name} was not read.", evidence)
    if owned:
        return Answer(Outcome.PASSED, "A tag names the owner.", evidence)
    return Answer(Outcome.FAILED, f"No tag {name} names the owner.", evidence)


RULE = Rule(
    id="VMSS-080",
    name="owner-missing",
    severity=Severity.LOW,
    title="A scale set names its owner.",
    rationale="A finding without an owner stays open.",
    remediation=name_owner,
    arm_properties=(TAGS,),
    references=("https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",),
    check=check,
    documentation=__doc__ or "",
)
