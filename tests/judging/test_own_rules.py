"""Own rules: read from TOML, judged in three-valued logic, and nothing that a rule of the catalogue is not."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.adapters.criteria_files import read_criteria
from scanner.cli import main
from scanner.errors import SettingsError
from scanner.facts.depth import ScaleSet
from scanner.judging.judge import Headline, judge
from scanner.judging.own_conditions import is_of
from scanner.judging.own_rules_file import parse_own_rules
from scanner.judging.remediation import remediation_for
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules import RULES
from scanner.rules.conditions import OPERATORS
from scanner.rules.own_catalogue import find_rule
from scanner.rules.own_facts import OWN_FACTS
from scanner.rules.own_rule import answer
from scanner.rules.verdict import Outcome, Severity
from tests.rules.decision_tables import changed

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PASSED, FAILED, UNKNOWN, NOT_APPLICABLE = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.UNKNOWN,
    Outcome.NOT_APPLICABLE,
)
HEAD = """
[[rule]]
id = "SHOP-001"
name = "batch-too-large-in-shop"
severity = "medium"
title = "Scale sets of the shop upgrade at most 10 % at once."
rationale = "The shop's load balancer drains slowly."
remediation = "Set maxBatchInstancePercent to 10 in the module shop-vmss."
"""
RULE = f"""{HEAD}
references = ["https://wiki.shop.example/upgrades"]
applies = {{ fact = "application", is = "shop" }}
expects = {{ fact = "max_batch_instance_percent", at_most = 10 }}
"""


def outcome(expects: str, facts: dict[str, Any], applies: str = "") -> Outcome:
    """Judge facts by a condition."""
    more = f"applies = {applies}\n" if applies else ""
    (rule,) = parse_own_rules({"r.toml": f"{HEAD}{more}expects = {expects}\n"})
    return answer(rule, facts.get).outcome


@pytest.mark.parametrize(
    ("expects", "value", "expected"),
    [
        pytest.param('fact = "name", is = "WEB"', "web", PASSED, id="a text without case"),
        pytest.param('fact = "name", is = "web"', "api", FAILED, id="another text"),
        pytest.param('fact = "max_surge", is = true', True, PASSED, id="a flag"),
        pytest.param('fact = "max_surge", is = false', True, FAILED, id="another flag"),
        pytest.param('fact = "capacity", is = 1', 1, PASSED, id="a number"),
        pytest.param('fact = "capacity", is = 1', 1.5, FAILED, id="a number with a fraction"),
        pytest.param('fact = "upgrade_mode", in = ["Rolling", "automatic"]', "rolling", PASSED, id="one of"),
        pytest.param('fact = "upgrade_mode", in = ["automatic"]', "rolling", FAILED, id="none of"),
        pytest.param('fact = "name", like = "web-*"', "web-1", PASSED, id="a glob"),
        pytest.param('fact = "name", like = "web-?"', "web-12", FAILED, id="one character"),
        pytest.param('fact = "name", like = ["api*", "web*"]', "web-1", PASSED, id="one of two globs"),
        pytest.param('fact = "name", like = "[ab]"', "a", FAILED, id="a bracket is itself"),
        pytest.param('fact = "name", like = "[ab]"', "[AB]", PASSED, id="a bracket is found"),
        pytest.param('fact = "capacity", at_least = 3', 3, PASSED, id="at least"),
        pytest.param('fact = "capacity", more_than = 3', 3, FAILED, id="more than"),
        pytest.param('fact = "capacity", at_most = 3', 3, PASSED, id="at most"),
        pytest.param('fact = "capacity", less_than = 3', 3, FAILED, id="less than"),
        pytest.param(
            'fact = "extensions", contains = "microsoft.*/omsagent"', ["microsoft.x/OmsAgent"], PASSED, id="has"
        ),
        pytest.param('fact = "extensions", contains = "a*"', [], FAILED, id="an empty list has none"),
        pytest.param('fact = "extensions", contains_only = ["a*", "b*"]', ["a1", "b2"], PASSED, id="only those"),
        pytest.param('fact = "extensions", contains_only = "a*"', ["a1", "b2"], FAILED, id="another one too"),
        pytest.param('fact = "extensions", contains_only = "a*"', [], PASSED, id="an empty list has no other"),
        pytest.param('fact = "tag.cost-center", exists = true', "47", PASSED, id="a tag is there"),
        pytest.param('fact = "tag.cost-center", exists = true', "", FAILED, id="no such tag"),
        pytest.param('fact = "tag.cost-center", exists = false', "", PASSED, id="no such tag, as expected"),
        pytest.param('fact = "extensions", exists = false', [], PASSED, id="no extension"),
    ],
)
def test_a_fact_is_compared(expects: str, value: object, expected: Outcome) -> None:
    """Each operator; and what was not read is unknown, whatever it is compared with."""
    name = expects.split('"')[1]
    assert outcome(f"{{ {expects} }}", {name: value}) is expected
    assert outcome(f"{{ {expects} }}", {}) is UNKNOWN
    opposite = {PASSED: FAILED, FAILED: PASSED}[expected]
    assert outcome(f"{{ not = {{ {expects} }} }}", {name: value}) is opposite
    assert outcome(f"{{ not = {{ {expects} }} }}", {}) is UNKNOWN


BIG, ON = '{ fact = "capacity", more_than = 5 }', '{ fact = "automatic_repairs", is = true }'


@pytest.mark.parametrize(
    ("expects", "facts", "expected"),
    [
        (f"{{ all = [{BIG}, {ON}] }}", {"capacity": 9, "automatic_repairs": True}, PASSED),
        (f"{{ all = [{BIG}, {ON}] }}", {"capacity": 1}, FAILED),
        (f"{{ all = [{BIG}, {ON}] }}", {"capacity": 9}, UNKNOWN),
        (f"{{ any = [{BIG}, {ON}] }}", {"capacity": 9}, PASSED),
        (f"{{ any = [{BIG}, {ON}] }}", {"capacity": 1}, UNKNOWN),
        (f"{{ any = [{BIG}, {ON}] }}", {"capacity": 1, "automatic_repairs": False}, FAILED),
        (f"{{ all = [{{ any = [{BIG}, {ON}] }}, {{ not = {BIG} }}] }}", {"capacity": 9}, FAILED),
    ],
)
def test_what_is_known_decides_when_it_can(expects: str, facts: dict[str, Any], expected: Outcome) -> None:
    """All, any and not, over facts of which some were not read."""
    assert outcome(expects, facts) is expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"application": "shop", "max_batch_instance_percent": 10}, PASSED),
        ({"application": "shop", "max_batch_instance_percent": 11}, FAILED),
        ({"application": "shop"}, UNKNOWN),
        ({"application": "pay", "max_batch_instance_percent": 90}, NOT_APPLICABLE),
        ({"application": ""}, NOT_APPLICABLE),
        ({"max_batch_instance_percent": 5}, UNKNOWN),
    ],
)
def test_a_rule_says_what_it_is_about(facts: dict[str, Any], expected: Outcome) -> None:
    """Outside of it the rule is not applicable; where that is not known, the answer is not known."""
    (rule,) = parse_own_rules({"r.toml": RULE})
    assert answer(rule, facts.get).outcome is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(RULE.replace("SHOP-001", "VMSS-001"), "a prefix of your own, not VMSS", id="our prefix"),
        pytest.param(RULE.replace("SHOP-001", "shop-1"), "a prefix of your own", id="no id"),
        pytest.param(RULE.replace('"medium"', '"bad"'), "one of high, medium, low", id="no severity"),
        pytest.param(RULE.replace("batch-too-large-in-shop", "owner-missing"), "of the catalogue", id="a name of ours"),
        pytest.param(RULE.replace("batch-too-large-in-shop", "Batch"), "lower case with hyphens", id="no name"),
        pytest.param(RULE.replace("at once.", "at once"), "must be a sentence", id="no sentence"),
        pytest.param(RULE.replace("https://wiki", "http://wiki"), "https:// addresses", id="no link"),
        pytest.param(RULE.replace("rationale", "reason"), "reason is not a key of a rule", id="an unknown key"),
        pytest.param(RULE.replace("rationale", "reason"), "rationale is missing", id="a missing key"),
        pytest.param(HEAD, "expects is missing", id="no condition"),
        pytest.param(RULE.replace("max_batch_instance_percent", "max_batch"), "Did you mean", id="no fact"),
        pytest.param(RULE.replace("at_most = 10", "like = 'x'"), "takes one of is, in, at_least", id="wrong operator"),
        pytest.param(RULE.replace("at_most = 10", "at_most = '10'"), "it must be a number", id="a text for a number"),
        pytest.param(RULE.replace("at_most = 10", "at_most = true"), "it must be a number", id="a flag for a number"),
        pytest.param(RULE.replace("at_most = 10", "in = []"), "a list of such values", id="an empty list"),
        pytest.param(RULE.replace("at_most = 10", "is = 10, at_most = 10"), "is, at_most is there", id="two operators"),
        pytest.param(RULE.replace(", at_most = 10", ""), "nothing is there", id="no operator"),
        pytest.param(f"{HEAD}expects = {{ all = [] }}", "a list of conditions", id="an empty group"),
        pytest.param(f"{HEAD}expects = {{ all = [{BIG}], any = [{BIG}] }}", "stands alone", id="two groups"),
        pytest.param(f"{HEAD}expects = {{ not = 1 }}", "it must be a table", id="not of nothing"),
        pytest.param(f"{HEAD}expects = {'{ not = ' * 30}{BIG}{' }' * 30}", "more than 20 deep", id="too deep"),
        pytest.param(f"{RULE}{RULE}", "stands in r.toml too", id="twice"),
        pytest.param("[rule]\nid = 1", "a list of tables", id="one table"),
        pytest.param("rules = 1", "not a key of a rules file", id="another key"),
        pytest.param("[[rule]", "is not TOML", id="no TOML"),
        pytest.param(f"{RULE}[[rule.case]]\ncase = 'x'\noutcome = 'ok'\n", "one of passed, failed", id="no outcome"),
        pytest.param(
            f"{RULE}[[rule.case]]\ncase = 'x'\noutcome = 'passed'\nfacts = {{ capacity = 'x' }}\n",
            "a fact of the kind number",
            id="a case with the wrong kind",
        ),
    ],
)
def test_a_wrong_rule_is_refused(text: str, said: str) -> None:
    """The message names file, rule and what it must be."""
    with pytest.raises(SettingsError, match=r"r\.toml is not") as caught:
        parse_own_rules({"r.toml": text})
    assert said in str(caught.value)


def criteria(folder: Path, text: str = RULE, policy: str = "", exemptions: str = "") -> Any:
    """Make criteria of files, as a scan reads them."""
    (folder / "rules.d").mkdir(exist_ok=True)
    (folder / "rules.d" / "shop.toml").write_text(text)
    (folder / "policy.toml").write_text(policy)
    (folder / "exemptions.toml").write_text(exemptions)
    return read_criteria(folder / "policy.toml", folder / "exemptions.toml", NOW, folder / "rules.d")


SHOP = {"tags": {"application": "shop", "environment": "test", "owner": "web"}}


def test_an_own_rule_judges_beside_the_catalogue(tmp_path: Path) -> None:
    """Its verdict comes after those of the catalogue, with its name, severity, reason, evidence and remediation."""
    judged_by = criteria(tmp_path)
    judgement = judge(parse_scale_set(changed(SHOP)), judged_by)
    assert [verdict.rule_id for verdict in judgement.verdicts] == [*[rule.id for rule in RULES], "SHOP-001"]
    verdict = judgement.verdicts[-1]
    assert (verdict.outcome, verdict.severity, verdict.own_name) == (FAILED, Severity.MEDIUM, "batch-too-large-in-shop")
    assert verdict.reason == "Not so: Scale sets of the shop upgrade at most 10 % at once."
    assert [item.path for item in verdict.evidence] == ["application", "max_batch_instance_percent"]
    remediation = remediation_for(find_rule("batch-too-large-in-shop", judged_by.own), judgement)
    assert (remediation.commands, remediation.note) == (
        (),
        "Set maxBatchInstancePercent to 10 in the module shop-vmss.",
    )


def test_an_own_rule_never_changes_the_headline(tmp_path: Path) -> None:
    """Whether a scale set upgrades itself is a fact about Azure: an own rule that fails everywhere does not touch it."""
    everything = f'{HEAD}expects = {{ fact = "name", is = "-" }}\n'
    posture = parse_scale_set(changed(SHOP))
    plainly = judge(posture, read_criteria(None, None, NOW))
    judgement = judge(posture, criteria(tmp_path, everything))
    assert judgement.verdicts[-1].outcome is FAILED
    assert (judgement.upgrades_itself, judgement.blocked_by) == (plainly.upgrades_itself, plainly.blocked_by)
    assert plainly.upgrades_itself is Headline.YES


def test_another_owner_of_the_rollout_is_another_owner_here_too(tmp_path: Path) -> None:
    """A managed scale set is not judged by own rules."""
    managed = {"tags": {**SHOP["tags"], "aks-managed-poolName": "pool"}}
    judgement = judge(parse_scale_set(changed(managed)), criteria(tmp_path))
    assert judgement.verdicts[-1].outcome is NOT_APPLICABLE


def test_policy_and_exemptions_know_own_rules(tmp_path: Path) -> None:
    """A severity by id or name, an exemption in the file and one in the tag; without the rules they are unknown."""
    exemption = '[[exemption]]\nrules = ["SHOP-001"]\nname = "*"\nreason = "r"\nowner = "o"\nuntil = 2026-12-31\n'
    policy = '[severities]\nbatch-too-large-in-shop = "high"\n'
    judgement = judge(parse_scale_set(changed(SHOP)), criteria(tmp_path, policy=policy, exemptions=exemption))
    assert judgement.verdicts[-1].severity is Severity.HIGH
    assert judgement.exempted["SHOP-001"].source == "file"
    tagged = {"tags": {**SHOP["tags"], "upgrade-posture-exempt": "rules=shop-001; until=2026-12-31; reason=r; owner=o"}}
    judgement = judge(parse_scale_set(changed(tagged)), criteria(tmp_path))
    assert judgement.exempted["SHOP-001"].source == "tag"
    judgement = judge(parse_scale_set(changed(tagged)), read_criteria(None, None, NOW))
    assert judgement.outcomes["VMSS-082"] is FAILED
    (tmp_path / "policy.toml").write_text(policy)
    with pytest.raises(SettingsError, match="not a known rule"):
        read_criteria(tmp_path / "policy.toml", None, NOW)


def test_a_changed_rule_is_another_version(tmp_path: Path) -> None:
    """What can change an answer, or how it is told, makes the scan judge again; comments and cases do not."""
    version = criteria(tmp_path).version
    assert version != read_criteria(None, None, NOW).version
    assert criteria(tmp_path, f"# note\n{RULE}").version == version
    assert criteria(tmp_path, f"{RULE}[[rule.case]]\ncase = 'x'\noutcome = 'passed'\n").version == version
    for old, new in (
        ("at_most = 10", "at_most = 11"),
        ("medium", "low"),
        ("drains slowly", "is old"),
        ('is = "shop"', 'is = "pay"'),
    ):
        assert criteria(tmp_path, RULE.replace(old, new)).version != version


def test_every_fact_is_documented_and_can_be_read() -> None:
    """Each has a meaning, an operator, and a value of its kind or none; of a scale set without properties too."""
    criteria = read_criteria(None, None, NOW)
    for document in (changed({}), changed({}, "properties"), changed(SHOP)):
        scale_set = ScaleSet(posture=parse_scale_set(document))
        for name, fact in OWN_FACTS.items():
            assert fact.meaning, name
            value = fact.read(scale_set, criteria)
            assert value is None or is_of(value, fact.kind), name
            assert any(fact.kind in operator.kinds for operator in OPERATORS.values())


CASES = f"""{RULE}
[[rule.case]]
case = "ten percent"
facts = {{ application = "shop", max_batch_instance_percent = 10 }}
outcome = "passed"

