"""What pipelines read line by line: every value is escaped, and the limits are kept."""

import json
import re
from typing import Any

import pytest

from scanner.formats.markdown import LARGEST, summary
from scanner.formats.pipelines import ANNOTATIONS, azure_devops_issues, github_annotations, gitlab_code_quality
from scanner.formats.results import Results
from scanner.rules.verdict import Outcome, Severity
from tests.formats.answers import EVERY, NASTY, answer


def only(item: Any) -> Results:
    """Make the results of one answer."""
    return Results(version="1", answers=[item], scale_sets=1)


GITHUB = [
    pytest.param("a%b", "a%25b", id="percent"),
    pytest.param("a\r\nb", r"a\u000d\u000ab", id="end of line"),
    pytest.param("::error::x", "::error::x", id="a command inside is text"),
    pytest.param("\x1b[31m", r"\u001b[31m", id="a terminal's command"),
]


@pytest.mark.parametrize(("text", "expected"), GITHUB)
def test_github_text_is_escaped(text: str, expected: str) -> None:
    """Nothing in a message ends its line or begins a command."""
    lines = github_annotations(only(answer(reason=text))).splitlines()
    assert lines[0].partition("::error ")[2].partition("::")[2].startswith(expected)
    assert len(lines) == 2


def test_github_properties_are_escaped() -> None:
    """File, line and title are properties: colons and commas would end them."""
    line = github_annotations(only(answer(file="a:b,c%.tf"))).splitlines()[0]
    assert line.startswith("::error file=a%3Ab%2Cc%25.tf,line=12,title=VMSS-001 automatic-os-upgrade-disabled::")


LEVELS = [
    pytest.param(Severity.HIGH, "error", "error", "critical", id="high"),
    pytest.param(Severity.MEDIUM, "warning", "warning", "major", id="medium"),
    pytest.param(Severity.LOW, "notice", "warning", "minor", id="low"),
]


@pytest.mark.parametrize(("severity", "github", "azure", "gitlab"), LEVELS)
def test_a_severity_has_its_word_everywhere(severity: Severity, github: str, azure: str, gitlab: str) -> None:
    """Each pipeline has its own words."""
    results = only(answer(severity=severity))
    assert github_annotations(results).startswith(f"::{github} ")
    assert azure_devops_issues(results).startswith(f"##vso[task.logissue type={azure};")
    assert json.loads(gitlab_code_quality(results))[0]["severity"] == gitlab


@pytest.mark.parametrize("item", [answer(exempt=True), answer(Outcome.UNKNOWN), answer(Outcome.PASSED)])
def test_only_open_findings_are_reported(item: Any) -> None:
    """What is exempt, unknown or passed is no annotation, no issue and no entry."""
    results = only(item)
    assert "::" not in github_annotations(results)
    assert "##vso" not in azure_devops_issues(results)
    assert json.loads(gitlab_code_quality(results)) == []


def test_annotations_are_the_worst() -> None:
    """GitHub shows ten of each level: they are the worst, and the rest is counted."""
    many = [answer(address=f"set-{index:03}") for index in range(ANNOTATIONS + 5)]
    text = github_annotations(Results(version="1", answers=many))
    assert text.count("::error ") == ANNOTATIONS
    assert "5 more findings" in text


AZURE = [
    pytest.param("a;b]c", "a;b]c", id="a message needs neither"),
    pytest.param("a%b", "a%AZP25b", id="percent"),
    pytest.param(
        "x ##vso[task.complete result=Succeeded]y", "x # #vso[task.complete result=Succeeded]y", id="a command"
    ),
    pytest.param("x ##[error]y", "x # #[error]y", id="a format"),
    pytest.param("a\nb", r"a\u000ab", id="end of line"),
]


@pytest.mark.parametrize(("text", "expected"), AZURE)
def test_azure_text_is_escaped(text: str, expected: str) -> None:
    """The agent looks for commands anywhere in a line; a value is none."""
    line = azure_devops_issues(only(answer(reason=text))).splitlines()[0]
    assert line.partition("]")[2].startswith(expected)
    assert line.count("##vso[") == 1


def test_azure_properties_are_escaped() -> None:
    """Semicolons and brackets would end a property."""
    line = azure_devops_issues(only(answer(file="a;b]c.tf"))).splitlines()[0]
    assert "sourcepath=a%3Bb%5Dc.tf;linenumber=12;code=VMSS-001;]" in line


def test_gitlab_has_what_it_asks_for() -> None:
    """Description, check, fingerprint, severity and place, for every open finding; fingerprints differ."""
    found = json.loads(gitlab_code_quality(EVERY))
    assert len(found) == len(EVERY.open)
    assert {frozenset(item) for item in found} == {
        frozenset({"description", "check_name", "fingerprint", "severity", "location"})
    }
    assert len({item["fingerprint"] for item in found}) == len(found)
    assert all(item["location"]["path"] and item["location"]["lines"]["begin"] >= 1 for item in found)


MARKDOWN = [
    pytest.param("a|b", r"a\|b", id="end of a cell"),
    pytest.param("<script>alert(1)</script>", r"&lt;script&gt;alert\(1\)&lt;/script&gt;", id="HTML"),
    pytest.param("![x](http://evil)", r"\!\[x\]\(http\:", id="a picture"),
    pytest.param("@everyone #1", r"\@everyone \#1", id="a mention"),
    pytest.param("`code` *bold* _it_", r"\`code\` \*bold\* \_it\_", id="marks"),
    pytest.param("&amp;", "&amp;amp;", id="an entity"),
    pytest.param("a\n\n# Title", r"a\\u000a\\u000a\# Title", id="a heading"),
]


@pytest.mark.parametrize(("text", "expected"), MARKDOWN)
def test_markdown_shows_values_as_they_are(text: str, expected: str) -> None:
    """A name or a reason makes no HTML, no link and no new cell."""
    assert expected in summary(only(answer(reason=text)))


def test_the_summary_has_its_parts_and_its_limit() -> None:
    """Counts, findings, exemptions, changes and problems; never more than a step may write."""
    text = summary(EVERY)
    for part in ("open findings", "Exempt until", "What the change does", "Not read", "Note:"):
        assert part in text
    assert NASTY not in text
    rows = [line for line in text.splitlines() if line.startswith("| high")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
    many = [answer(address=f"{index}-{'ä' * 500}", reason="ö" * 600, exempt=index % 2 == 0) for index in range(3_000)]
    assert len(summary(Results(version="1", answers=many)).encode()) <= LARGEST
