"""Scale sets found in whatever somebody exported."""

from typing import Any

import pytest

from scanner.reading.documents import IncompleteExportError, scale_sets_in

TYPE = "Microsoft.Compute/virtualMachineScaleSets"
A: dict[str, Any] = {"id": "/a", "type": TYPE, "properties": {}}
B: dict[str, Any] = {"id": "/b", "type": TYPE.lower()}
DISK = {"id": "/d", "type": "Microsoft.Compute/disks"}
BARE = {"id": "/c"}
TABLE = {"columns": [{"name": "id", "type": "string"}, {"name": "type", "type": "string"}], "rows": [["/b", B["type"]]]}

DOCUMENTS: dict[str, tuple[object, list[object]]] = {
    "one scale set": (A, [A]),
    "a list": ([A, B], [A, B]),
    "an empty list": ([], []),
    "null": (None, []),
    "an answer of ARM": ({"value": [A, B], "nextLink": None}, [A, B]),
    "an answer of Resource Graph": ({"totalRecords": 2, "count": 2, "data": [B, A]}, [B, A]),
    "a table of Resource Graph": ({"data": TABLE}, [B]),
    "the table alone": (TABLE, [B]),
    "az graph query": ({"count": 1, "data": [A], "skip_token": None, "total_records": 1}, [A]),
    "Search-AzGraph": ({"SkipToken": None, "Data": [A, B]}, [A, B]),
    "several answers": ([{"value": [A]}, {"data": [B]}], [A, B]),
    "other resources": ([DISK, A, {"id": "/e", "type": TYPE + "/extensions"}], [A]),
    "a resource without a type": ([BARE], [BARE]),
    "a type that is no full name": ([{"id": "/x", "type": "vmss"}], [{"id": "/x", "type": "vmss"}]),
    "a type that is no text": ([{"id": "/x", "type": 7}], [{"id": "/x", "type": 7}]),
    "a scale set with a property called value": ([{**A, "value": []}], [{**A, "value": []}]),
    "what is no object": (["text", 7, A], ["text", 7, A]),
    "a row that does not fit the table": ({"data": {**TABLE, "rows": [["/b"]]}}, ["['/b']"]),
}


@pytest.mark.parametrize(("document", "expected"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_scale_sets_are_found_in_order(document: object, expected: list[object]) -> None:
    """Each known form gives its scale sets in order; only what is surely something else is passed over."""
    assert list(scale_sets_in(document)) == expected


def test_depth_is_no_danger() -> None:
    """A document nested thousands of times is walked to its end."""
    document: object = A
    for _ in range(50_000):
        document = [document]

    assert list(scale_sets_in(document)) == [A]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"value": [A], "nextLink": "https://x"}, id="ARM names a further page"),
        pytest.param({"data": [A], "$skipToken": "x"}, id="Resource Graph names a further page"),
        pytest.param({"data": [A], "skip_token": "x"}, id="az graph query names a further page"),
        pytest.param({"SkipToken": "x", "Data": [A]}, id="Search-AzGraph names a further page"),
        pytest.param({"data": [A], "resultTruncated": "true"}, id="truncated"),
        pytest.param({"data": [A], "totalRecords": 2}, id="fewer rows than counted"),
    ],
)
def test_an_export_that_is_not_whole_is_told_after_what_it_holds(answer: object) -> None:
    """What there is can be judged; that something is missing is an error all the same."""
    found: list[object] = []
    with pytest.raises(IncompleteExportError, match="incomplete"):
        found.extend(scale_sets_in(answer))
    assert found == [A]


def test_an_error_of_azure_is_no_scale_set() -> None:
    """Its code is told."""
    with pytest.raises(IncompleteExportError, match="AuthorizationFailed"):
        list(scale_sets_in({"error": {"code": "AuthorizationFailed", "message": "no"}}))
