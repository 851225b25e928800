"""SARIF 2.1.0, whole or as GitHub code scanning takes it.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html,
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from scanner.facts.evidence import JsonValue
from scanner.formats.results import (
    LEVELS,
    Place,
    Result,
    Results,
    RuleText,
    exemption_sentence,
    rule_texts,
    worst_first,
)
from scanner.formats.strict_json import strict_json
from scanner.plain_text import plain
from scanner.rules.verdict import Outcome, Severity

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
GITHUB_RESULTS: Final = 25_000
"""Results of a run that GitHub takes; of these it keeps the 5,000 worst."""
_LOCATIONS: Final = 10_000
"""Places that are kept as text while they may come again."""
_KINDS: Final = {
    Outcome.PASSED: "pass",
    Outcome.FAILED: "fail",
    Outcome.UNKNOWN: "open",
    Outcome.NOT_APPLICABLE: "notApplicable",
}
_SECURITY_SEVERITY: Final = {Severity.HIGH: "7.5", Severity.MEDIUM: "5.5", Severity.LOW: "3.0"}
"""GitHub: 7.0 and above is high, 4.0 and above medium. A text, as GitHub asks for."""


def sarif(results: Results) -> Iterator[str]:
    """Write every answer: also what passed, is unknown, does not apply, or is exempt."""
    return _written(results, worst_first(results.answers), ())


def sarif_for_github(results: Results) -> Iterator[str]:
    """Write the open findings only, within GitHub's limits: the worst are kept, and what is left out is said."""
    found = worst_first(results.open)
    left_out = len(found) - GITHUB_RESULTS
    said = (
        (f"{left_out} findings of lower severity are left out: GitHub takes {GITHUB_RESULTS}.",) if left_out > 0 else ()
    )
    return _written(results, found[:GITHUB_RESULTS], said)


def sarif_parts(results: Results, answers: Iterable[Result]) -> Iterator[str]:
    """Write answers in the order in which they come; problems and notes are asked for at the end."""
    return _written(results, answers, ())


def _written(results: Results, answers: Iterable[Result], more_notes: Sequence[str]) -> Iterator[str]:
    """Write in parts, one result a line: every answer about a large fleet is hundreds of megabytes."""
    rules = rule_texts(results.own_rules)
    places = {rule.id: index for index, rule in enumerate(rules)}
    run: dict[str, JsonValue] = {
        "tool": {
            "driver": {
                "name": "vmss-posture",
                "version": results.version,
                "semanticVersion": results.version,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": "vmss-posture/"},
        "columnKind": "unicodeCodePoints",
    }
    head = strict_json(run).removesuffix("}")
    yield f'{{"$schema": {strict_json(SCHEMA)}, "version": "2.1.0", "runs": [\n{head}, "results": ['
    locations: dict[Place, str] = {}
    for index, answer in enumerate(answers):
        if answer.place not in locations:
            if len(locations) == _LOCATIONS:
                locations.clear()
            locations[answer.place] = strict_json(_location(answer.place))
        written = strict_json(_result(answer, places)).removesuffix("}")
        yield f'{",\n" if index else "\n"}{written}, "locations": [{locations[answer.place]}]}}'
    yield f'\n], "invocations": [{strict_json(_invocation(results, more_notes))}]}}]}}\n'


def _more(rule: RuleText) -> str:
    """Link the page; of the operator's own rules it is theirs."""
    if not rule.page:
        return ""
    is_microsoft = rule.page.startswith("https://learn.microsoft.com/")
    return f"\n\n[{"Microsoft's page" if is_microsoft else 'More'}]({rule.page})"


def _rule(rule: RuleText) -> JsonValue:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.rationale},
        "help": {
            "text": f"{rule.title} {rule.rationale} {rule.page}".rstrip(),
            "markdown": f"**{rule.title}**\n\n{rule.rationale}{_more(rule)}",
        },
        **({"helpUri": rule.page} if rule.page else {}),
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": ["azure", "vmss", "upgrade-posture"],
            "security-severity": _SECURITY_SEVERITY[rule.severity],
            "problem.severity": {"note": "recommendation"}.get(LEVELS[rule.severity], LEVELS[rule.severity]),
            "precision": "very-high",
        },
    }


def _invocation(results: Results, more_notes: Sequence[str]) -> JsonValue:
    said = [("error", text) for text in results.problems] + [("note", text) for text in (*results.notes, *more_notes)]
    notifications: list[JsonValue] = [{"level": level, "message": {"text": plain(text, 1_000)}} for level, text in said]
    return {"executionSuccessful": not results.problems, "toolExecutionNotifications": notifications}


def _result(answer: Result, places: Mapping[str, int]) -> JsonValue:
    failed = answer.outcome is Outcome.FAILED
    written: dict[str, JsonValue] = {
        "ruleId": answer.rule_id,
        "ruleIndex": places.get(answer.rule_id, -1),
        "kind": _KINDS[answer.outcome],
        "level": LEVELS[answer.severity] if failed else "none",
        "message": {"text": plain(_message(answer), 4_000)},
        "partialFingerprints": {
            # GitHub's own name, so that it does not make one of the line, which moves.
            "primaryLocationLineHash": f"{answer.fingerprint}:1",
            "vmssPosture/v1": answer.fingerprint,
        },
        "properties": {
            "outcome": answer.outcome.value,
            "severity": answer.severity.value,
            "evidence": list(answer.evidence),
        },
    }
    if answer.is_new is not None:
        written["baselineState"] = "new" if answer.is_new else "unchanged"
    if failed and answer.exemption is not None:
        written["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": exemption_sentence(answer.exemption)}
        ]
    return written


def _message(answer: Result) -> str:
    return f"{answer.reason} ({answer.place.address})" + (f" {answer.remediation}" if answer.remediation else "")


def _location(place: Place) -> JsonValue:
    physical: dict[str, JsonValue] = {"artifactLocation": {"uri": _uri(place.file)}}
    physical["region"] = {"startLine": place.line or 1}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": plain(place.address, 1_000), "kind": "resource"}],
    }


def _uri(file: str) -> str:
    """Write a path as a relative reference; one with a leading slash is a file of this machine."""
    written = quote(file or "stdin", safe="/-._~")
    return f"file://{written}" if written.startswith("/") else written
