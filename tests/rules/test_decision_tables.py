"""Every rule answers as its decision table says; the same tables are rendered into the documentation."""

import pytest

from scanner.rules import RULES
from scanner.rules.verdict import Outcome
from tests.rules.decision_tables import Row, rows

ROWS = rows()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule_id}: {row.case}")
def test_a_rule_answers_as_its_table_says(row: Row) -> None:
    """Each row of a decision table is answered with its outcome."""
    verdict = next(verdict for verdict in row.judged().verdicts if verdict.rule_id == row.rule_id)

    assert verdict.outcome == row.outcome, verdict


@pytest.mark.parametrize("rule_id", [rule.id for rule in RULES])
def test_a_table_shows_every_outcome_and_the_unreported_case(rule_id: str) -> None:
    """A table has a row for each of the four outcomes and one where nothing is reported."""
    mine = [row for row in ROWS if row.rule_id == rule_id]

    assert {row.outcome for row in mine} == set(Outcome)
    assert any(row.case.startswith("not reported") for row in mine)
