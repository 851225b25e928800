"""What all rules promise."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docs import generate
from scanner.facts.arm_paths import EXTENSION_SETTINGS, LEGACY_OS_UPGRADE
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Posture
from scanner.judging.judge import judge
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules import RULES, Rule, rule_by_id
from scanner.rules.verdict import Outcome
from tests.rules.decision_tables import base, criteria, rows

ROOT = Path(__file__).parents[2]
ARM_PROPERTIES = {
    line
    for line in (ROOT / "tests/rules/arm-properties.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
}
TAGS_DECIDE = {"VMSS-070", "VMSS-071", "VMSS-072", "VMSS-073", "VMSS-080", "VMSS-081", "VMSS-082", "VMSS-083"}
WITHOUT_PROPERTIES = {"VMSS-012", "VMSS-013", "VMSS-032", *TAGS_DECIDE}
"""Rules that tags or the policy decide alone, when nothing else is reported."""

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def test_ids_and_names_are_unique_and_sorted() -> None:
    """The catalogue is in the order of its ids, and no id or name stands twice."""
    ids = [rule.id for rule in RULES]

    assert ids == sorted(set(ids))
    assert len({rule.name for rule in RULES}) == len(RULES)


@each_rule
def test_a_rule_stands_in_a_module_of_its_name(rule: Rule) -> None:
    """The module of a rule is named after its id and name."""
    module = f"vmss_{rule.id[5:]}_{rule.name.replace('-', '_')}"

    assert rule.check.__module__ == f"scanner.rules.{module}"


@each_rule
def test_no_text_of_a_rule_is_empty_or_left_open(rule: Rule) -> None:
    """Title, rationale, remediation and documentation say something, as sentences."""
    for text in (rule.title, rule.rationale, rule.documentation):
        assert len(text.split()) > 4
        assert "TODO" not in text
    assert rule.rationale.endswith(".")


@each_rule
def test_what_a_rule_reads_are_properties_that_arm_has(rule: Rule) -> None:
    """Every path is one of ARM's own, one of the two settings that are read, or the flag of old API versions."""
    for path in rule.arm_properties:
        assert path in ARM_PROPERTIES | {LEGACY_OS_UPGRADE} or path.startswith(f"{EXTENSION_SETTINGS}."), path


@each_rule
def test_nothing_reported_is_unknown(rule: Rule) -> None:
    """A scale set of which only the id and the tags were read is unknown, but where tags or policy decide."""
    posture = Posture(scale_set_id="/a", name="a", subscription_id="s", resource_group="g")

    outcome = judge(posture, criteria()).outcomes[rule.id]

    if rule.id in WITHOUT_PROPERTIES:
        assert outcome is not Outcome.UNKNOWN
    else:
        assert outcome is Outcome.UNKNOWN


def test_every_verdict_says_why() -> None:
    """A verdict has a reason in one sentence, and a failed one has evidence."""
    for row in rows():
        for verdict in row.judged().verdicts:
            assert verdict.reason.endswith(".")
            assert verdict.outcome is not Outcome.FAILED or verdict.evidence, verdict


def test_evidence_is_what_was_reported() -> None:
    """Evidence names ARM's path and the value in Azure's spelling; what was absent is null."""
    verdict = rule_by_id("VMSS-022").check(parse_scale_set(base()), criteria())

    assert Evidence("properties.upgradePolicy.rollingUpgradePolicy.pauseTimeBetweenBatches", "PT1M") in verdict.evidence
    assert Evidence("properties.upgradePolicy.mode", "Rolling") in verdict.evidence


def test_a_rule_is_found_by_id_or_name_without_case() -> None:
    """Both name the same rule; nothing else does."""
    assert rule_by_id("vmss-030") is rule_by_id("IMAGE-VERSION-PINNED")
    with pytest.raises(KeyError):
        rule_by_id("VMSS-0*")


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "VMSS-1"), ("name", "Pinned"), ("title", "no sentence"), ("references", ("https://example.com",))],
)
def test_a_rule_refuses_to_be_declared_wrong(field: str, value: Any) -> None:
    """A wrong declaration is an error that names the rule and the field."""
    with pytest.raises(ValueError, match=field):
        replace(RULES[0], **{field: value})


def test_the_pages_are_current() -> None:
    """docs/rules.md and docs/rules/ are what the rules and their tables render to."""
    assert generate.stale(ROOT) == []


def test_a_stale_page_is_told_and_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check exits with 1 and names the page; writing them puts that right, and takes away pages of no rule."""
    for name in ("infra", "requirements.txt", "scanner", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "docs" / "rules").mkdir(parents=True)
    (tmp_path / "docs" / "rules" / "VMSS-999.md").write_text("old")

    assert generate.main(["--check", "--root", str(tmp_path)]) == 1
    assert "VMSS-999.md is stale" in capsys.readouterr().err
    assert generate.main(["--root", str(tmp_path)]) == 0
    assert generate.main(["--check", "--root", str(tmp_path)]) == 0
    assert not (tmp_path / "docs" / "rules" / "VMSS-999.md").exists()
