"""An exemption that covered an open finding has ended.

An exemption holds up to and including the day in `until`, in UTC. When it has ended and a rule that it names fails
with no other exemption over it, this rule fails. Ended over nothing open passes; over rules that are *unknown*, it is
unknown. A scale set without a valid exemption, current or ended, is not applicable.
"""

from scanner.facts.arm_paths import TAGS
from scanner.facts.evidence import Evidence
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import Exemption, ExemptionCase
from scanner.rules.remediation.governance import renew_exemption
from scanner.rules.reserved import RESERVED
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(case: ExemptionCase, criteria: Criteria) -> Answer:
    """Look for open findings under exemptions that have ended."""
    valid = [item for item in case.exemptions if isinstance(item, Exemption)]
    current = {rule for item in valid if item.holds_on(criteria.day) for rule in item.rules}
    ended = [item for item in valid if not item.holds_on(criteria.day)]
    evidence = tuple(
        [Evidence(f"exemption.{item.source}", f"{', '.join(item.rules)} until {item.until}") for item in valid]
    )
    covered = {rule for item in ended for rule in item.rules} - current
    if failing := sorted(rule for rule in covered if case.outcomes.get(rule) is Outcome.FAILED):
        return Answer(Outcome.FAILED, f"An exemption from {', '.join(failing)} has ended.", evidence)
    if not case.tag_read:
        return Answer(Outcome.UNKNOWN, "The exemption tag was not read.", case.posture.evidence(TAGS))
    if unsure := sorted(rule for rule in covered if _is_unknown(rule, case)):
        return Answer(Outcome.UNKNOWN, f"An exemption from {', '.join(unsure)}, which is unknown, has ended.", evidence)
    if not valid:
        return Answer(Outcome.NOT_APPLICABLE, "There is no valid exemption.", evidence)
    return Answer(Outcome.PASSED, "No open finding is under an exemption that has ended.", evidence)


def _is_unknown(rule_id: str, case: ExemptionCase) -> bool:
    """Whether nothing is known of a rule's answer: it is unknown, or a reserved rule that this release does not judge."""
    outcome = case.outcomes.get(rule_id)
    return outcome is Outcome.UNKNOWN or (outcome is None and rule_id in RESERVED)


RULE = Rule(
    id="VMSS-081",
    name="exemption-expired",
    severity=Severity.MEDIUM,
    title="No open finding has an expired exemption.",
    rationale="An exception that was agreed for a time has become the rule, without a decision.",
    remediation=renew_exemption,
    arm_properties=(TAGS,),
    references=("https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",),
    check=check,
    documentation=__doc__ or "",
)
