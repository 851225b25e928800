"""Exports opened by other people's readers: what they find is what was written."""

import io
import json
from collections import Counter

import pytest
from junitparser import JUnitXml
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from pydantic import ValidationError
from sarif_pydantic import Sarif

from scanner.formats.known_results import junit_stream, sarif_stream
from scanner.formats.ocsf import ocsf_lines
from scanner.formats.strict_json import strict_json
from scanner.overview.scale_set import KnownScaleSet
from scanner.plain_text import plain
from scanner.rules.verdict import Outcome
from tests.formats.test_exports import CONTROLS, fleet
from tests.overview.fleets import AT


@pytest.fixture(scope="module")
def items() -> tuple[KnownScaleSet, ...]:
    """Make the small story and scale sets with hostile names."""
    return tuple(fleet())


def outcomes(items: tuple[KnownScaleSet, ...]) -> Counter[str]:
    """Count the answers, exempt ones apart."""
    found: Counter[str] = Counter()
    for item in items:
        known = {finding.rule_id: finding for finding in item.findings}
        for rule_id, outcome in {**item.outcomes, **dict.fromkeys(known, "failed")}.items():
            finding = known.get(rule_id)
            found["exempt" if finding is not None and finding.exemption is not None else str(outcome)] += 1
    return found


def test_a_lake_reads_every_finding(items: tuple[KnownScaleSet, ...]) -> None:
    """As the model of Compliance Finding that scanners of clouds use; it refuses a line that is not one."""
    lines = list(ocsf_lines(items, AT, "1.2.3", CONTROLS))
    read = [ComplianceFinding.model_validate_json(line) for line in lines]
    counted = Counter("exempt" if event.status == "Suppressed" else event.compliance.status_id for event in read)
    expected = outcomes(items)
    assert counted == {
        1: expected["passed"],
        2: expected["unknown"],
        3: expected["failed"],
        "exempt": expected["exempt"],
    }
    names = {plain(item.name, 200) for item in items if {"passed", "failed", "unknown"} & {*item.outcomes.values()}}
    assert {event.resources[0].name for event in read if event.resources} == names
    labels = {label for event in read for each in event.resources or () for label in each.labels or ()}
    assert {f"owner:{plain(item.owner, 200)}" for item in items if item.owner} <= labels
    with pytest.raises(ValidationError):
        ComplianceFinding.model_validate_json(lines[0].replace('"severity_id"', '"severity_number"'))


def test_code_scanning_reads_every_result(items: tuple[KnownScaleSet, ...]) -> None:
    """By kind and rule, as a reader of SARIF has them."""
    log = Sarif.model_validate_json("".join(sarif_stream(items, "1.2.3", [])))
    (run,) = log.runs
    kinds = Counter(str(result.kind) for result in run.results or ())
    expected = outcomes(items)
    assert kinds == {
        "pass": expected["passed"],
        "open": expected["unknown"],
        "fail": expected["failed"] + expected["exempt"],
        "notApplicable": expected["not_applicable"],
    }
    rules = {rule.id for rule in run.tool.driver.rules or ()}
    assert {result.rule_id for result in run.results or ()} <= rules


def test_half_a_character_is_no_reason_to_refuse_a_document() -> None:
    """Wherever it stands; whole ones stay, also beyond the first plane, and a backslash that only looks like one."""
    value = {"a\ud800": ["\U0001f600", "\udc00b", "\\ud800", 1.5, None], "b": "x"}
    for indent in (None, 2):
        text = strict_json(value, indent=indent)
        assert text.isascii()
        assert json.loads(text) == {"a?": ["\U0001f600", "?b", "\\ud800", 1.5, None], "b": "x"}
    assert strict_json({"b": "x"}) == '{"b": "x"}'


def test_a_test_report_is_read(items: tuple[KnownScaleSet, ...]) -> None:
    """With the counts that stand in it, which are those of its cases."""
    text = "".join(junit_stream(items, []))
    report = JUnitXml.fromfile(io.BytesIO(text.encode()))
    expected = outcomes(items)
    assert (report.failures, report.errors) == (expected["failed"], expected["unknown"])
    assert report.skipped == expected["not_applicable"] + expected["exempt"]
    assert report.tests == sum(1 for suite in report for _ in suite) == sum(expected.values())
    assert set(expected) == {*Outcome, "exempt"}, "the story has every outcome"
