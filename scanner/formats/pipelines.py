"""Lines and files that pipelines read: GitHub annotations, Azure DevOps issues, GitLab Code Quality.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions,
https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands,
https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

import re
from typing import Final

from scanner.facts.evidence import JsonValue
from scanner.formats.results import LEVELS, Result, Results, worst_first
from scanner.formats.strict_json import strict_json
from scanner.plain_text import plain
from scanner.rules.verdict import Outcome, Severity

ANNOTATIONS: Final = 10
"""Annotations of each level that GitHub shows of a step."""
_GITHUB_LEVELS: Final = {"error": "error", "warning": "warning", "note": "notice"}
_GITLAB_SEVERITIES: Final = {Severity.HIGH: "critical", Severity.MEDIUM: "major", Severity.LOW: "minor"}
_COMMAND: Final = re.compile(r"##(?=vso\[|\[)")


def github_annotations(results: Results) -> str:
    """Write the open findings as annotations, the worst of each level, and how many there are beyond."""
    lines: list[str] = []
    shown = dict.fromkeys(_GITHUB_LEVELS.values(), 0)
    left_out = 0
    for answer in worst_first(results.open):
        level = _GITHUB_LEVELS[LEVELS[answer.severity]]
        if shown[level] == ANNOTATIONS:
            left_out += 1
            continue
        shown[level] += 1
        place = answer.place
        where = f"file={_github_property(place.file)},line={place.line or 1}," if place.file else ""
        title = _github_property(f"{answer.rule_id} {answer.rule_name}")
        lines.append(f"::{level} {where}title={title}::{_github_text(_message(answer))}")
    lines += [f"::error title=vmss-posture::{_github_text(plain(problem, 1_000))}" for problem in results.problems]
    if left_out:
        lines.append(f"{left_out} more findings are not annotated: GitHub shows {ANNOTATIONS} of each level.")
    lines.append(_tally(results))
    return "\n".join(lines) + "\n"


def _message(answer: Result) -> str:
    text = f"{answer.reason} ({answer.place.address})" + (f" {answer.remediation}" if answer.remediation else "")
    return plain(text, 2_000)


def _github_text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_text(text).replace(":", "%3A").replace(",", "%2C")


def azure_devops_issues(results: Results) -> str:
    """Write the open findings as issues of the pipeline run."""
    lines: list[str] = []
    for answer in worst_first(results.open):
        level = "error" if answer.severity is Severity.HIGH else "warning"
        place = answer.place
        where = f"sourcepath={_azure_property(place.file)};linenumber={place.line or 1};" if place.file else ""
        lines.append(f"##vso[task.logissue type={level};{where}code={answer.rule_id};]{_azure_text(_message(answer))}")
    lines += [f"##vso[task.logissue type=error;]{_azure_text(plain(problem, 1_000))}" for problem in results.problems]
    lines.append(_tally(results))
    return "\n".join(lines) + "\n"


def _azure_text(text: str) -> str:
    escaped = text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")
    return _COMMAND.sub("# #", escaped)  # the agent looks for commands anywhere in a line


def _azure_property(text: str) -> str:
    return _azure_text(text).replace(";", "%3B").replace("]", "%5D")


def gitlab_code_quality(results: Results) -> str:
    """Write the open findings as GitLab's Code Quality report."""
    found: list[JsonValue] = [
        {
            "description": plain(f"{answer.rule_id}: {_message(answer)}", 2_000),
            "check_name": f"{answer.rule_id} {answer.rule_name}",
            "fingerprint": answer.fingerprint,
            "severity": _GITLAB_SEVERITIES[answer.severity],
            "location": {"path": answer.place.file or "stdin", "lines": {"begin": answer.place.line or 1}},
        }
        for answer in worst_first(results.open)
    ]
    return strict_json(found, indent=1) + "\n"


def _tally(results: Results) -> str:
    unknown = results.count(Outcome.UNKNOWN)
    return (
        f"{results.scale_sets} scale sets: {len(results.open)} open findings, {len(results.exempt)} exempt, {unknown}"
        " answers unknown."
    )