[[rule.case]]
case = "more"
facts = {{ application = "shop", max_batch_instance_percent = 11 }}
outcome = "failed"
"""


def test_rules_test_runs_the_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 when all are as they should be; 1 and each that is not; a rule needs a case that passes and one that fails."""
    file = tmp_path / "shop.toml"
    file.write_text(CASES)
    assert main(["rules", "test", str(file)]) == 0
    assert "1 rule, 2 cases: all as they should be." in capsys.readouterr().out
    file.write_text(CASES.replace("= 11", "= 9"))
    assert main(["rules", "test", str(tmp_path)]) == 1
    assert "SHOP-001, case 'more': passed, and failed is expected." in capsys.readouterr().out
    file.write_text(RULE)
    assert main(["rules", "test", str(tmp_path)]) == 1
    assert "no case with the outcome failed" in capsys.readouterr().out
    file.write_text("")
    assert main(["rules", "test", str(tmp_path)]) == 2


def test_rules_and_explain_show_own_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside those of the catalogue."""
    (tmp_path / "shop.toml").write_text(RULE)
    assert main(["rules", "--rules", str(tmp_path)]) == 0
    assert "SHOP-001" in capsys.readouterr().out
    assert main(["explain", "shop-001", "--rules", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for text in ("drains slowly", "module shop-vmss", "https://wiki.shop.example/upgrades", "  application\n"):
        assert text in said
    (tmp_path / "shop.toml").write_text(RULE.replace('references = ["https://wiki.shop.example/upgrades"]', ""))
    assert main(["explain", "shop-001", "--rules", str(tmp_path)]) == 0
    assert "See" not in capsys.readouterr().out, "there is nothing to see"


def test_the_page_shows_a_rule_that_works() -> None:
    """What a reader copies from docs/own-rules.md is read, and its cases are as they should be."""
    text = (Path(__file__).parents[2] / "docs" / "own-rules.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```toml\n")[1:]]
    rules = parse_own_rules({f"block {number}": block for number, block in enumerate(blocks)})
    assert [len(rule.cases) for rule in rules] == [2, 3]
    for rule in rules:
        for case in rule.cases:
            assert answer(rule, case.facts.get).outcome is case.outcome, case.name
