"""Remediations work: applied to the document, the rule no longer fails and only what is named fails next."""

from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings

from scanner.facts.depth import NOT_READ, Depth
from scanner.judging.judge import Judgement, judge
from scanner.judging.remediation import remediation_for
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules import RULES, rule_by_id
from scanner.rules.remediation import Remediation, applied
from scanner.rules.remediation.upgrades import is_stateful
from scanner.rules.verdict import Outcome
from tests.rules import az_interpreter
from tests.rules.decision_tables import Row, criteria, rows
from tests.rules.scale_set_documents import documents, policies

MAY_BE_UNKNOWN = {"VMSS-002", "VMSS-014", "VMSS-017", "VMSS-020", "VMSS-021", "VMSS-022", "VMSS-023", "VMSS-025"}
"""Rules of which Azure does not say everything: its own rolling policy may rule, an image is on no published list, or the
row of a Service Fabric cluster decides."""
FAILED_ROWS = [row for row in rows() if row.outcome is Outcome.FAILED]


def judged(document: dict[str, Any], policy: str = "", exemptions: str = "", depth: Depth = NOT_READ) -> Judgement:
    """Read and judge a document, with what was read beside it."""
    return judge(parse_scale_set(document), criteria(policy, exemptions), depth)


def failing(judgement: Judgement) -> set[str]:
    """Name the rules that fail."""
    return {rule_id for rule_id, outcome in judgement.outcomes.items() if outcome is Outcome.FAILED}


def after(remediation: Remediation, document: dict[str, Any]) -> dict[str, Any]:
    """Apply all commands, one after the other."""
    for command in remediation.commands:
        document = az_interpreter.run(command.argv, document)
    return document


def decisions(judgement: Judgement) -> set[str]:
    """Name the rules of which a person decides what is right, so that there is only a note."""
    compared = {"VMSS-070", "VMSS-071", "VMSS-072", "VMSS-073", "VMSS-074"}
    return (
        compared
        | {"VMSS-060", "VMSS-061", "VMSS-062", "VMSS-081", "VMSS-082", "VMSS-083"}
        | ({"VMSS-001"} if is_stateful(judgement.posture, judgement.criteria) else set())
    )


def prove(
    rule_id: str, document: dict[str, Any], policy: str, exemptions: str = "", depth: Depth = NOT_READ
) -> Remediation:
    """Apply the remediation of a rule that fails, and check everything that a remediation promises."""
    before = judged(document, policy, exemptions, depth)
    remediation = remediation_for(rule_by_id(rule_id), before)
    assert remediation.note
    assert bool(remediation.bicep) is bool(remediation.terraform) is (rule_id not in decisions(before))
    if not remediation.commands:
        assert remediation.note.startswith("No command: ")
        assert remediation.needs == ()
        return remediation
    mended = judged(after(remediation, document), policy, exemptions, depth)
    outcome = mended.outcomes[rule_id]
    assert outcome is not Outcome.FAILED, (remediation, mended.outcomes)
    assert outcome is not Outcome.UNKNOWN or rule_id in MAY_BE_UNKNOWN
    assert set(remediation.needs) == failing(mended) - failing(before)
    plan = rule_by_id(rule_id).remediation(before.posture, before.criteria)
    assert judge(applied(before.posture, plan.edits), before.criteria, depth).outcomes == mended.outcomes
    return remediation


@pytest.mark.parametrize("row", FAILED_ROWS, ids=lambda row: f"{row.rule_id}: {row.case}")
def test_each_failed_case_of_the_tables_is_put_right(row: Row) -> None:
    """Applied to the document of a failed row, a remediation keeps its promises."""
    prove(row.rule_id, row.document, row.policy, row.exemptions, row.depth)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents(), policy=policies())
def test_a_remediation_works_on_any_scale_set(document: dict[str, Any], policy: str) -> None:
    """After its commands a rule no longer fails, and exactly the rules that are named fail newly."""
    for rule_id in sorted(failing(judged(document, policy))):
        remediation = prove(rule_id, document, policy)
        event(f"{rule_id}: {'commands' if remediation.commands else 'a note'}")


def test_every_rule_has_a_failed_case_to_be_put_right() -> None:
    """No rule is left out of the tables above."""
    assert {row.rule_id for row in FAILED_ROWS} == {rule.id for rule in RULES}
