"""What a plan adds to the verdicts about it: why something is not known, and what the plan cannot hold."""

from dataclasses import replace
from functools import cache

from scanner.facts.arm_paths import IMAGE, TAGS
from scanner.judging.judge import Judgement
from scanner.plain_text import json_text
from scanner.plans.gaps import reasons_for
from scanner.plans.planned import Planned
from scanner.plans.templates.resource_ids import PART
from scanner.rules.criteria import Criteria
from scanner.rules.own_catalogue import find_rule
from scanner.rules.verdict import Outcome, Verdict

_MOST_REASONS = 3


def explained(judgement: Judgement, planned: Planned) -> Judgement:
    """Say in each verdict what the plan does not: an unknown has the reason, a rule about tags that there may be more.

    A name of which only a part is known is on no list and off no list: what fails for it is unknown.
    """
    return replace(
        judgement, verdicts=tuple([_explained(verdict, planned, judgement.criteria) for verdict in judgement.verdicts])
    )


def _explained(verdict: Verdict, planned: Planned, criteria: Criteria) -> Verdict:
    rule = find_rule(verdict.rule_id, criteria.own)
    outcome, said = verdict.outcome, []
    if outcome is Outcome.FAILED and verdict.rule_id == _COMPARES_NAMES and _is_part(verdict):
        outcome = Outcome.UNKNOWN
        said.append("A part of the image's id is not known before the deployment.")
    if outcome is Outcome.UNKNOWN:
        reasons = reasons_for(planned.gaps, rule.arm_properties)
        said += [f"In the plan: {'; '.join(reasons[:_MOST_REASONS])}."] if reasons else []
    if planned.tags_may_be_added and outcome is not Outcome.PASSED and _reads_tags(rule.arm_properties):
        said.append(planned.tags_may_be_added)
    if not said:
        return verdict
    return verdict._replace(outcome=outcome, reason=" ".join([verdict.reason, *said]))


@cache
def _reads_tags(paths: tuple[str, ...]) -> bool:
    return any(path == TAGS or path.startswith(f"{TAGS}.") for path in paths)


_COMPARES_NAMES = "VMSS-032"


def _is_part(verdict: Verdict) -> bool:
    return any(item.path.startswith(IMAGE) and PART in json_text(item.value) for item in verdict.evidence)
