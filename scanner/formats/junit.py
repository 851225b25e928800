"""JUnit XML: a suite for each scale set, a case for each rule.

Failed is a failure, unknown an error, exempt and not applicable are skipped.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from scanner.formats.results import Result, Results, exemption_sentence
from scanner.rules.verdict import Outcome

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold. https://www.w3.org/TR/xml/#charsets."""


_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


def junit(results: Results) -> str:
    """Write every answer; what could not be read is a case of its own, and an error."""
    ordered = sorted(results.answers, key=lambda item: (item.place.address, item.rule_id))
    suites = [
        _suite(address, list(answers)) for address, answers in groupby(ordered, key=lambda item: item.place.address)
    ]
    suites += _reading(results.problems)
    root = Element("testsuites", name="vmss-posture")
    root.extend(suites)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    indent(root)
    return f"{_HEADER}{tostring(root, encoding='unicode')}\n"


def junit_parts(suites: Iterable[tuple[str, list[Result]]], problems: Iterable[str]) -> Iterator[str]:
    """Write the same suite by suite, by address; without the sums of all, which nobody knows before the end.

    ``problems`` are asked for at the end.
    """
    yield f'{_HEADER}<testsuites name="vmss-posture">\n'
    for address, answers in suites:
        yield _indented(_suite(address, answers))
    for suite in _reading(problems):
        yield _indented(suite)
    yield "</testsuites>\n"


def _indented(suite: Element) -> str:
    indent(suite, level=1)
    return f"  {tostring(suite, encoding='unicode').rstrip()}\n"


def _reading(problems: Iterable[str]) -> list[Element]:
    suite = Element("testsuite", name="reading")
    for problem in problems:
        case = SubElement(suite, "testcase", classname="reading", name=_text(problem)[:200])
        SubElement(case, "error", message=_text(problem), type="unreadable")
    return [_counted(suite)] if len(suite) else []


def _counted(suite: Element) -> Element:
    for name, kinds in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{kinds}"))))
    suite.set("tests", str(len(suite)))
    return suite


def _suite(address: str, answers: list[Result]) -> Element:
    suite = Element("testsuite", name=_text(address))
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
    return _counted(suite)


def _details(answer: Result) -> str:
    place = answer.place
    where = f"{place.file}:{place.line}" if place.file and place.line else place.file
    return "\n".join([line for line in (where, answer.reason, answer.remediation) if line])


def _text(value: str) -> str:
    return _NOT_XML.sub("\ufffd", value)
