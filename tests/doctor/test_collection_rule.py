"""The collection rule from stream to table and workspace: what would keep rows or columns from it."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from scanner.doctor.collection_rule import differences
from tests.doctor.conftest import rule_properties

EVENTS = "Custom-VmssPostureEvents"


def _flows(properties: dict[str, Any]) -> Any:
    return properties["dataFlows"]


def _set(name: str, value: object, *, flow: int = 0) -> Callable[[dict[str, Any]], object]:
    return lambda properties: _flows(properties)[flow].update({name: value})


def _put(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda properties: properties.update({name: value})


def test_the_rule_as_it_is_deployed_differs_in_nothing() -> None:
    """Streams, flows, destinations and transformations of infra/ingestion.bicep."""
    assert list(differences(rule_properties())) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(_put("dataFlows", []), f"no data flow.*{EVENTS}$", id="no flows"),
        pytest.param(_put("dataFlows", None), "no data flow", id="flows that are null"),
        pytest.param(_put("dataFlows", {"a": 1}), "no data flow", id="flows of another form"),
        pytest.param(_put("dataFlows", [5, None]), "no data flow", id="flows that are none"),
        pytest.param(lambda p: _flows(p).pop(0), f"no data flow.*{EVENTS}$", id="one flow is missing"),
        pytest.param(_set("streams", ["Custom-Other"]), f"no data flow.*{EVENTS}$", id="a flow of another stream"),
        pytest.param(_set("streams", "Custom-VmssPostureEvents"), "no data flow", id="a stream that is text"),
        pytest.param(_set("outputStream", "Custom-Other_CL"), "leads to Custom-Other_CL, not to Custom-VmssPostureEvents_CL", id="another table"),
        pytest.param(lambda p: _flows(p)[0].pop("outputStream"), "leads to None", id="no table"),
        pytest.param(_set("destinations", []), "no Log Analytics workspace", id="no destination"),
        pytest.param(_set("destinations", ["elsewhere"]), "no Log Analytics workspace", id="a destination that is not declared"),
        pytest.param(_put("destinations", {}), "no Log Analytics workspace", id="no destinations"),
        pytest.param(_put("destinations", {"logAnalytics": [{"name": "workspace"}]}), "no Log Analytics workspace", id="a destination without a workspace"),
        pytest.param(_put("destinations", {"eventHubs": [{"name": "workspace"}]}), "no Log Analytics workspace", id="an event hub"),
        pytest.param(_set("transformKql", "source | where false"), "not 'source'", id="a transformation that drops everything"),
        pytest.param(_set("transformKql", "source | project TimeGenerated"), "not 'source'", id="a transformation that drops columns"),
        pytest.param(lambda p: p["streamDeclarations"].pop(EVENTS), f"no stream {EVENTS}", id="no stream"),
        pytest.param(lambda p: p["streamDeclarations"][EVENTS]["columns"].pop(), "VmssPostureEvents_CL lacks", id="a column is missing"),
        pytest.param(lambda p: p["streamDeclarations"][EVENTS]["columns"][0].update(type="int"), "is int, not", id="a column of another type"),
    ],
)  # fmt: skip
def test_what_keeps_rows_from_their_table_is_named(change: Callable[[dict[str, Any]], object], found: str) -> None:
    """Azure answers 204 all the same, and drops them without a word."""
    properties = rule_properties()
    change(properties)
    said = list(differences(properties))
    assert said
    assert re.search(found, said[0])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_set("transformKql", None), id="no transformation"),
        pytest.param(_set("transformKql", " source "), id="blanks"),
        pytest.param(_set("streams", ["custom-vmsspostureevents", "Custom-Other"]), id="capitals, and another stream"),
        pytest.param(
            lambda p: _flows(p).append({"streams": [EVENTS], "destinations": ["x"]}), id="a second flow elsewhere"
        ),
        pytest.param(
            lambda p: _flows(p).insert(0, {"streams": [EVENTS], "destinations": ["x"]}), id="a first flow elsewhere"
        ),
        pytest.param(
            lambda p: p["streamDeclarations"][EVENTS]["columns"].append({"name": "More", "type": "int"}),
            id="a column more",
        ),
    ],
)
def test_what_does_no_harm_is_not_named(change: Callable[[dict[str, Any]], object]) -> None:
    """What an operator added beside it is the operator's."""
    properties = rule_properties()
    change(properties)
    assert list(differences(properties)) == []
