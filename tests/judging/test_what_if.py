"""What if: the same scale set by other criteria, and what becomes of each finding."""

import copy
from typing import Any

import pytest

from scanner.judging.judge import judge
from scanner.judging.what_if import Effect, consequence_of
from scanner.reading.posture_rows import parse_scale_set
from tests.rules.decision_tables import base, criteria

BATCH = "maxBatchInstancePercent"
EXEMPTION = """
[[exemption]]
rules = ["VMSS-020"]
name = "*"
until = 2026-12-31
reason = "load test"
owner = "team-shop"
"""


def scale_set(batch: Any = 60, **tags: str) -> dict[str, Any]:
    """Make the scale set of the decision tables with a batch of its own."""
    document = copy.deepcopy(base())
    document["properties"]["upgradePolicy"]["rollingUpgradePolicy"][BATCH] = batch
    document["tags"] |= tags
    return document


def effects(document: dict[str, Any], *, now: tuple[str, str], then: tuple[str, str]) -> dict[str, Effect]:
    """Name what becomes of each rule; each side is a policy and an exemption file."""
    judgement = judge(parse_scale_set(document), criteria(*now))
    consequence = consequence_of(judgement, criteria(*then), judgement.depth)
    assert bool(consequence) == (bool(consequence.changes) or consequence.is_headline_changed)
    return {change.rule_id: change.effect for change in consequence.changes}


STRICT, LAX = "[rolling]\nmax_batch_percent = 20\n", "[rolling]\nmax_batch_percent = 100\n"


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        pytest.param((LAX, ""), (LAX, ""), {}, id="the same criteria"),
        pytest.param((LAX, ""), (STRICT, ""), {"VMSS-020": Effect.OPENS}, id="a stricter threshold"),
        pytest.param((STRICT, ""), (LAX, ""), {"VMSS-020": Effect.RESOLVES}, id="a laxer threshold"),
        pytest.param((STRICT, ""), (STRICT, EXEMPTION), {"VMSS-020": Effect.IS_EXEMPTED}, id="a new exemption"),
        pytest.param((STRICT, EXEMPTION), (STRICT, ""), {"VMSS-020": Effect.OPENS}, id="an exemption taken away"),
        pytest.param((LAX, ""), (STRICT, EXEMPTION), {}, id="stricter, and exempt at once"),
        pytest.param(
            (STRICT, ""),
            (STRICT + '[severities]\nVMSS-020 = "low"\n', ""),
            {"VMSS-020": Effect.CHANGES_SEVERITY},
            id="another severity",
        ),
    ],
)
def test_what_becomes_of_a_finding(now: tuple[str, str], then: tuple[str, str], expected: dict[str, Effect]) -> None:
    """Each way in which criteria can differ has its own effect."""
    assert effects(scale_set(), now=now, then=then) == expected


def test_open_and_then_unknown_stays_open() -> None:
    """A finding that could no longer be decided is told as that, and not as resolved."""
    document = scale_set()
    document["properties"]["orchestrationMode"] = "Flexible"
    document["properties"]["upgradePolicy"]["automaticOSUpgradePolicy"]["enableAutomaticOSUpgrade"] = False
    found = effects(
        document,
        now=('flexible_auto_os_upgrade = "evaluate"\n', ""),
        then=('flexible_auto_os_upgrade = "unknown"\n', ""),
    )
    assert found["VMSS-001"] is Effect.IS_UNDECIDED
    found = effects(
        document,
        now=('flexible_auto_os_upgrade = "evaluate"\n', ""),
        then=('flexible_auto_os_upgrade = "not_applicable"\n', ""),
    )
    assert found["VMSS-001"] is Effect.IS_WITHDRAWN
