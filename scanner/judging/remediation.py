"""The remediation of one rule on one scale set: what the rule wants changed, and which rules fail next."""

from scanner.facts.posture import Posture
from scanner.judging.judge import Judgement, failed_rules
from scanner.rules import Rule
from scanner.rules.criteria import Criteria
from scanner.rules.own_catalogue import find_rule
from scanner.rules.remediation import Remediation, applied, bicep_of, commands_of
from scanner.rules.verdict import Outcome

_TEMPLATE = (
    "No command: a template still has to be evaluated to know what this scale set is called. Change the template. "
)


def remediation_for(rule: Rule, judgement: Judgement) -> Remediation:
    """Compute the remediation of a rule that failed in this judgement.

    ``needs`` comes from judging once more, as the scale set will be after the commands. Of a rule that did not fail the
    answer means nothing.
    """
    posture, criteria = judgement.posture, judgement.criteria
    plan = rule.remediation(posture, criteria)
    needs = _newly_failing(judgement, applied(posture, plan.edits)) if plan.edits else ()
    commands = commands_of(plan, posture)
    return Remediation(
        commands=commands,
        bicep=bicep_of(plan),
        terraform=plan.terraform,
        note=f"{_TEMPLATE if plan.edits and not commands else ''}{plan.note}{_first(needs, criteria)}",
        needs=needs,
    )


def _first(needs: tuple[str, ...], criteria: Criteria) -> str:
    """Say what comes before the commands: rules while which fail Azure refuses the change, or never upgrades."""
    blocking = [rule_id for rule_id in needs if find_rule(rule_id, criteria.own).blocks_os_upgrade]
    if not blocking:
        return ""
    return f" Put {', '.join(blocking)} right first: while it fails, Azure refuses this change or never upgrades the image."


def _newly_failing(before: Judgement, after: Posture) -> tuple[str, ...]:
    failed = {verdict.rule_id for verdict in before.verdicts if verdict.outcome is Outcome.FAILED}
    return tuple([each for each in failed_rules(after, before.criteria, before.depth) if each not in failed])


def advice_for(rule: Rule, judgement: Judgement, language: str) -> str:
    """Say what to set in ``terraform`` or else in Bicep, and what to know before: without judging what comes of it."""
    plan = rule.remediation(judgement.posture, judgement.criteria)
    is_terraform = language == "terraform"
    change = plan.terraform if is_terraform else bicep_of(plan)
    said = f"{'Terraform' if is_terraform else 'Bicep'}: {change}." if change else ""
    return " ".join(part for part in (said, plan.note) if part)
