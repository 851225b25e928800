"""Documents that are not scale sets as Azure reports them, and values that PowerShell cut, are recognised."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.reading.recognise import cut_paths, is_projection, recognise

SCHEMAS = "https://schema.management.azure.com/schemas"
KNOWN: dict[str, tuple[object, str | None]] = {
    "a plan": ({"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {}}, "a Terraform plan"),
    "a plan of changes only": ({"format_version": "1.2", "resource_changes": []}, "a Terraform plan"),
    "a state, as shown": ({"format_version": "1.0", "terraform_version": "1.9.0", "values": {}}, "a Terraform state"),
    "a state, as stored": ({"version": 4, "terraform_version": "1.9.0", "lineage": "x"}, "a Terraform state"),
    "a template": ({"$schema": f"{SCHEMAS}/2019-04-01/deploymentTemplate.json#"}, "an ARM template"),
    "parameters": (
        {"$schema": f"{SCHEMAS}/2019-04-01/deploymentParameters.json#"},
        "the parameters of an ARM template",
    ),
    "a what-if": ({"changes": [{"changeType": "Modify"}]}, "the result of a what-if deployment"),
    "a what-if of ARM": ({"properties": {"changes": [{"changeType": "Create"}]}}, "the result of a what-if deployment"),
    "SARIF": ({"version": "2.1.0", "runs": []}, "a SARIF report"),
    "our own report": ({"schema_version": 1, "judged_by": {}}, "a report of vmss-posture"),
    "Get-AzVmss": ({"Name": "web", "VirtualMachineProfile": {}}, "an answer of Get-AzVmss in PowerShell"),
    "a scale set": ({"id": "/a", "properties": {"upgradePolicy": {}}}, None),
    "a scale set of the CLI": ({"id": "/a", "upgradePolicy": {}}, None),
    "another schema": ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, None),
    "changes of something else": ({"changes": [{"kind": "x"}]}, None),
    "no object": ([], None),
}


@pytest.mark.parametrize(("document", "name"), KNOWN.values(), ids=KNOWN.keys())
def test_a_kind_is_named(document: object, name: str | None) -> None:
    """Each with what to do instead; what may be a scale set has no name."""
    known = recognise(document)
    assert (None if known is None else known.name) == name
    assert known is None or known.advice.strip()


@pytest.mark.parametrize(
    ("row", "paths"),
    [
        pytest.param({"tags": "@{a=1}"}, ["tags"], id="tags as one text"),
        pytest.param({"properties": {"a": [{"b": "@{c=}"}]}}, ["properties.a[0].b"], id="deep in a list"),
        pytest.param({"sku": "System.Collections.Hashtable", "zones": "System.Object[]"}, ["sku", "zones"], id="types"),
        pytest.param({"p": "Microsoft.Azure.Management.Compute.Models.Sku"}, ["p"], id="a type of the module"),
        pytest.param({"tags": {"a": "@{x}"}, "settings": {"b": "System.Object[]"}}, [], id="a person's own texts"),
        pytest.param({"publisher": "Microsoft.Azure.Monitor", "t": "System", "m": "@me"}, [], id="texts of Azure"),
        pytest.param("@{a=1}", [""], id="the whole row"),
    ],
)
def test_what_powershell_cut_is_found(row: Any, paths: list[str]) -> None:
    """By the path of each value that became text."""
    assert list(cut_paths(row)) == paths


@pytest.mark.parametrize(
    ("row", "expected"),
    [({"name": "web"}, True), ({"id": "/a"}, False), ({"upgradePolicy": {}}, False), ({"id": None, "mode": 1}, True)],
)
def test_chosen_columns_are_told_from_a_template(row: dict[str, Any], *, expected: bool) -> None:
    """A template leaves the id out and has a model."""
    assert is_projection(row) is expected


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_ANY)
def test_no_document_is_too_strange(document: Any) -> None:
    """Whatever it holds, it is answered."""
    recognise(document)
    assert all(isinstance(path, str) for path in cut_paths(document))
