"""JUnit XML: a suite for each scale set, a case for each rule.

Failed is a failure, unknown an error, exempt and not applicable are skipped.
"""

import re
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from scanner.formats.results import Result, Results, exemption_sentence
from scanner.rules.verdict import Outcome

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold. https://www.w3.org/TR/xml/#charsets."""


def junit(results: Results) -> str:
    """Write every answer; what could not be read is a case of its own, and an error."""
    root = Element("testsuites", name="vmss-posture")
    ordered = sorted(results.answers, key=lambda item: (item.place.address, item.rule_id))
    for address, answers in groupby(ordered, key=lambda item: item.place.address):
        _suite(root, address, list(answers))
    if results.problems:
        suite = SubElement(root, "testsuite", name="reading", tests="0", failures="0", errors="0", skipped="0")
        for problem in results.problems:
            case = SubElement(suite, "testcase", classname="reading", name=_text(problem)[:200])
            SubElement(case, "error", message=_text(problem), type="unreadable")
    for suite in root:
        for name, kinds in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(name, str(len(suite.findall(f"testcase/{kinds}"))))
        suite.set("tests", str(len(suite)))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, address: str, answers: list[Result]) -> None:
    suite = SubElement(root, "testsuite", name=_text(address))
    for answer in answers:
        case = SubElement(suite, "testcase", classname=_text(address), name=f"{answer.rule_id} {answer.rule_name}")
        if answer.outcome is Outcome.FAILED and answer.exemption is not None:
            SubElement(case, "skipped").text = _text(exemption_sentence(answer.exemption))
        elif answer.outcome is Outcome.FAILED:
            failure = SubElement(case, "failure", message=_text(answer.reason), type=answer.severity.value)
            failure.text = _text(_details(answer))
        elif answer.outcome is Outcome.UNKNOWN:
            SubElement(case, "error", message=_text(answer.reason), type="unknown")
        elif answer.outcome is Outcome.NOT_APPLICABLE:
            SubElement(case, "skipped").text = _text(answer.reason)


def _details(answer: Result) -> str:
    place = answer.place
    where = f"{place.file}:{place.line}" if place.file and place.line else place.file
    return "\n".join([line for line in (where, answer.reason, answer.remediation) if line])


def _text(value: str) -> str:
    return _NOT_XML.sub("\ufffd", value)
