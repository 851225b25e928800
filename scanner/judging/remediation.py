"""The remediation of one rule on one scale set: what the rule wants changed, and which rules fail next."""

from scanner.judging.judge import Judgement, judge
from scanner.rules import Rule
from scanner.rules.remediation import Remediation, applied, bicep_of, commands_of
from scanner.rules.verdict import Outcome


def remediation_for(rule: Rule, judgement: Judgement) -> Remediation:
    """Compute the remediation of a rule that failed in this judgement.

    ``needs`` comes from judging once more, as the scale set will be after the commands. Of a rule that did not fail the
    answer means nothing.
    """
    posture, criteria = judgement.posture, judgement.criteria
    plan = rule.remediation(posture, criteria)
    return Remediation(
        commands=commands_of(plan, posture),
        bicep=bicep_of(plan),
        terraform=plan.terraform,
        note=plan.note,
        needs=_newly_failing(judgement, judge(applied(posture, plan.edits), criteria)) if plan.edits else (),
    )


def _newly_failing(before: Judgement, after: Judgement) -> tuple[str, ...]:
    failed = {rule_id for rule_id, outcome in before.outcomes.items() if outcome is Outcome.FAILED}
    return tuple(
        [rule_id for rule_id, outcome in after.outcomes.items() if outcome is Outcome.FAILED and rule_id not in failed]
    )
