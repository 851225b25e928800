"""From a judgement to results, and what a plan adds to it: why something is not known, and what it cannot hold."""

from collections.abc import Iterator
from dataclasses import replace

from scanner.facts.arm_paths import IMAGE, TAGS
from scanner.facts.evidence import JsonValue
from scanner.formats.results import Place, Result
from scanner.judging.judge import Judgement
from scanner.plain_text import json_text
from scanner.plans.gaps import reasons_for
from scanner.plans.planned import Planned
from scanner.plans.templates.resource_ids import PART
from scanner.rules import rule_by_id
from scanner.rules.verdict import Outcome, Verdict

_MOST_REASONS = 3


def explained(judgement: Judgement, planned: Planned) -> Judgement:
    """Say in each verdict what the plan does not: an unknown has the reason, a rule about tags that there may be more.

    A name of which only a part is known is on no list and off no list: what fails for it is unknown.
    """
    return replace(judgement, verdicts=tuple([_explained(verdict, planned) for verdict in judgement.verdicts]))


def _explained(verdict: Verdict, planned: Planned) -> Verdict:
    rule = rule_by_id(verdict.rule_id)
    outcome, said = verdict.outcome, []
    if outcome is Outcome.FAILED and verdict.rule_id == _COMPARES_NAMES and _is_part(verdict):
        outcome = Outcome.UNKNOWN
        said.append("A part of the image's id is not known before the deployment.")
    if outcome is Outcome.UNKNOWN:
        reasons = reasons_for(planned.gaps, rule.arm_properties)
        said += [f"In the plan: {'; '.join(reasons[:_MOST_REASONS])}."] if reasons else []
    reads_tags = any(path == TAGS or path.startswith(f"{TAGS}.") for path in rule.arm_properties)
    if planned.tags_may_be_added and reads_tags and outcome is not Outcome.PASSED:
        said.append(planned.tags_may_be_added)
    if not said:
        return verdict
    return replace(verdict, outcome=outcome, reason=" ".join([verdict.reason, *said]))


_COMPARES_NAMES = "VMSS-032"


def _is_part(verdict: Verdict) -> bool:
    return any(item.path.startswith(IMAGE) and PART in json_text(item.value) for item in verdict.evidence)


def results_of(
    judgement: Judgement, place: Place, remediation: dict[str, str], new: frozenset[str] | None = None
) -> Iterator[Result]:
    """Yield the answers about one scale set. ``remediation``: by rule id, for the findings; ``new``: ids that a change opens."""
    for verdict in judgement.verdicts:
        exemption = judgement.exempted.get(verdict.rule_id)
        agreed: dict[str, JsonValue] | None = None
        if exemption is not None:
            agreed = {
                "source": exemption.source,
                "reason": exemption.reason,
                "owner": exemption.owner,
                "ticket": exemption.ticket,
                "until": exemption.until.isoformat(),
            }
        yield Result(
            rule_id=verdict.rule_id,
            rule_name=rule_by_id(verdict.rule_id).name,
            outcome=verdict.outcome,
            severity=verdict.severity,
            reason=verdict.reason,
            place=place,
            evidence=[{"path": item.path, "value": item.value} for item in verdict.evidence],
            exemption=agreed,
            remediation=remediation.get(verdict.rule_id, ""),
            is_new=None if new is None else verdict.rule_id in new,
        )
